"""What the audit log of an installation says, for people: read from its database, whether podid runs or not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from podid.audit import Entry, batches
from podid.local.kept_state import Place, opened, require_schema
from podid.local.problems import Forbidden, WrongUsage
from podid.store import StoreUnavailable

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)


def entries_about(place: Place, request_id: str) -> list[Entry]:
    """What is written about one request, oldest first."""
    return _read(place, lambda connection: batches.find(connection, request_id))


def newest_entries(
    place: Place, *, now: datetime, since: str = "", account: str = "", caller_arn: str = "", limit: int = 20
) -> list[Entry]:
    """The newest entries, oldest first. `since` is how far back, such as `15m`. Raises WrongUsage."""
    start = max(_EARLIEST, now - _span(since)) if since else _EARLIEST
    end = now + timedelta(days=1)  # another replica's clock may be ahead

    def newest(connection: Connection) -> list[Entry]:
        return batches.between(connection, start, end, account=account, caller_arn=caller_arn, limit=limit)

    return _read(place, newest)[::-1]


def in_words(entry: Entry) -> str:
    """An entry as a line for people."""
    told = [f"{entry.at:%Y-%m-%d %H:%M:%S}", f"{entry.outcome:<16}", entry.action]
    told += [entry.resource] * (entry.resource not in ("", "*"))
    told += [f"by {entry.caller_arn}"] * bool(entry.caller_arn)
    told += [f"({', '.join(entry.decided_by)})"] * bool(entry.decided_by)
    told += [": ".join(filter(None, (entry.error_code, entry.reason)))] * bool(entry.error_code or entry.reason)
    line = " ".join([*told, entry.request_id])
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def as_facts(entry: Entry) -> dict[str, Any]:
    """An entry for programs, its event as the record that it is."""
    facts = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return facts | {"event": msgspec.json.decode(entry.event) if entry.event else None}


def events_of(entries: Sequence[Entry]) -> list[str]:
    """Their events in CloudTrail's form, a line each."""
    return [entry.event for entry in entries if entry.event]


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if found is None:
        raise WrongUsage(f"{text[:40]!r} is no span of time", "give a number and s, m, h or d, such as 15m")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def _read(place: Place, ask: Callable[[Connection], list[Entry]]) -> list[Entry]:
    with opened(place) as store:
        require_schema(store)
        try:
            with store.read() as connection:
                return ask(connection)
        except StoreUnavailable as problem:
            raise Forbidden(
                f"{place.name} cannot be read: {problem.private}", "podid state check says more"
            ) from problem
