"""Reads from podid's own logs what was decided while a command ran, so that the demo tells facts and not what should have happened."""

from __future__ import annotations

from podid.local.demo.script import Question
from podid.local.home import Home


class Facts:
    """`mark()` before a command, `answer()` after it."""

    def __init__(self, home: Home, *, measuring_seconds: float = 0.0) -> None:
        self._home = home
        self.measuring_seconds = measuring_seconds
        """What was spent on measuring how long tools take to start: not the walk's own time."""

    def mark(self) -> int:
        """A place in the log: what is written from now on."""
        try:
            return self._home.log_of("serve").stat().st_size
        except OSError:
            return 0

    def answer(self, asks: Question, *, since: int, output: str) -> tuple[str, ...]:
        return ()
