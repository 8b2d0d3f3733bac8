"""The audit log on every database: what single rows held before is found in batches, two replicas write side by side, old ones go."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, column, insert, inspect, table, text
from sqlalchemy.engine import make_url

from podid.audit import Called, Decided, DecisionLog, Entry, Proceedings
from podid.audit.identity import Identity
from podid.core.ids import names_at_random, uuid7
from podid.store import MasterKey, Store, check_state, export_state, import_state, open_store
from podid.store.migrate import migrate
from podid.store.postgres import postgres_engine
from podid.store.sqlite import sqlite_engine

OpenStore = Callable[[], Store]
NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROWS = 450
"""More than the migration takes at once."""

NAMES = ["at", "request_id", "account", "region", "caller_arn", "access_key_id", "source_ip", "action", "resource"]
NAMES += ["outcome", "decided_by", "error_code", "reason", "event"]


def engine_for(url: str) -> Engine:
    address = make_url(url)
    return sqlite_engine(address) if address.get_backend_name() == "sqlite" else postgres_engine(address)


def request_id(at: datetime) -> str:
    return uuid7(int(at.timestamp() * 1000), names_at_random)


def old_row(number: int) -> dict[str, Any]:
    at = NOW + timedelta(seconds=number // 2)  # two of each instant
    return {
        "at": (at - EPOCH) // timedelta(microseconds=1),
        "request_id": request_id(at),
        "account": str(number % 3),
        "region": "us-east-1",
        "caller_arn": f"arn:aws:iam::{number % 3}:user/größe",
        "access_key_id": "AKIA",
        "source_ip": "10.88.0.2",
        "action": f"s3:Get{number}",
        "resource": "arn:aws:s3:::b/k",
        "outcome": "Allowed",
        "decided_by": "identity:p[0]\nboundary:q[x]" if number % 2 else "",
        "error_code": "",
        "reason": "",
        "event": json.dumps({"eventVersion": "1.09", "eventID": str(number)}) if number % 5 == 0 else "",
    }


def as_entry(row: dict[str, Any]) -> Entry:
    decided_by = tuple(row["decided_by"].split("\n")) if row["decided_by"] else ()
    return Entry(**{**row, "at": EPOCH + timedelta(microseconds=row["at"]), "decided_by": decided_by})


@pytest.fixture
def old(store_url: str) -> list[dict[str, Any]]:
    """What a database of the schema before had."""
    engine = engine_for(store_url)
    migrate(engine, "0005_access_entries")
    rows = [old_row(number) for number in range(ROWS)]
    with engine.connect() as plain, plain.execution_options(podid_kind="write").begin():
        plain.execute(insert(table("audit_decisions", *map(column, NAMES))), rows)
    engine.dispose()
    return rows


def test_entries_of_an_earlier_schema_are_found(old: list[dict[str, Any]], open_another: OpenStore) -> None:
    store = open_another()
    log = DecisionLog(store)
    log.record(Entry(at=NOW + HOUR, request_id="after"))
    log.close()
    entries = [as_entry(row) for row in old]
    assert log.between(NOW, NOW + HOUR, limit=ROWS + 1) == entries[::-1]
    assert [log.find(entry.request_id) for entry in entries[::50]] == [[entry] for entry in entries[::50]]
    wanted = [entry for entry in entries[::-1] if entry.account == "1"]
    assert log.between(NOW, NOW + HOUR, account="1", caller_arn=wanted[0].caller_arn, limit=7) == wanted[:7]
    assert log.find("after")
    assert check_state(store) == []
    with store.read() as connection:
        assert "audit_decisions" not in inspect(connection).get_table_names()
        assert connection.execute(text("SELECT max(size), sum(size) FROM audit_batches")).one() == (200, ROWS + 1)


def test_a_move_brings_the_log_along(old: list[dict[str, Any]], open_another: OpenStore, tmp_path: Any) -> None:
    store = open_another()
    copy = open_store(f"sqlite:///{tmp_path}/copy.db", master_key=MasterKey.generate())
    try:
        import_state(copy, export_state(store))
        log = DecisionLog(copy)
        log.close()
        assert log.between(NOW, NOW + HOUR, limit=3) == [as_entry(row) for row in old[:-4:-1]]
    finally:
        copy.close()


def a_call(number: int) -> Proceedings:
    at = NOW + timedelta(milliseconds=number)
    return Proceedings(
        at=at,
        request_id=request_id(at),
        caller=Identity("user", account="1", arn=f"arn:{number}"),
        region="r",
        decided=[Decided("a:B", f"nul \0 {number}", "Allowed", ("identity:p[0]",))],
        called=Called(service="iam", prefix="iam", operation="GetUser", parameters={"userName": "nul \0"}),
    )


def test_two_replicas_write_one_log(open_another: OpenStore) -> None:
    logs = [DecisionLog(open_another()) for _ in range(2)]

    def write(which: int) -> None:
        for number in range(which, 800, 2):
            logs[which].record(a_call(number))
            if number % 100 == which:
                logs[which].flush()

    threads = [threading.Thread(target=write, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for log in logs:
        log.close()
        assert log.dropped == 0
    found = logs[0].between(NOW, NOW + HOUR, limit=10_000)
    assert [entry.at for entry in found] == sorted((entry.at for entry in found), reverse=True)
    assert [entry.caller_arn for entry in found[::2]] == [f"arn:{number}" for number in range(799, -1, -1)]
    assert found[1].resource == "nul \0 799"
    assert [entry.action for entry in logs[1].find(found[100].request_id)] == ["a:B", "iam:GetUser"]


def test_the_oldest_go(store: Store) -> None:
    log = DecisionLog(store, kept=100)
    log._since_pruned = 9_000
    for number in range(1000):
        log.record(a_call(number))
        if number % 20 == 19:
            log.flush()
    log.close()
    left = log.between(NOW, NOW + HOUR, limit=10_000)
    assert 100 <= len(left) <= 140
    assert left[0].caller_arn == "arn:999"
    assert log.dropped == 0
