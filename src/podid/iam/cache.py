"""What was read from the store, kept for as long as IAM's revision stays.

A change in IAM, by whichever process, moves the revision, and the next question reads again. Each revision has a dictionary of its own:
a slow reader that began before a change puts its value into the old one, where nobody looks any more.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import Connection

from podid.store import Store

T = TypeVar("T")

_ENTRIES = 20_000
"""Entries of one revision; at more, all are dropped. A role with its policies takes a few kilobytes."""


class _Generation:
    __slots__ = ("revision", "values")

    def __init__(self, revision: int) -> None:
        self.revision = revision
        self.values: dict[Hashable, Any] = {}


class Cache:
    """Values by key, each loaded once a revision. Safe to use from many threads."""

    def __init__(self, store: Store, room: str) -> None:
        self._store = store
        self._room = room
        self._generation = _Generation(-1)

    def get(self, key: Hashable, load: Callable[[Connection], T], *, keep_none: bool = True) -> T:
        """The value of `key`; `load` reads it if this revision has not seen it yet.

        With `keep_none` off, that there is nothing is not remembered: for keys that strangers choose, who could otherwise fill the memory
        and push out what is needed.
        """
        revision = self._store.revision(self._room)
        generation = self._generation
        if generation.revision != revision:
            generation = self._generation = _Generation(revision)
        found = generation.values.get(key, _MISSING)
        if found is not _MISSING:
            return found  # type: ignore[no-any-return]
        with self._store.read() as connection:
            value = load(connection)
        if value is None and not keep_none:
            return value
        if len(generation.values) >= _ENTRIES:
            generation.values.clear()
        generation.values[key] = value
        return value


_MISSING: Any = object()
