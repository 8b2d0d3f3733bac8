"""The way into a helper process: `python -I -S launch.py WHAT ...`. Neither site nor the user's variables are read, so it starts in 20 ms."""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH100

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.abspath(__file__).rsplit("/podid/", 1)[0])


def main(what: str, *arguments: str) -> None:
    if what == "start-node":
        from podid.localcluster.isolation.namespaces import node_process

        node_process.start(arguments[0], arguments[1], os.path.abspath(__file__))
    elif what == "node":
        from podid.localcluster.isolation.namespaces import node_process

        node_process.main(arguments[0], arguments[1], int(arguments[2]))
    elif what == "trial":
        from podid.localcluster.isolation.namespaces import trial

        trial.main(arguments[0])
    else:
        sys.exit(f"launch.py: no {what}")


if __name__ == "__main__":
    main(*sys.argv[1:])
