"""The command `podid`: finds the command named, and turns failures into an exit code and two lines on standard error.

Exit codes: 0 done; 1 it was done and the answer is no; 2 wrong usage; 3 the environment forbids it.

The agent and IMDS run on nodes in small memory, and a person waits for the parts of local mode: these commands are taken before anything
of the rest is imported.
"""

from __future__ import annotations

import sys

LEAN = ("agent", "imds", "part")


def main() -> int:
    """Run the command line of this process."""
    try:
        if len(sys.argv) > 1 and sys.argv[1] in LEAN:
            return _lean(sys.argv[1], sys.argv[2:])
        from podid.cli import people

        return people.run()
    except KeyboardInterrupt:  # also while modules are still being imported
        return 130


def _lean(name: str, arguments: list[str]) -> int:
    if name == "agent":
        from podid.cli import agent

        return agent.main(arguments)
    if name == "part":
        from podid.cli import part

        return part.main(arguments)
    from podid.cli import imds

    return imds.main(arguments)
