"""How podid uses PostgreSQL: several replicas of `serve` on one database.

A change is announced with NOTIFY in its own transaction; every replica has one connection that LISTENs. While that connection is away
(start-up, a fail-over) the numbers are read from the table at each question: slower, never stale.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL

from podid.core.waiting import about_to_wait

_CHANNEL = "podid_revisions"
_RETRY_SECONDS = 1.0
_POLL_SECONDS = 0.5
_log = logging.getLogger(__name__)


def postgres_engine(url: URL) -> Engine:
    """An engine that tries a pooled connection before it hands it out, so that a restart of the server is not seen as a failure."""
    return create_engine(url, pool_size=8, max_overflow=24, pool_pre_ping=True)


_LIVELINESS = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "5000",
}
"""A server that is gone without a word is noticed within seconds."""


def _conninfo(url: URL) -> str:
    plain = url.set(drivername="postgresql")
    return plain.update_query_dict({**_LIVELINESS, **plain.query}).render_as_string(hide_password=False)


class PostgresRevisions:
    """The rooms' revision numbers, kept up to date by notifications."""

    def __init__(self, url: URL) -> None:
        self._conninfo = _conninfo(url)
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {}
        self._listening = False
        self._stop = threading.Event()
        self._asking = psycopg.connect(self._conninfo, autocommit=True)
        self._thread = threading.Thread(target=self._listen, name="podid-store-revisions", daemon=True)
        self._thread.start()

    def number(self, room: str) -> int:
        with self._lock:
            if not self._listening:
                about_to_wait()
                self._merge(self._read())
            return self._numbers.get(room, 0)

    def announce(self, connection: Connection, numbers: Mapping[str, int]) -> None:
        connection.execute(
            text("SELECT pg_notify(:channel, :payload)"), {"channel": _CHANNEL, "payload": json.dumps(dict(numbers))}
        )

    def committed(self, numbers: Mapping[str, int]) -> None:
        with self._lock:
            self._merge(numbers)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)
        self._asking.close()

    def _merge(self, numbers: Mapping[str, int]) -> None:
        for room, number in numbers.items():
            self._numbers[room] = max(number, self._numbers.get(room, 0))

    def _read(self) -> dict[str, int]:
        try:
            return self._ask()
        except psycopg.OperationalError:
            self._asking.close()
            self._asking = psycopg.connect(self._conninfo, autocommit=True)
            return self._ask()

    def _ask(self) -> dict[str, int]:
        return {row[0]: row[1] for row in self._asking.execute("SELECT room, number FROM store_revisions").fetchall()}

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except psycopg.Error as problem:
                _log.warning(
                    "cannot listen for changes of other replicas; asking each time", extra={"problem": str(problem)}
                )
            finally:
                with self._lock:
                    self._listening = False
            self._stop.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            with self._lock:  # from here on nothing is missed, so what is read now stays right
                self._merge(
                    {
                        row[0]: row[1]
                        for row in connection.execute("SELECT room, number FROM store_revisions").fetchall()
                    }
                )
                self._listening = True
            while not self._stop.is_set():
                for notice in connection.notifies(timeout=_POLL_SECONDS):
                    with self._lock:
                        self._merge(json.loads(notice.payload))
                connection.execute("SELECT 1")  # raises where the connection is gone
