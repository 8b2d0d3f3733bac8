"""Transactions and revisions over one database."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Protocol

from sqlalchemy import Connection, Engine, text

from podid.store.master_key import MasterKey

_BUMP = text(
    "INSERT INTO store_revisions (room, number) VALUES (:room, 1) "
    "ON CONFLICT (room) DO UPDATE SET number = store_revisions.number + 1 RETURNING number"
)
_WRITER_SECONDS = 30.0


class Revisions(Protocol):
    """What knows the current revision numbers: an adapter for each database."""

    def number(self, room: str) -> int: ...
    def announce(self, connection: Connection, numbers: Mapping[str, int]) -> None: ...
    def committed(self, numbers: Mapping[str, int]) -> None: ...
    def close(self) -> None: ...


class Store:
    """A database that all rooms of one `serve` share. Safe to use from many threads."""

    def __init__(self, engine: Engine, revisions: Revisions, master_key: MasterKey) -> None:
        self.master_key = master_key
        self._engine = engine
        self._revisions = revisions
        self._turn = threading.Lock()
        self._inside = threading.local()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: everything read in it is of one instant. It does not see a `write` of this thread that is still open."""
        with self._engine.connect() as plain:
            connection = plain.execution_options(**self._options("read"))
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def write(self, *rooms: str) -> Iterator[Connection]:
        """One transaction, committed at the end of the block or rolled back if it raises; it bumps the revision of `rooms` and of the whole.

        Writers take turns, in this process and across processes (and, on PostgreSQL, across replicas): the revision's row is changed
        first. What was read inside cannot change before the commit, so checks made in the block hold. It does not nest: RuntimeError.
        """
        with self._writing("write") as connection:
            # The row of the whole comes first: changing it is what makes writers of other replicas wait.
            names = ("", *sorted(set(rooms) - {""}))
            numbers = {name: int(connection.execute(_BUMP, {"room": name}).scalar_one()) for name in names}
            yield connection
            self._revisions.announce(connection, numbers)
        self._revisions.committed(numbers)

    @contextlib.contextmanager
    def append(self) -> Iterator[Connection]:
        """A transaction for logs and statistics: it moves no revision, and a crash of the machine may lose it."""
        with self._writing("append") as connection:
            yield connection

    def revision(self, room: str = "") -> int:
        """A number that grows with every committed `write` of that room, by whichever process; without a room, with every one.

        It may be asked for at every request. The rule for caches: ask before reading, and keep what was read only under that number.
        """
        return self._revisions.number(room)

    def close(self) -> None:
        """Give up all connections."""
        self._revisions.close()
        self._engine.dispose()

    @contextlib.contextmanager
    def _writing(self, kind: str) -> Iterator[Connection]:
        if getattr(self._inside, "write", False):
            raise RuntimeError("a write transaction inside another one of the same thread would wait for itself")
        if not self._turn.acquire(timeout=_WRITER_SECONDS):
            raise TimeoutError("the writer before this one does not end")
        self._inside.write = True
        try:
            with self._engine.connect() as plain:
                connection = plain.execution_options(**self._options(kind))
                with connection.begin():
                    yield connection
        finally:
            self._inside.write = False
            self._turn.release()

    def _options(self, kind: str) -> dict[str, object]:
        if self.dialect == "sqlite":
            return {"podid_kind": kind}
        if kind == "read":
            return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return {"isolation_level": "READ COMMITTED"}
