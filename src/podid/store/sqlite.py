"""How podid uses SQLite.

Write-ahead log with `synchronous=FULL`: a commit returns when the log is on disk, so an acknowledged write survives `kill -9` and loss
of power (https://www.sqlite.org/pragma.html#pragma_synchronous). Readers see a snapshot and never wait; writers of all processes take
turns, waiting up to `BUSY_SECONDS`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

BUSY_SECONDS = 10.0
"""How long a writer waits for a writer of another process. Transactions here take milliseconds; this is for a stalled disk."""

PAUSE = 0.005
"""Seconds for which a commit of another process, such as `podid keys`, may go unnoticed."""

_DURABILITY = {"write": "FULL", "append": "NORMAL"}
_BEGIN = {"read": "BEGIN", "write": "BEGIN IMMEDIATE", "append": "BEGIN IMMEDIATE"}


def sqlite_engine(url: URL) -> Engine:
    """An engine whose transactions begin as `podid_kind` (an execution option: read, write or append) says.

    Failures repeat no values.
    """
    if not url.database or url.database == ":memory:":
        raise ValueError("a SQLite store needs a file: sqlite:////path/state.db")
    file = Path(url.database)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # For its owner alone from the first moment on; SQLite gives its log files the mode of the database.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    engine = create_engine(url, pool_size=8, max_overflow=56, pool_timeout=BUSY_SECONDS, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("podid_kind", "read")
        if kind in _DURABILITY:
            connection.exec_driver_sql(f"PRAGMA synchronous = {_DURABILITY[kind]}")
        connection.exec_driver_sql(_BEGIN[kind])

    return engine


class SqliteRevisions:
    """The rooms' revision numbers, re-read only when some connection has committed.

    `PRAGMA data_version` changes, on one connection, whenever any other connection of any process has changed the file
    (https://www.sqlite.org/pragma.html#pragma_data_version). This one never writes, so it sees every commit. Asking costs several system
    calls, so the file is asked once in `PAUSE` seconds, and after each commit of this process.
    """

    def __init__(self, url: URL) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(str(url.database), isolation_level=None, check_same_thread=False)
        self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        self._version = -1
        self._numbers: Mapping[str, int] = {}
        self._look_at = 0.0

    def numbers(self) -> Mapping[str, int]:
        now = time.monotonic()
        if now < self._look_at:
            return self._numbers
        with self._lock:
            # What this process commits ends the pause, so it is for commits of other processes alone.
            self._look_at = now + PAUSE
            version = self._connection.execute("PRAGMA data_version").fetchall()[0][0]
            if version != self._version:
                # A commit between the two reads is seen at the next call: the version is taken first.
                self._numbers = dict(self._connection.execute("SELECT room, number FROM store_revisions").fetchall())
                self._version = version
            return self._numbers

    def committed(self, numbers: Mapping[str, int]) -> None:
        """The next question asks the file."""
        with self._lock:
            self._look_at = 0.0

    def announce(self, _connection: Connection, numbers: Mapping[str, int]) -> None:
        """Nothing to do: data_version tells the other processes."""

    def close(self) -> None:
        self._connection.close()
