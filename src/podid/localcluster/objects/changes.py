"""The last changes of one kind, for those who watch.

A watcher keeps a revision and asks for what came after it, so it holds no queue: one that reads slowly costs nothing and, once the
history has passed it by, is told so (`Gone`) and must list again.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from typing import Final, Literal

from msgspec import Struct

from podid.localcluster.ports import Object

HISTORY: Final = 4096
"""How many changes of a kind are kept. Kubernetes keeps five minutes' worth; this is more than a small cluster makes in them."""


class Gone(Exception):
    """The changes asked for are no longer kept."""


class Change(Struct, frozen=True):
    """One change: the object after it (for DELETED as it was last, with the revision of its end), and before it."""

    revision: int
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    object: Object
    previous: Object | None = None


class ChangeLog:
    """The changes after revision `start`, as far as they are kept."""

    def __init__(self, start: int, keep: int = HISTORY) -> None:
        self._after = start
        self._keep = keep
        self._changes: list[Change] = []
        self._waiting: set[asyncio.Event] = set()

    def append(self, change: Change) -> None:
        self._changes.append(change)
        if len(self._changes) > self._keep + self._keep // 4:
            dropped = len(self._changes) - self._keep
            self._after = self._changes[dropped - 1].revision
            del self._changes[:dropped]
        for waiting in self._waiting:
            waiting.set()

    def since(self, revision: int) -> list[Change]:
        """The changes after `revision`, oldest first. Raises Gone."""
        if revision < self._after:
            raise Gone
        return self._changes[bisect_right(self._changes, revision, key=lambda change: change.revision) :]

    async def wait(self, revision: int) -> None:
        """Return once there is a change after `revision`."""
        if self._changes and self._changes[-1].revision > revision:
            return
        waiting = asyncio.Event()
        self._waiting.add(waiting)
        try:
            await waiting.wait()
        finally:
            self._waiting.discard(waiting)
