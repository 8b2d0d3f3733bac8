"""The decision log: taken in memory, written in batches by a thread of its own.

No request waits for it. A crash may lose the last batch, never an acknowledged change; when entries come faster than they can be written,
the newest are dropped and counted, and the count is logged.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from podid.audit import batches
from podid.audit.batches import Kept
from podid.audit.entry import Entry
from podid.store import Store

CAPACITY = 20_000
"""Calls waiting to be written: a few seconds of full load, some thirty megabytes."""

BATCH = 500
"""Calls that are written without waiting for more."""

LARGEST_BATCH = 2000
"""Calls of one row: no more, so that other writers get their turn within some ten milliseconds."""

WAIT_SECONDS = 0.5
"""How long a call may wait for company."""

KEPT = 200_000
"""Entries kept in the table; the oldest batches go first. About 100 MB."""

_PRUNE_EVERY = 10_000
_log = logging.getLogger(__name__)


class DecisionLog:
    """Takes calls and entries from any thread."""

    def __init__(self, store: Store, *, capacity: int = CAPACITY, kept: int = KEPT) -> None:
        self._store = store
        self._capacity = capacity
        self._kept = kept
        self._changed = threading.Condition()
        self._waiting: deque[Kept] = deque()
        self._writing = 0
        self._dropped = 0
        self._since_pruned = 0
        self._closing = False
        self._sleeping = False
        self._hurry = False
        self._thread = threading.Thread(target=self._run, name="podid-decision-log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many calls were lost because the queue was full or the database refused them."""
        return self._dropped

    def record(self, kept: Kept) -> None:
        """Take a call, or an entry as it is. It never waits and never raises. Lists in it are not to be changed any more."""
        waiting = self._waiting
        if self._closing or len(waiting) >= self._capacity:
            with self._changed:
                self._dropped += 1
            return
        waiting.append(kept)
        # The writer says that it sleeps before it looks a last time, so either it sees the entry or this sees that it sleeps.
        if self._sleeping or len(waiting) == BATCH:
            with self._changed:
                self._changed.notify_all()

    def flush(self) -> None:
        """Wait until everything taken so far is written."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting and not self._writing)
            self._hurry = False

    def close(self) -> None:
        """Write what is waiting and end the thread."""
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
                batch = [self._waiting.popleft() for _ in range(min(LARGEST_BATCH, len(self._waiting)))]
                self._writing = len(batch)
            self._write(batch)
            with self._changed:
                self._writing = 0
                self._changed.notify_all()

    def _write(self, batch: Sequence[Kept]) -> None:
        try:
            packed = batches.pack(batch)
            with self._store.append() as connection:
                batches.write(connection, batch, packed)
            self._since_pruned += len(batch)
            if self._since_pruned >= _PRUNE_EVERY:
                self._since_pruned = 0
                with self._store.append() as connection:
                    batches.prune(connection, self._kept)
        except Exception:
            # The log must not take the service down with it: what cannot be written is counted, and says so in the process's own log.
            with self._changed:
                self._dropped += len(batch)
            _log.exception("decisions could not be written", extra={"dropped": self._dropped})
