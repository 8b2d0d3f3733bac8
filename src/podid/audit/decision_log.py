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

from sqlalchemy import Row, delete, func, select

from podid.audit.entry import Entry
from podid.audit.rows import insert_all
from podid.audit.tables import DECISIONS
from podid.store import Store

CAPACITY = 20_000
"""Entries waiting to be written: a few seconds of full load, some ten megabytes."""

BATCH = 500
"""Entries that are written without waiting for more."""

LARGEST_BATCH = 2000
"""Entries of one transaction: no more, so that other writers get their turn within some ten milliseconds."""

WAIT_SECONDS = 0.5
"""How long an entry may wait for company."""

KEPT = 200_000
"""Entries kept in the table; the oldest go first. About 200 MB with events."""

_PRUNE_EVERY = 10_000
_log = logging.getLogger(__name__)


class DecisionLog:
    """Takes entries from any thread."""

    def __init__(self, store: Store, *, capacity: int = CAPACITY, kept: int = KEPT) -> None:
        self._store = store
        self._capacity = capacity
        self._kept = kept
        self._changed = threading.Condition()
        self._waiting: deque[Entry] = deque()
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
        """How many entries were lost because the queue was full or the database refused them."""
        return self._dropped

    def record(self, entry: Entry) -> None:
        """Take an entry. It never waits and never raises."""
        waiting = self._waiting
        if self._closing or len(waiting) >= self._capacity:
            with self._changed:
                self._dropped += 1
            return
        waiting.append(entry)
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
        table = DECISIONS
        with self._store.read() as connection:
            rows = connection.execute(select(table).where(table.c.request_id == request_id).order_by(table.c.number))
            return [_entry(row) for row in rows]

    def between(
        self, start: datetime, end: datetime, *, account: str = "", caller_arn: str = "", limit: int = 100
    ) -> list[Entry]:
        """The newest entries with `start` ≤ time < `end`, newest first."""
        table = DECISIONS
        query = select(table).where(table.c.at >= start, table.c.at < end)
        if account:
            query = query.where(table.c.account == account)
        if caller_arn:
            query = query.where(table.c.caller_arn == caller_arn)
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(table.c.at.desc(), table.c.number.desc()).limit(limit))
            return [_entry(row) for row in rows]

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

    def _write(self, batch: Sequence[Entry]) -> None:
        try:
            with self._store.append() as connection:
                insert_all(connection, batch)
            self._since_pruned += len(batch)
            if self._since_pruned >= _PRUNE_EVERY:
                self._prune()
        except Exception:
            # The log must not take the service down with it: what cannot be written is counted, and says so in the process's own log.
            with self._changed:
                self._dropped += len(batch)
            _log.exception("decisions could not be written", extra={"dropped": self._dropped})

    def _prune(self) -> None:
        self._since_pruned = 0
        table = DECISIONS
        with self._store.append() as connection:
            newest = connection.execute(select(func.max(table.c.number))).scalar_one_or_none()
            if newest is not None:
                connection.execute(delete(table).where(table.c.number <= newest - self._kept))


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    values = dict(row._mapping)
    values.pop("number")
    values["decided_by"] = tuple(str(values["decided_by"]).split("\n")) if values["decided_by"] else ()
    return Entry(**values)
