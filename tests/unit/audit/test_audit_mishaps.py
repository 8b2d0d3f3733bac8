"""What goes wrong costs as little as it can: one call of a batch, never the batch; no decision while the database is away; no memory without end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, func, insert, select, text
from tests.unit.audit.callers import NODE, call

from podid.audit import Decided, DecisionLog, Entry, Proceedings, batches, called, decision_log, proceedings_of
from podid.audit.tables import BATCHES
from podid.core.ids import names_at_random, uuid7
from podid.store import MasterKey, Store, StoreUnavailable, open_store

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey.generate())
    yield opened
    opened.close()


def entry(number: int, **members: Any) -> Entry:
    return Entry(**{"at": NOW + timedelta(seconds=number), "request_id": f"r{number}", **members})


def a_call(number: int, *decided: Decided, parameters: dict[str, Any] | None = None) -> Proceedings:
    at = NOW + timedelta(seconds=number)
    made = replace(call(NODE), now=at, request_id=uuid7(int(at.timestamp() * 1000), names_at_random))
    done = called(made, parameters=parameters or {}, answer=None)
    return proceedings_of(made, secure=False, decided=decided, done=done)


def between(log: DecisionLog, **wanted: Any) -> list[Entry]:
    return log.between(NOW, NOW + HOUR, limit=10_000, **wanted)


class Said(logging.Handler):
    """Waits for what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self._said: list[str] = []
        self._more = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._more:
            self._said.append(record.getMessage())
            self._more.notify_all()

    def wait_for(self, message: str) -> None:
        with self._more:
            assert self._more.wait_for(lambda: message in self._said, timeout=20), self._said


@pytest.fixture
def said() -> Iterator[Said]:
    handler = Said()
    logger = logging.getLogger("podid.audit.decision_log")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def rename(store: Store, old: str, new: str) -> None:
    with store.write() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_what_cannot_be_packed_is_said_under_its_request(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    log = DecisionLog(store)
    bad = a_call(2, Decided("a:B", "arn:r", object()))  # type: ignore[arg-type]
    for one in (a_call(1), bad, a_call(3)):
        log.record(one)
    log.close()
    assert len(between(log)) == 3
    (told,) = log.find(bad.request_id)
    assert (told.at, told.outcome, told.reason) == (bad.at, "Unknown", "could not be written: TypeError")
    assert log.dropped == 0
    assert "a call could not be written" in caplog.text


def test_what_cannot_be_read_hides_nothing_else(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    good = [batches.rows_of([entry(number)])[0] for number in range(4)]
    pieces: tuple[Any, ...] = (entry(1), ["entry", "no instant"], {}, 7, entry(1, request_id="last"))
    rows = [
        {**good[1], "packed": msgspec.msgpack.encode([msgspec.Raw(msgspec.msgpack.encode(one)) for one in pieces])},
        {**good[2], "packed": good[2]["packed"][:-9]},
        {**good[2], "packed": b""},
        {**good[2], "packed": b"\xc1 r3"},
    ]
    with store.append() as connection:
        connection.execute(insert(BATCHES), [good[0], *rows, good[3]])
    log = DecisionLog(store)
    assert [one.request_id for one in between(log)] == ["r3", "last", "r1", "r0"]
    assert [log.find(name) for name in ("r1", "last", "r3")] == [[pieces[0]], [pieces[-1]], [entry(3)]]
    assert "cannot be read" in caplog.text
    log.close()


def test_what_is_much_becomes_several_rows(store: Store) -> None:
    """A reader has a few rows in its memory at once, and old ones are given up by what they take."""
    large = {"policyInputList": ["x" * 8000] * 30}
    log = DecisionLog(store)
    for number in range(20):
        log.record(a_call(number, parameters=large))
    log.close()
    with store.read() as connection:
        rows = connection.execute(select(BATCHES.c.size, func.length(BATCHES.c.packed).label("bytes"))).all()
    assert len(rows) >= 5
    assert all(row.bytes <= batches.LARGEST_ROW + 1000 for row in rows)
    assert all(row.size == row.bytes // 2048 for row in rows)
    assert len(between(log)) == 20


def test_one_call_may_have_thousands_of_decisions(store: Store) -> None:
    """DeleteObjects of a thousand keys; a batch of ten thousand things."""
    log = DecisionLog(store)
    log.record(a_call(0, *(Decided("s3:DeleteObject", f"arn:aws:s3:::b/{n:01000}", "Allowed") for n in range(10_000))))
    log.record(a_call(1))
    log.close()
    assert len(log.between(NOW, NOW + HOUR, limit=20_000)) == 10_000 + 1 + 1
    assert log.between(NOW, NOW + HOUR, limit=1)[0].action == "eks-auth:AssumeRoleForPodIdentity"


def test_what_waits_is_bounded_by_its_size(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_log, "CAPACITY_OF_LARGE", 100_000)
    with store.write():  # the writer's turn is taken, so nothing can be written
        log = DecisionLog(store)
        for number in range(50):
            log.record(entry(number), 30_000)
            log.record(entry(number), 100)
        assert 3 <= 50 - log.dropped <= 6  # those that the writer has in hand are beside those that wait
    log.close()
    assert len(between(log)) == 100 - log.dropped
    assert log._large == 0


def test_a_database_that_is_away_is_waited_for(store: Store, said: Said) -> None:
    log = DecisionLog(store, retry_seconds=0.01)
    log.record(entry(1))
    log.flush()
    rename(store, "audit_batches", "away")
    for number in range(2, 900):
        log.record(entry(number))
    said.wait_for("decisions wait for the database")
    rename(store, "away", "audit_batches")
    log.close()
    assert [one.request_id for one in between(log)] == [f"r{number}" for number in range(899, 0, -1)]
    assert log.dropped == 0


def test_the_end_does_not_wait_for_a_database_that_is_away(store: Store, said: Said) -> None:
    log = DecisionLog(store, retry_seconds=3600)
    rename(store, "audit_batches", "away")
    log.record(entry(1))
    said.wait_for("decisions wait for the database")
    log.record(entry(2))
    log.close()
    assert log.dropped == 2
    said.wait_for("decisions were dropped")


@pytest.mark.parametrize("arrived", [True, False])
def test_a_commit_that_nobody_acknowledged_is_not_written_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, said: Said, arrived: bool
) -> None:
    """As when the connection to PostgreSQL breaks while it commits: it has committed, or it has not."""
    write = batches.write
    broken: list[int] = []

    def breaks_once(connection: Connection, rows: Any) -> None:
        if broken or arrived:
            write(connection, rows)
        if not broken:
            broken.append(1)
            if arrived:
                connection.commit()
            raise StoreUnavailable("gone", private="server closed the connection")

    monkeypatch.setattr(batches, "write", breaks_once)
    log = DecisionLog(store, retry_seconds=0.01)
    log.record(entry(1))
    log.record(entry(2))
    said.wait_for("decisions wait for the database")
    log.close()
    assert [one.request_id for one in between(log)] == ["r2", "r1"]
    assert log.dropped == 0


def test_a_new_process_gives_up_what_is_too_much(store: Store) -> None:
    """One that is started again and again writes little each time."""
    with store.append() as connection:
        for number in range(30):
            batches.write(connection, batches.rows_of([entry(number)]))
    log = DecisionLog(store, kept=10)
    log.record(entry(100))
    log.close()
    assert [one.request_id for one in between(log)] == ["r100", *(f"r{number}" for number in range(29, 20, -1))]


def test_reading_goes_on_while_old_ones_are_given_up(store: Store) -> None:
    log = DecisionLog(store)
    for number in range(40):
        log.record(entry(number))
        log.flush()
    with store.read() as connection:
        found = batches.between(connection, NOW, NOW + HOUR, limit=1)
        pruning = threading.Thread(target=_prune, args=(store,))
        pruning.start()
        pruning.join()
        assert len(batches.between(connection, NOW, NOW + HOUR, limit=100)) == 40
    assert found[0].request_id == "r39"
    assert len(between(log)) == 1
    log.close()


def _prune(store: Store) -> None:
    with store.append() as connection:
        batches.prune(connection, 1)
