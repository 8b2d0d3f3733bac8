"""How podid uses PostgreSQL: several replicas of `serve` on one database.

A change is announced with NOTIFY in its own transaction; every replica has one connection that LISTENs. While that connection is away
(start-up, a fail-over) the numbers are read from the table at each question: slower, never stale for longer.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL

from podid.core.waiting import about_to_wait
from podid.store.problems import StoreUnavailable

_CHANNEL = "podid_revisions"
LISTENER = "podid listening"
"""The name of the listening connection, in pg_stat_activity."""
_RETRY_SECONDS = 0.5
LOOK_EVERY = 0.2
BELIEVED = 0.8
"""Seconds. A change of another replica is seen within a second: this and the time of one look."""
_SILENCE = 0.2
"""Seconds that a database which did not answer is not asked again: requests that wait for it would queue up."""
_GONE = "podid cannot use its database at the moment."
_log = logging.getLogger(__name__)


def postgres_engine(url: URL) -> Engine:
    """An engine that tries a pooled connection before it hands it out, so that a restart of the server is not seen as a failure.

    Failures repeat no values.
    """
    return create_engine(url, pool_size=8, max_overflow=24, pool_pre_ping=True, hide_parameters=True)


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
    """The rooms' revision numbers, kept up to date by notifications, and by a look every `LOOK_EVERY` seconds.

    What was heard is believed for `BELIEVED` seconds after the last look that succeeded: so a connection that died without a word, or a
    notification that was lost, hides a change for less than a second. After that, every question is put to the database.
    """

    def __init__(self, url: URL, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._conninfo = _conninfo(url)
        self._monotonic = monotonic
        self._asking_turn = threading.Lock()
        self._merging = threading.Lock()
        self._numbers: Mapping[str, int] = {}
        self._believed_until = 0.0
        self._silent_until = 0.0
        self._stop = threading.Event()
        self._asking = psycopg.connect(self._conninfo, autocommit=True)
        self._thread = threading.Thread(target=self._listen, name="podid-store-revisions", daemon=True)
        self._thread.start()

    def numbers(self) -> Mapping[str, int]:
        if not self.follows:
            about_to_wait()
            with self._asking_turn:
                self._merge(self._ask())
        return self._numbers

    @property
    def follows(self) -> bool:
        """Whether changes are heard of at the moment, so that nobody has to ask."""
        return self._monotonic() < self._believed_until

    def announce(self, connection: Connection, numbers: Mapping[str, int]) -> None:
        connection.execute(
            text("SELECT pg_notify(:channel, :payload)"), {"channel": _CHANNEL, "payload": json.dumps(dict(numbers))}
        )

    def committed(self, numbers: Mapping[str, int]) -> None:
        self._merge(numbers)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)
        self._asking.close()

    def _merge(self, numbers: Mapping[str, int]) -> None:
        """Take up what is newer; readers have the former mapping or the next one, never half of it."""
        with self._merging:
            known = self._numbers
            if any(number > known.get(room, 0) for room, number in numbers.items()):
                self._numbers = {**known, **{room: max(n, known.get(room, 0)) for room, n in numbers.items()}}

    def _ask(self) -> dict[str, int]:
        """The numbers as the database has them now. Raises StoreUnavailable, at once where it did a moment ago."""
        if self._monotonic() < self._silent_until:
            raise StoreUnavailable(_GONE, private="the database did not answer a moment ago")
        try:
            try:
                return _look(self._asking)
            except psycopg.OperationalError:  # the server may have been restarted meanwhile
                self._asking.close()
                self._asking = psycopg.connect(self._conninfo, autocommit=True)
                return _look(self._asking)
        except psycopg.OperationalError as problem:
            self._silent_until = self._monotonic() + _SILENCE
            raise StoreUnavailable(_GONE, private=str(problem).strip().partition("\n")[0]) from problem

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except psycopg.Error as problem:
                _log.warning(
                    "cannot listen for changes of other replicas; asking each time", extra={"problem": str(problem)}
                )
            self._believed_until = 0.0
            self._stop.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True, application_name=LISTENER) as connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            while not self._stop.is_set():
                began = self._monotonic()
                self._merge(_look(connection))  # raises where the connection is gone
                self._believed_until = began + BELIEVED
                for notice in connection.notifies(timeout=LOOK_EVERY):
                    self._merge(json.loads(notice.payload))
                    if self._monotonic() >= began + LOOK_EVERY:
                        break


def _look(connection: psycopg.Connection[tuple[str, int]]) -> dict[str, int]:
    return dict(connection.execute("SELECT room, number FROM store_revisions").fetchall())
