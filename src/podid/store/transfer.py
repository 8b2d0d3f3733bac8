"""A whole state as text, and back: for backups, and for moving from SQLite to PostgreSQL.

    {"podid": "state", "schema": "0006_audit_batches"}
    {"table": "iam_roles", "row": {"id": "AROA…", …}}
    …
    {"end": 12345}

One JSON object a line, tables in an order in which references hold. Secrets stay encrypted with the master key, which is not in it: whoever
imports needs the same key. An export is of one instant.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Boolean, Connection, MetaData, Table, delete, func, insert, select
from sqlalchemy.exc import DBAPIError, StatementError

from podid.store.schema import head
from podid.store.store import Store

_BATCH = 500
_NOT_STATE = frozenset({"alembic_version", "store_revisions"})


class TransferProblem(Exception):
    """The text is no export, is cut short, or does not fit here."""


def export_state(store: Store, *, without: tuple[str, ...] = ()) -> Iterator[str]:
    """The state as lines, each with its line break; tables whose names begin so are left out (`audit_`: the decision log)."""
    yield _line({"podid": "state", "schema": head()})
    count = 0
    with store.read() as connection:
        for table in _tables(connection):
            if table.name.startswith(without):
                continue
            for row in connection.execution_options(yield_per=_BATCH).execute(select(table)):
                count += 1
                yield _line({"table": table.name, "row": {name: _out(value) for name, value in row._mapping.items()}})
    yield _line({"end": count})


def import_state(
    store: Store,
    lines: Iterable[str],
    *,
    replace: bool = False,
    check: Callable[[Connection], None] = lambda connection: None,
) -> int:
    """Fill an empty store from an export, or with `replace` put it in place of what is there; answers the number of rows. All or nothing.

    `check` looks at what came in before it counts, and raises where it will not do. Raises TransferProblem for a text that is no export
    or is cut short, for another schema, and for a store that is not empty.
    """
    reading = iter(lines)
    header = _read(next(reading, ""))
    if header.get("podid") != "state":
        raise TransferProblem("this is no export of podid's state")
    if header.get("schema") != head():
        raise TransferProblem(
            f"the export has schema {header.get('schema')!r} and this podid {head()!r}: use the same version"
        )
    with store.read() as connection:
        tables = {table.name: table for table in _tables(connection)}
    # The tables of a room begin with its name, and every room has changed.
    with store.write(*(name.partition("_")[0] for name in tables)) as connection:
        for table in reversed(tables.values()):
            if replace:
                connection.execute(delete(table))
            elif connection.execute(select(func.count()).select_from(table)).scalar_one():
                raise TransferProblem(f"the store is not empty: there are rows in {table.name}")
        count = _fill(connection, tables, reading)
        check(connection)
        _restart_numbering(connection, tables.values())
    return count


def _fill(connection: Connection, tables: Mapping[str, Table], lines: Iterator[str]) -> int:
    batch: list[dict[str, Any]] = []
    current = ""
    for count, line in enumerate(lines):
        record = _read(line)
        if "end" in record:
            _insert(connection, tables, current, batch)
            if record["end"] != count:
                raise TransferProblem(f"the export names {record['end']} rows and has {count}")
            if next(lines, None) is not None:
                raise TransferProblem("the export goes on after its end")
            return count
        name, row = str(record.get("table")), record.get("row")
        if name not in tables or not isinstance(row, dict):
            raise TransferProblem(f"the export has a table that is not known here: {name[:100]!r}")
        if name != current or len(batch) >= _BATCH:
            _insert(connection, tables, current, batch)
            current, batch = name, []
        batch.append({column: _in(tables[name], column, value) for column, value in row.items()})
    raise TransferProblem("the export is cut short: its last line is missing")


def _insert(connection: Connection, tables: Mapping[str, Table], name: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    try:
        connection.execute(insert(tables[name]), rows)
    except (DBAPIError, StatementError) as problem:
        raise TransferProblem(f"the export has a row of {name} that does not fit: {problem.orig}") from problem


def _tables(connection: Connection) -> list[Table]:
    """Every table of the state as the database has it, those that are referred to first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in _NOT_STATE]


def _restart_numbering(connection: Connection, tables: Iterable[Table]) -> None:
    """PostgreSQL counts apart from the rows: the next number must follow the imported ones."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        column = table.autoincrement_column
        if column is not None and column.server_default is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            highest = connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one()
            connection.execute(select(func.setval(sequence, highest + 1, False)))


def _out(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _in(table: Table, column: str, value: Any) -> Any:
    if column not in table.c:
        raise TransferProblem(f"the export has a column that is not known here: {table.name}.{column[:100]}")
    if value is None:
        return None
    kind = table.c[column].type
    try:
        if isinstance(value, dict):
            value = base64.b64decode(value["base64"], validate=True)
        if isinstance(kind, Boolean) and value in (0, 1):
            return bool(value)
        fits = type(value) is kind.python_type
    except (KeyError, TypeError, ValueError) as problem:
        raise TransferProblem(f"the export has a value that cannot be read in {table.name}.{column}") from problem
    if not fits:  # SQLite would keep it all the same
        raise TransferProblem(f"the export has a value that does not fit in {table.name}.{column}")
    return value


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _read(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise TransferProblem("the export has a line that is not JSON") from problem
    if not isinstance(record, dict):
        raise TransferProblem("the export has a line that is no JSON object")
    return record
