"""The table of decisions and events."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from podid.store import Instant, metadata

DECISIONS = Table(
    "audit_decisions",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("caller_arn", Text, nullable=False),
    Column("access_key_id", String(128), nullable=False),
    Column("source_ip", String(64), nullable=False),
    Column("action", String(256), nullable=False),
    Column("resource", Text, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("decided_by", Text, nullable=False),  # the deciding statements: layer, policy, sid
    Column("error_code", String(128), nullable=False),
    Column("reason", Text, nullable=False),  # for operators, never for the caller
    Column("event", Text, nullable=False),  # a CloudTrail-shaped event as JSON, or nothing
    Index("ix_audit_decisions_at", "at"),
    Index("ix_audit_decisions_request_id", "request_id"),
)
