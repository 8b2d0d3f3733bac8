"""How the demo looks on a person's terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from podid.cli.printer import say

if TYPE_CHECKING:
    from podid.local.demo.play import Played
    from podid.local.demo.script import Line, Step
    from podid.local.demo.telling import Heard

_BOLD, _DIM, _GREEN, _CYAN, _END = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[36m", "\x1b[0m"


def _styled(style: str, text: str) -> str:
    """Colours for a terminal that can show them, and only there (https://no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"{style}{text}{_END}"


class Terminal:
    """An `Audience` (podid.local.demo.telling) that reads along."""

    def __init__(self, *, step: bool, timing: bool) -> None:
        self._wait_between = step
        self._timing = timing
        self._first = True
        self._told_waiting = False

    def step(self, step: Step) -> None:
        if self._wait_between and not self._first:
            sys.stdout.write(_styled(_DIM, "\n-- press Enter for the next step "))
            sys.stdout.flush()
            sys.stdin.readline()
        self._first = False
        say(f"\n{_styled(_BOLD, '== ' + step.title)}")

    def typed(self, line: Line) -> None:
        say(f"\n{_styled(_GREEN, '$')} {_styled(_BOLD, line.command)}")

    def waiting(self, seconds: float) -> None:
        if sys.stdout.isatty():
            sys.stdout.write(f"\r{_styled(_DIM, f'  ... {seconds:.0f} s')}")
            sys.stdout.flush()
            self._told_waiting = True

    def heard(self, heard: Heard) -> None:
        if self._told_waiting:
            sys.stdout.write("\r\x1b[K")
            self._told_waiting = False
        if heard.output:
            say(heard.output)
        for text in (heard.says, *heard.inside):
            say(_styled(_CYAN, f"  > {text}"))
        if self._timing:
            say(_styled(_DIM, f"  {heard.seconds:.2f} s, of which the tool's own start {heard.tool_seconds:.2f} s"))

    @staticmethod
    def farewell(played: Played, *, timing: bool) -> None:
        say()
        if timing:
            say(
                f"{played.seconds:.1f} s in all: {played.tool_seconds:.1f} s the start of aws and kubectl, "
                f"{played.own_seconds:.1f} s podid's own (of which starting and stopping {played.start_seconds + played.stop_seconds:.1f} s)."
            )
        for text in played.farewell:
            say(text)
