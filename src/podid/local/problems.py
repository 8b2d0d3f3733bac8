"""What can stand in the way of local mode, in words for the person who typed the command: one line of what, one line of what to do."""

from __future__ import annotations

from typing import ClassVar


class LocalProblem(Exception):
    """A failure with a way out. `exit_code` follows the command line's contract: 1 the answer is no, 2 wrong usage, 3 the environment forbids it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(what)
        self.what = what
        self.way_out = way_out


class WrongUsage(LocalProblem):
    exit_code = 2


class Forbidden(LocalProblem):
    """The machine does not allow it: a folder that cannot be written, a port in use, a kernel without namespaces."""

    exit_code = 3


class NotUp(LocalProblem):
    """The command needs a running installation, and none runs in this home."""

    def __init__(self, home: object) -> None:
        super().__init__(f"podid is not running in {home}", "start it with: podid up --detach")


class AlreadyUp(LocalProblem):
    """Another supervisor holds this home."""

    def __init__(self, home: object, pid: int) -> None:
        super().__init__(
            f"podid already runs in {home} (process {pid})", "look at it with: podid status; stop it with: podid down"
        )
        self.pid = pid
