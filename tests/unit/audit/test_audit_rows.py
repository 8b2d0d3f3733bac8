"""Entries go past SQLAlchemy into their table: its columns and these must be the same."""

from __future__ import annotations

from podid.audit import rows
from podid.audit.tables import DECISIONS


def test_every_column_is_written() -> None:
    assert set(rows._COLUMNS) == {column.name for column in DECISIONS.columns} - {"number"}


def test_limits_are_those_of_the_columns() -> None:
    for name, most in rows._LONGEST.items():
        length = getattr(DECISIONS.columns[name].type, "length", None)
        assert length is None or length == most, name
