"""Code that must not wait, and how it is told that it would.

A request that only computes is answered where it is read, on the event loop, with no thread in between. Some of these come upon something to
wait for after all: a cluster to be asked, a key set to be fetched, a writer's turn. Whatever is about to wait says so first; where waiting is
forbidden that raises WouldWait, and the request is taken up again by a thread that may.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class WouldWait(BaseException):
    """There is something to wait for. Not an Exception: no handler of errors on the way is to take it for one."""


class _Rule(threading.local):
    forbidden = False


_rule = _Rule()


def about_to_wait() -> None:
    """To be called before anything that may take longer than computing does. Raises WouldWait where that is forbidden."""
    if _rule.forbidden:
        raise WouldWait


def without_waiting(action: Callable[[], Result]) -> Result:
    """What `action` gives, if this thread need not wait for it. Raises WouldWait; then it has changed nothing that counts."""
    _rule.forbidden = True
    try:
        return action()
    finally:
        _rule.forbidden = False
