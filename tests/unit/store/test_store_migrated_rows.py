"""Migrations of databases that hold something: two rows in every table of each earlier schema are there afterwards, and podid reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Boolean, Connection, Engine, Integer, LargeBinary, MetaData, Table, insert, select
from sqlalchemy.engine import make_url

from podid.audit import DecisionLog
from podid.store import MasterKey, open_store
from podid.store.checking import check_state
from podid.store.migrate import migrate
from podid.store.postgres import postgres_engine
from podid.store.schema import VERSIONS
from podid.store.sqlite import sqlite_engine
from podid.store.transfer import export_state

EARLIER = sorted(path.stem for path in VERSIONS.glob("[0-9]*.py"))[:-1]
OF_THE_STORE = frozenset({"alembic_version", "store_revisions"})
MOVED = frozenset({"audit_decisions"})
"""Tables whose rows live on in another form, told below."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Rows = dict[str, list[dict[str, Any]]]


def engine_for(url: str) -> Engine:
    address = make_url(url)
    return sqlite_engine(address) if address.get_backend_name() == "sqlite" else postgres_engine(address)


def tables_of(connection: Connection) -> list[Table]:
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in OF_THE_STORE]


def fill(engine: Engine) -> Rows:
    """Two rows a table, with a value in every column; what refers to another row refers to one that is there."""
    rows: Rows = {}
    with engine.connect() as plain:
        options: dict[str, Any] = {"podid_kind": "write"} if engine.dialect.name == "sqlite" else {}
        with plain.execution_options(**options).begin():
            for table in tables_of(plain):
                rows[table.name] = [row_of(table, number, rows) for number in (1, 2)]
                plain.execute(insert(table), rows[table.name])
    return rows


def row_of(table: Table, number: int, rows: Rows) -> dict[str, Any]:
    row = {column.name: value_of(column, number) for column in table.columns}
    for constraint in table.foreign_key_constraints:
        for element in constraint.elements:
            told = rows.get(element.column.table.name)
            row[element.parent.name] = None if told is None else told[number - 1][element.column.name]
    return row


def value_of(column: Any, number: int) -> Any:
    if isinstance(column.type, Boolean):
        return number == 1
    if isinstance(column.type, Integer):
        return 1_790_000_000_000_000 + number if column.type.__class__.__name__ == "BIGINT" else number
    if isinstance(column.type, LargeBinary):
        return bytes([number, 0, 255])
    if column.name.endswith("_arn"):
        return f"arn:aws:iam::111122223333:user/{column.name}-{number}"
    return f"{column.name}-{number}"[: column.type.length or 40]


def read(engine: Engine) -> Rows:
    with engine.connect() as connection:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(select(table))]
            for table in tables_of(connection)
        }


@pytest.mark.parametrize("start", EARLIER)
def test_rows_of_an_earlier_schema_outlive_the_way_to_this_one(store_url: str, start: str) -> None:
    engine = engine_for(store_url)
    migrate(engine, start)
    before = fill(engine)
    assert sum(map(len, before.values())) >= 2 * len(before) > 10
    store = open_store(store_url, master_key=MasterKey.generate())
    after = read(engine)
    for name, rows in before.items():
        if name in MOVED:
            continue
        kept = [{column: row[column] for column in rows[0]} for row in after[name]]
        for row in rows:
            assert row in kept, name
    assert check_state(store) == []
    log = DecisionLog(store)
    require_decisions(log, before.get("audit_decisions", []))
    log.close()
    lines = list(export_state(store))
    assert len(lines) == sum(len(rows) for name, rows in after.items()) + 2
    store.close()
    engine.dispose()


def require_decisions(log: DecisionLog, told: list[dict[str, Any]]) -> None:
    """What was a row each is found, whole, among the batches that there are now."""
    for row in told:
        [entry] = log.find(row["request_id"])
        assert entry.at == EPOCH + timedelta(microseconds=row["at"])
        assert entry.decided_by == (row["decided_by"],)
        same = ("account", "region", "caller_arn", "access_key_id", "source_ip", "action", "resource", "outcome")
        for name in (*same, "error_code", "reason", "event"):
            assert getattr(entry, name) == row[name], name
    newest = log.between(EPOCH, EPOCH + timedelta(days=36500))
    assert [entry.request_id for entry in newest] == [row["request_id"] for row in reversed(told)]
