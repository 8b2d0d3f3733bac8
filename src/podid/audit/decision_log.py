"""The decision log: taken in memory, written in batches by a thread of its own.

No request waits for it. A crash may lose the last batch, never an acknowledged change. While the database cannot be used, calls wait for it;
when more come than may wait, the newest are dropped and counted, and the count is logged.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from podid.audit import batches
from podid.audit.batches import Kept, Row
from podid.audit.entry import Entry
from podid.store import Store, StoreUnavailable

CAPACITY = 20_000
"""Calls waiting to be written: a few seconds of full load, some thirty megabytes."""

CAPACITY_OF_LARGE = 64 * 1024 * 1024
"""Bytes of those among them that are larger than `USUAL`."""

USUAL = 8192
"""Bytes of a call that nobody counts: no more than 160 MB of such may wait."""

BATCH = 500
"""Calls that are written without waiting for more."""

LARGEST_BATCH = 2000
"""Calls that are written at once: no more, so that other writers get their turn within some ten milliseconds."""

_MOST_AT_ONCE = 4 * 1024 * 1024
"""Bytes of large ones that are."""

WAIT_SECONDS = 0.5
"""How long a call may wait for company."""

RETRY_SECONDS = 1.0
"""How long a database that cannot be used is left alone."""

KEPT = 200_000
"""Entries kept in the table; the oldest batches go first. About 100 MB, and 400 at most: large ones count as several."""

_PRUNE_EVERY = 10_000
_log = logging.getLogger(__name__)


class DecisionLog:
    """Takes calls and entries from any thread."""

    def __init__(
        self, store: Store, *, capacity: int = CAPACITY, kept: int = KEPT, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self._store = store
        self._capacity = capacity
        self._kept = kept
        self._retry_seconds = retry_seconds
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Kept, int]] = deque()
        self._large = 0
        self._writing = 0
        self._dropped = self._told_dropped = 0
        self._since_pruned = _PRUNE_EVERY  # of a log that somebody else wrote nobody knows
        self._closing = False
        self._sleeping = False
        self._hurry = False
        self._thread = threading.Thread(target=self._run, name="podid-decision-log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many calls were lost because the queue was full or the database refused them."""
        return self._dropped

    def record(self, kept: Kept, size: int = 0) -> None:
        """Take a call, or an entry as it is. It never waits and never raises. Lists in it are not to be changed any more.

        `size`: about how many bytes it has, where that may be many."""
        waiting = self._waiting
        large = size if size > USUAL else 0
        if self._closing or len(waiting) >= self._capacity or (large and not self._has_room(large)):
            with self._changed:
                self._dropped += 1
            return
        waiting.append((kept, large))
        # The writer says that it sleeps before it looks a last time, so either it sees the entry or this sees that it sleeps.
        if self._sleeping or len(waiting) == BATCH:
            with self._changed:
                self._changed.notify_all()

    def _has_room(self, large: int) -> bool:
        """Whether one of so many bytes may wait, too; then it is counted."""
        with self._changed:
            if self._large + large > CAPACITY_OF_LARGE:
                return False
            self._large += large
            return True

    def flush(self) -> None:
        """Wait until everything taken so far is written, or cannot be: a database that is away is not waited for."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting and not self._writing)
            self._hurry = False

    def close(self) -> None:
        """Write what is waiting, if it can be, and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def find(self, request_id: str) -> list[Entry]:
        """What is written about one request, oldest first."""
        with self._store.read() as connection:
            return batches.find(connection, request_id)

    def between(
        self, start: datetime, end: datetime, *, account: str = "", caller_arn: str = "", limit: int = 100
    ) -> list[Entry]:
        """The newest entries with `start` ≤ time < `end`, newest first."""
        with self._store.read() as connection:
            return batches.between(connection, start, end, account=account, caller_arn=caller_arn, limit=limit)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._sleeping = True
                self._changed.wait_for(lambda: self._waiting or self._closing)
                self._sleeping = False
                if not self._waiting:
                    return
                self._changed.wait_for(
                    lambda: len(self._waiting) >= BATCH or self._closing or self._hurry, timeout=WAIT_SECONDS
                )
                batch = self._next()
                self._writing = len(batch)
            self._write(batch)
            with self._changed:
                self._writing = 0
                self._changed.notify_all()
            if self._dropped > self._told_dropped:
                self._told_dropped = self._dropped
                _log.warning("decisions were dropped", extra={"dropped": self._dropped})

    def _next(self) -> list[Kept]:
        """What is written at once. With the lock."""
        batch: list[Kept] = []
        size = 0
        while self._waiting and len(batch) < LARGEST_BATCH and size <= _MOST_AT_ONCE:
            kept, large = self._waiting.popleft()
            batch.append(kept)
            size += large
        self._large -= size
        return batch

    def _write(self, batch: Sequence[Kept]) -> None:
        # The log must not take the service down with it: what cannot be written is counted, and says so in the process's own log.
        try:
            self._insert(batches.rows_of(batch))
        except Exception:
            with self._changed:
                self._dropped += len(batch)
            _log.exception("decisions could not be written")
            return
        self._since_pruned += len(batch)
        if self._since_pruned < _PRUNE_EVERY:
            return
        self._since_pruned = 0
        try:
            with self._store.append() as connection:
                batches.prune(connection, self._kept)
        except Exception:
            _log.exception("old decisions could not be given up")

    def _insert(self, rows: Sequence[Row]) -> None:
        """Write rows once, however often it takes. Raises StoreUnavailable where nobody waits for the database any more."""
        tries = 0
        while True:
            last = self._closing or self._hurry
            try:
                with self._store.append() as connection:
                    if tries == 0 or not batches.is_written(connection, rows):
                        batches.write(connection, rows)
                return
            except StoreUnavailable as problem:
                if last:
                    raise
                if tries == 0:
                    _log.warning("decisions wait for the database", extra={"reason": problem.private})
                tries += 1
                with self._changed:
                    self._changed.wait_for(lambda: self._closing or self._hurry, timeout=self._retry_seconds)
