"""The way into a helper process: `python -I -S launch.py WHAT ...`. Neither site nor the user's variables are read, so it starts in 20 ms."""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH100

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.abspath(__file__).rsplit("/podid/", 1)[0])


def main(what: str, *arguments: str) -> None:
    if what.startswith("start-"):
        # some event loops leave copies of their pipes in a child: whoever waits for their end would wait for the node's
        os.closerange(3, 65536)
    if what == "start-node":
        from podid.localcluster.isolation.namespaces import node_process

        node_process.start(arguments[0], arguments[1], os.path.abspath(__file__))
    elif what == "node":
        from podid.localcluster.isolation.namespaces import node_process

        node_process.main(arguments[0], arguments[1], int(arguments[2]))
    elif what == "start-process-node":
        from podid.localcluster.isolation.process import node_process as process_node

        process_node.start(arguments[0], os.path.abspath(__file__))
    elif what == "process-node":
        from podid.localcluster.isolation.process import node_process as process_node

        process_node.main(arguments[0], int(arguments[1]))
    elif what == "trial":
        from podid.localcluster.isolation.namespaces import trial

        trial.main(arguments[0])
    else:
        sys.exit(f"launch.py: no {what}")


if __name__ == "__main__":
    main(*sys.argv[1:])
