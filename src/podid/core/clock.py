"""The one type through which time enters podid.

Rules never ask for the time: they take `now`. Only the edge of a process holds a `Clock`, and only tests hold one that jumps.
Nothing moves the clock of a running installation: turning it back would revive tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the current instant, aware, in UTC."""


def system_clock() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)
