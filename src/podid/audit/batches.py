"""Batches: what waited to be written together, as one row, or a few where it is much; and finding entries in them.

A request id is a UUID of version 7, which begins with the instant of its request (RFC 9562, section 5.7), so it names the few batches
that can have it. A batch is unpacked only where the bytes of what is looked for are in it, and a call in it likewise.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Result, Select, delete, func, insert, select

from podid.audit.bounds import bounded
from podid.audit.entry import MAX_TEXT, Entry
from podid.audit.proceedings import Proceedings
from podid.audit.reading import entries_of
from podid.audit.tables import BATCHES

Kept = Entry | Proceedings

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Kept)
_SPLITTER: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])
_log = logging.getLogger(__name__)

LARGEST_ROW: Final = 1024 * 1024
"""Bytes of a row that holds more than one call."""
_LARGE: Final = 2048
"""Bytes: an entry that has more counts as several."""

_UUID7: Final = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SLACK: Final = timedelta(milliseconds=2)
"""An id has its instant in milliseconds, rounded."""
_AT_ONCE: Final = 16
"""Batches fetched at once: some megabytes at most."""

Row = dict[str, Any]
"""A row of the table, but for its number."""


def rows_of(batch: Sequence[Kept]) -> list[Row]:
    """A batch as it is stored, in as few rows as hold it. What a hostile request holds does not lose the others in it."""
    rows: list[Row] = []
    together: list[tuple[Kept, bytes]] = []
    size = 0
    for kept in batch:
        packed = _packed(kept)
        if together and size + len(packed) > LARGEST_ROW:
            rows.append(_row(together))
            together, size = [], 0
        together.append((kept, packed))
        size += len(packed)
    return [*rows, _row(together)] if together else rows


def write(connection: Connection, rows: Sequence[Row]) -> None:
    """Write a batch."""
    connection.execute(insert(BATCHES), rows)


def is_written(connection: Connection, rows: Sequence[Row]) -> bool:
    """Whether a batch is there already: of a commit that is not acknowledged nobody knows. Its rows are there together or not at all."""
    first = rows[0]
    same = [BATCHES.c[name] == first[name] for name in ("last_at", "first_at", "packed")]
    return connection.execute(select(BATCHES.c.number).where(*same)).first() is not None


def _row(together: Sequence[tuple[Kept, bytes]]) -> Row:
    instants = [kept.at for kept, _ in together]
    packed = _ENCODER.encode([msgspec.Raw(one) for _, one in together])
    entries = sum(kept.size if isinstance(kept, Proceedings) else 1 for kept, _ in together)
    size = max(entries, len(packed) // _LARGE)
    return {"first_at": min(instants), "last_at": max(instants), "size": size, "packed": packed}


def _packed(kept: Kept) -> bytes:
    try:
        try:
            packed = _ENCODER.encode(kept)
        except UnicodeEncodeError:  # half a character
            return _ENCODER.encode(bounded(kept))
        # Where the whole is no longer than one text may be, none of its texts is.
        return packed if len(packed) <= MAX_TEXT else _ENCODER.encode(bounded(kept))
    except Exception as problem:  # a mistake of ours costs this one alone, and says so under its request's id
        _log.exception("a call could not be written", extra={"request_id": kept.request_id})
        reason = f"could not be written: {type(problem).__name__}"
        return _ENCODER.encode(bounded(Entry(at=kept.at, request_id=kept.request_id, outcome="Unknown", reason=reason)))


def find(connection: Connection, request_id: str) -> list[Entry]:
    """The entries of one request, oldest first."""
    query = select(BATCHES.c.number, BATCHES.c.packed)
    at = _instant_of(request_id)
    if at is not None:
        query = query.where(BATCHES.c.last_at >= at - _SLACK, BATCHES.c.first_at <= at + _SLACK)
    found: list[tuple[int, list[Entry]]] = []
    with _rows(connection, query) as rows:
        for row in rows:
            asked = [kept for _, kept in _unpacked(row.packed, request_id) if kept.request_id == request_id]
            found += [(row.number, entries_of(kept)) for kept in asked]
    found.sort(key=itemgetter(0))  # not by the database: it would read every batch in that order
    return [entry for _, entries in found for entry in entries]


def between(
    connection: Connection, start: datetime, end: datetime, *, account: str = "", caller_arn: str = "", limit: int = 100
) -> list[Entry]:
    """The newest entries with `start` ≤ time < `end`, newest first; of one instant, those first that were written last."""
    query = (
        select(BATCHES)
        .where(BATCHES.c.last_at >= start, BATCHES.c.first_at < end)
        .order_by(BATCHES.c.last_at.desc(), BATCHES.c.number.desc())
    )
    if limit < 1:
        return []
    newest: list[tuple[datetime, tuple[int, ...], Entry]] = []  # a heap: the oldest of them first
    with _rows(connection, query) as rows:
        for row in rows:
            if len(newest) == limit and newest[0][0] > row.last_at:
                break  # no batch that is left has anything newer
            for place, kept in reversed(list(_unpacked(row.packed, account, caller_arn))):
                if not start <= kept.at < end or (len(newest) == limit and newest[0][0] > kept.at):
                    continue
                for part, entry in enumerate(entries_of(kept)):
                    if account in ("", entry.account) and caller_arn in ("", entry.caller_arn):
                        heappush(newest, (entry.at, (row.number, place, part), entry))
                        if len(newest) > limit:
                            heappop(newest)
    return [found[-1] for found in sorted(newest, reverse=True)]


def prune(connection: Connection, most: int) -> None:
    """Give up the oldest batches, so that those left make about `most` entries."""
    last_at = BATCHES.c.last_at
    newer = select(last_at, func.sum(BATCHES.c.size).over(order_by=last_at.desc()).label("entries")).subquery()
    enough = select(func.max(newer.c.last_at)).where(newer.c.entries >= most).scalar_subquery()
    connection.execute(delete(BATCHES).where(last_at < enough))


def _rows(connection: Connection, query: Select[Any]) -> Result[Any]:
    return connection.execute(query, execution_options={"yield_per": _AT_ONCE})


def unpacked(packed: bytes) -> list[Kept]:
    """What a batch holds."""
    return [kept for _, kept in _unpacked(packed)]


def _unpacked(packed: bytes, *wanted: str) -> Iterator[tuple[int, Kept]]:
    """What of a batch has the texts that are looked for, with its place. What cannot be read hides nothing else."""
    texts = [text.encode("utf-8", "replace") for text in wanted]
    if not _has_all(packed, texts):
        return
    try:
        for place, one in enumerate(map(bytes, _SPLITTER.decode(packed))):
            if _has_all(one, texts):
                try:
                    yield place, _DECODER.decode(one)
                except msgspec.MsgspecError:
                    _log.warning("something in the audit log cannot be read", exc_info=True)
    except msgspec.MsgspecError:
        _log.warning("a batch of the audit log cannot be read", exc_info=True)


def _has_all(packed: bytes, texts: Iterable[bytes]) -> bool:
    return all(text in packed for text in texts)


def _instant_of(request_id: str) -> datetime | None:
    found = _UUID7.fullmatch(request_id)
    if found is None:
        return None
    try:
        return datetime.fromtimestamp(int(found[1] + found[2], 16) / 1000, UTC)
    except (ValueError, OverflowError):  # a time that no request came at
        return None
