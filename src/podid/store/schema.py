"""The metadata that every room's tables hang on, and the column type for instants.

SQL stays within what SQLite 3.37 and PostgreSQL 15 share. Times are whole microseconds since 1970 in UTC: SQLite has no type for them,
and an integer sorts and compares alike on both.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import BigInteger, Column, MetaData, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Constraints have predictable names, so that a migration can drop what another one made."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
"""The migrations, one file each, named by number; a revision's id is its file's name."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


revisions: Final = Table(
    "store_revisions",
    metadata,
    Column("room", String(32), primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""How many transactions changed a room; the row with the empty name counts those of all rooms."""


def head() -> str:
    """The id of the newest migration, found without importing Alembic."""
    return max(path.stem for path in VERSIONS.glob("[0-9]*.py"))
