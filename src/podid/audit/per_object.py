"""What is made of a value once, and used as long as the value is the same object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


class PerObject(Generic[Given, Made]):
    """Callers and plain decisions are one object as long as nothing changes, so most requests find what the one before them made.

    What is kept holds its object, so no other object can come to have the same id. Safe to share between threads.
    """

    def __init__(self, make: Callable[[Given], Made], *, most: int = 1024) -> None:
        """`make` is pure; at `most` objects all are forgotten."""
        self._make = make
        self._most = most
        self._known: dict[int, tuple[Given, Made]] = {}

    def of(self, given: Given) -> Made:
        """What `make` makes of this very object."""
        known = self._known.get(id(given))
        if known is not None:
            return known[1]
        made = self._make(given)
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[id(given)] = (given, made)
        return made
