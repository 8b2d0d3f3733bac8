"""The objects on disk: one SQLite file, one row an object, the newest revision beside them.

A write is one transaction of one or two rows, in write-ahead mode: what was acknowledged is in the operating system's hands and
survives the end of the process by any signal (a power cut may take the last writes; it cannot damage the file). The file is locked for
one process: two API servers on one home would each be wrong about the other's objects.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from podid.localcluster.ports import Object, Resource

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT OR IGNORE INTO counters VALUES ('revision', 0);
"""


class InUse(Exception):
    """Another process holds the file."""


class Journal:
    """The file at `path`, made where it is missing, readable by its owner only. Raises InUse after `patience` seconds."""

    def __init__(self, path: Path, patience: float = 2.0) -> None:
        path.touch(mode=0o600, exist_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None, timeout=patience, check_same_thread=False)
        try:
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.executescript(_SCHEMA)
        except sqlite3.OperationalError as problem:
            self._file.close()
            if "locked" in str(problem):
                raise InUse(f"{path} is in use by another process") from problem
            raise

    def revision(self) -> int:
        row = self._file.execute("SELECT value FROM counters WHERE name = 'revision'").fetchone()
        return int(row[0])

    def load(self) -> Iterator[tuple[Resource, Object]]:
        """Every stored object with its resource."""
        for resource, body in self._file.execute("SELECT resource, body FROM objects"):
            yield resource, msgspec.json.decode(body)

    def put(self, resource: Resource, namespace: str, name: str, revision: int, body: bytes) -> None:
        with self._transaction(revision):
            self._file.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", (resource, namespace, name, body))

    def delete(self, resource: Resource, namespace: str, name: str, revision: int) -> None:
        with self._transaction(revision):
            self._file.execute(
                "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?", (resource, namespace, name)
            )

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def _transaction(self, revision: int) -> Iterator[None]:
        self._file.execute("BEGIN IMMEDIATE")
        try:
            self._file.execute("UPDATE counters SET value = ? WHERE name = 'revision'", (revision,))
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")
