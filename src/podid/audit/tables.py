"""The table of what was decided and done, a row for many."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from podid.store import Instant, metadata

BATCHES = Table(
    "audit_batches",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("first_at", Instant, nullable=False),  # the earliest and the latest instant in it
    Column("last_at", Instant, nullable=False),
    Column("size", Integer, nullable=False),  # how many entries it makes; large ones count as several
    Column("packed", LargeBinary, nullable=False),  # what `podid.audit.batches` says, as msgpack
    # All that is searched by is in it, so that a search reads no batch that it does not want.
    Index("ix_audit_batches_last_at", "last_at", "first_at", "size"),
)
