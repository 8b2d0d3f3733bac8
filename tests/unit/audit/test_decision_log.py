from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from podid.audit import DecisionLog, Entry
from podid.audit.tables import BATCHES
from podid.store import MasterKey, Store, open_store

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey.generate())
    yield opened
    opened.close()


@pytest.fixture
def log(store: Store) -> Iterator[DecisionLog]:
    opened = DecisionLog(store)
    yield opened
    opened.close()


def entry(number: int = 0, **members: object) -> Entry:
    given: dict[str, object] = {"at": NOW + timedelta(seconds=number), "request_id": f"r{number}", **members}
    return Entry(**given)  # type: ignore[arg-type]


def count(store: Store) -> int:
    """Entries in the table."""
    with store.read() as connection:
        found: int = connection.execute(select(func.coalesce(func.sum(BATCHES.c.size), 0))).scalar_one()
        return found


def test_an_entry_comes_back_as_it_was(log: DecisionLog) -> None:
    whole = entry(
        1,
        account="111122223333",
        region="us-east-1",
        caller_arn="arn:aws:sts::111122223333:assumed-role/app/s",
        access_key_id="ASIA",
        source_ip="10.88.0.2",
        action="s3:GetObject",
        resource="arn:aws:s3:::b/k",
        outcome="ImplicitlyDenied",
        decided_by=("identity:p[0]", "boundary:q[x]"),
        error_code="AccessDenied",
        reason="identity implicit",
        event='{"eventVersion":"1.09"}',
    )
    log.record(whole)
    log.flush()
    assert log.find("r1") == [whole]
    assert log.find("r2") == []


def test_entries_of_one_request_come_in_order(log: DecisionLog) -> None:
    for action in ("sts:AssumeRole", "sts:TagSession"):
        log.record(entry(action=action))
    log.flush()
    assert [one.action for one in log.find("r0")] == ["sts:AssumeRole", "sts:TagSession"]


def test_a_span_of_time_newest_first(log: DecisionLog) -> None:
    for number in range(10):
        log.record(entry(number, account=str(number % 2), caller_arn=f"arn{number % 3}"))
    log.flush()
    found = log.between(NOW + timedelta(seconds=2), NOW + timedelta(seconds=6))
    assert [one.request_id for one in found] == ["r5", "r4", "r3", "r2"]
    assert [one.request_id for one in log.between(NOW, NOW + timedelta(hours=1), limit=2)] == ["r9", "r8"]
    assert [one.request_id for one in log.between(NOW, NOW + timedelta(hours=1), account="0", caller_arn="arn0")] == [
        "r6",
        "r0",
    ]


def test_closing_writes_what_waits(store: Store) -> None:
    log = DecisionLog(store)
    for number in range(1203):
        log.record(entry(number))
    log.close()
    assert count(store) == 1203
    log.record(entry())
    assert log.dropped == 1


def test_many_threads_lose_nothing(store: Store, log: DecisionLog) -> None:
    def write() -> None:
        for number in range(300):
            log.record(entry(number))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush()
    assert log.dropped == 0
    assert count(store) == 1200


def test_a_full_queue_drops_and_counts(store: Store) -> None:
    with store.write():  # the writer's turn is taken, so nothing can be written
        log = DecisionLog(store, capacity=50)
        for number in range(1000):
            log.record(entry(number))
        assert log.dropped >= 1000 - 50 - 500
    log.close()
    assert count(store) == 1000 - log.dropped


def test_a_database_that_fails_takes_nobody_down(
    store: Store, log: DecisionLog, caplog: pytest.LogCaptureFixture
) -> None:
    with store.write() as connection:
        connection.execute(text("ALTER TABLE audit_batches RENAME TO away"))
    log.record(entry(1))
    log.flush()
    assert log.dropped == 1
    assert "decisions could not be written" in caplog.text
    with store.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO audit_batches"))
    log.record(entry(2))
    log.flush()
    assert log.find("r2")


def test_the_oldest_go_first(store: Store) -> None:
    log = DecisionLog(store, kept=100)
    for number in range(11_000):
        log.record(entry(number))
        if number % 500 == 0:
            log.flush()
    log.close()
    assert 100 <= count(store) <= 100 + 500 + 999  # the batch that has the hundredth, and what came since
    assert log.find("r10999")
    assert not log.find("r0")
    assert log.dropped == 0


def test_logging_moves_no_revision(store: Store, log: DecisionLog) -> None:
    before = store.revision()
    log.record(entry())
    log.flush()
    assert store.revision() == before


def test_hostile_texts_are_cut(log: DecisionLog) -> None:
    log.record(entry(1, resource="x" * 100_000, action="y" * 100_000, caller_arn="z" * 100_000))
    log.flush()
    (kept,) = log.find("r1")
    assert (len(kept.resource), len(kept.action), len(kept.caller_arn)) == (4096, 256, 4096)
