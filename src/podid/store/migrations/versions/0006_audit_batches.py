"""The decision log in batches: many entries are one row. What the table of single entries holds is carried over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0006_audit_batches"
down_revision = "0005_access_entries"
branch_labels = None
depends_on = None

_TOGETHER = 200
"""Entries of one batch: they have their events as text, some kilobytes each."""

_TEXTS = (
    *("request_id", "account", "region", "caller_arn", "access_key_id", "source_ip", "action", "resource", "outcome"),
    *("decided_by", "error_code", "reason", "event"),
)
"""Members of an entry after its instant, in the order in which a packed one has them."""


def upgrade() -> None:
    batches = op.create_table(
        "audit_batches",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_batches")),
    )
    op.create_index("ix_audit_batches_last_at", "audit_batches", ["last_at", "first_at", "size"])
    single = sa.table("audit_decisions", *(sa.column(name) for name in ("number", "at", *_TEXTS)))
    connection = op.get_bind()
    done = -1
    while True:
        some = sa.select(single).where(single.c.number > done).order_by(single.c.number).limit(_TOGETHER)
        rows = connection.execute(some).all()
        if not rows:
            break
        connection.execute(sa.insert(batches).values(_batch(rows)))
        done = rows[-1].number
    op.drop_table("audit_decisions")


def _batch(rows: Sequence[Any]) -> dict[str, object]:
    instants = [row.at for row in rows]
    return {
        "first_at": min(instants),
        "last_at": max(instants),
        "size": len(rows),
        "packed": msgspec.msgpack.encode([_packed(row) for row in rows]),
    }


def _packed(row: Any) -> list[object]:
    texts = {name: getattr(row, name) for name in _TEXTS}
    texts["decided_by"] = row.decided_by.split("\n") if row.decided_by else []
    return ["entry", datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row.at), *texts.values()]
