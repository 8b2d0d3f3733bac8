"""Entries into rows. They come by the thousand a second, so they go to the driver as it takes them, without SQLAlchemy's work on each value."""

from __future__ import annotations

from collections.abc import Sequence
from operator import le
from typing import Final

from sqlalchemy import Connection

from podid.audit.entry import MAX_TEXT, Entry
from podid.audit.tables import DECISIONS
from podid.store import Instant

_LONGEST: Final = {
    "request_id": 64,
    "account": 12,
    "region": 32,
    "caller_arn": MAX_TEXT,
    "access_key_id": 128,
    "source_ip": 64,
    "action": 256,
    "resource": MAX_TEXT,
    "outcome": 32,
    "decided_by": MAX_TEXT,
    "error_code": 128,
    "reason": MAX_TEXT,
}
"""Characters of each text, in the order in which `_row` gives them."""

_COLUMNS: Final = ("at", *_LONGEST, "event")
_LIMITS: Final = tuple(_LONGEST.values())
_INSTANT: Final = Instant()


def insert_all(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write entries, in one statement."""
    dialect = connection.dialect
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    columns, marks = ", ".join(_COLUMNS), ", ".join([mark] * len(_COLUMNS))
    at_of = _INSTANT.process_bind_param
    rows = [(at_of(entry.at, dialect), *_texts(entry), entry.event) for entry in entries]
    connection.exec_driver_sql(f"INSERT INTO {DECISIONS.name} ({columns}) VALUES ({marks})", rows)  # noqa: S608 - names of ours


def _texts(entry: Entry) -> tuple[str, ...]:
    """What is written in each column, as every database takes it: what a hostile request holds must not lose the batch it is in."""
    texts = (
        entry.request_id,
        entry.account,
        entry.region,
        entry.caller_arn,
        entry.access_key_id,
        entry.source_ip,
        entry.action,
        entry.resource,
        entry.outcome,
        "\n".join(entry.decided_by),
        entry.error_code,
        entry.reason,
    )
    together = "".join(texts)
    if together.isascii() and "\0" not in together and all(map(le, map(len, texts), _LIMITS)):
        return texts
    return tuple(_clean(text, most) for text, most in zip(texts, _LIMITS, strict=True))


def _clean(text: str, most: int) -> str:
    return text[:most].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
