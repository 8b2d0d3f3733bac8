"""Transactions and revisions over one database."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from podid.core.waiting import about_to_wait
from podid.store.master_key import MasterKey
from podid.store.problems import StoreUnavailable

_BUMP = text(
    "INSERT INTO store_revisions (room, number) VALUES (:room, 1) "
    "ON CONFLICT (room) DO UPDATE SET number = store_revisions.number + 1 RETURNING number"
)
_WRITER_SECONDS = 30.0


class Revisions(Protocol):
    """What knows the current revision numbers: an adapter for each database."""

    def numbers(self) -> Mapping[str, int]:
        """All of one instant, as a mapping that does not change any more."""

    def announce(self, connection: Connection, numbers: Mapping[str, int]) -> None: ...
    def committed(self, numbers: Mapping[str, int]) -> None: ...
    def close(self) -> None: ...


class _Glances(threading.local):
    """Whether this thread goes by what it saw first, and what that was."""

    open = False
    seen: Mapping[str, int] | None = None


class Glance(contextlib.AbstractContextManager[None]):
    """See `Store.glance`."""

    __slots__ = ("_glances",)

    def __init__(self, glances: _Glances) -> None:
        self._glances = glances

    def __enter__(self) -> None:
        self._glances.open = True

    def __exit__(self, *_: object) -> None:
        self._glances.open = False
        self._glances.seen = None


class Store:
    """A database that all rooms of one `serve` share. Safe to use from many threads."""

    def __init__(self, engine: Engine, revisions: Revisions, master_key: MasterKey) -> None:
        self.master_key = master_key
        self._engine = engine
        self._revisions = revisions
        self._turn = threading.Lock()
        self._inside = threading.local()
        self._glances = _Glances()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: everything read in it is of one instant. It does not see a `write` of this thread that is still open."""
        if self.dialect != "sqlite":  # whose readers wait for nobody
            about_to_wait()
        with _unavailable(), self._engine.connect() as plain:
            connection = plain.execution_options(**self._options("read"))
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def write(self, *rooms: str) -> Iterator[Connection]:
        """One transaction, committed at the end of the block or rolled back if it raises; it bumps the revision of `rooms` and of the whole.

        Raises StoreUnavailable, as `read` does, where the database cannot be used now.

        Writers take turns, in this process and across processes (and, on PostgreSQL, across replicas): the revision's row is changed
        first. What was read inside cannot change before the commit, so checks made in the block hold. It does not nest: RuntimeError.
        """
        with self._writing("write") as connection:
            # The row of the whole comes first: changing it is what makes writers of other replicas wait.
            names = ("", *sorted(set(rooms) - {""}))
            numbers = {name: int(connection.execute(_BUMP, {"room": name}).scalar_one()) for name in names}
            yield connection
            self._revisions.announce(connection, numbers)
        self._glances.seen = None
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
        glances = self._glances
        seen = glances.seen
        if seen is None:
            seen = self._revisions.numbers()
            if glances.open:
                glances.seen = seen
        return seen.get(room, 0)

    def glance(self) -> Glance:
        """For a `with` around a short request, or several that came before it: what `revision` says first, it says to this thread until the end
        of the block.

        So they see caches of one instant after they came, and ask once instead of at each of them. A `write` of this thread ends it.
        Not for what waits for others to change something. It does not nest.
        """
        return Glance(self._glances)

    def close(self) -> None:
        """Give up all connections."""
        self._revisions.close()
        self._engine.dispose()

    @contextlib.contextmanager
    def _writing(self, kind: str) -> Iterator[Connection]:
        if getattr(self._inside, "write", False):
            raise RuntimeError("a write transaction inside another one of the same thread would wait for itself")
        about_to_wait()
        if not self._turn.acquire(timeout=_WRITER_SECONDS):
            raise StoreUnavailable(
                "podid is busy with other changes.", private="the writer before this one does not end"
            )
        self._inside.write = True
        try:
            with _unavailable(), self._engine.connect() as plain:
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


@contextlib.contextmanager
def _unavailable() -> Iterator[None]:
    """Tell a database that is gone, full, read-only, locked or damaged from our own mistakes. Raises StoreUnavailable."""
    try:
        yield
    except (DatabaseError, InterfaceError, PoolTimeout) as problem:
        # SQLite tells of a damaged file by the bare class; the others but these are mistakes in what was asked.
        if isinstance(problem, DatabaseError) and type(problem) not in (DatabaseError, OperationalError):
            raise
        reason = str(problem.orig if isinstance(problem, DBAPIError) else problem).strip().partition("\n")[0]
        raise StoreUnavailable("podid cannot use its database at the moment.", private=reason) from problem
