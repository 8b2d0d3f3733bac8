"""What may be written down of a call's parameters and of its answer: bounded, member names as CloudTrail has them, no secret.

This is done before anything waits to be written, so no queue holds what is hidden here. Source: CloudTrail user guide, "Record contents".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from podid.core.secret_members import SECRET_MEMBERS

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"

_OMITTED: Final = frozenset({"secretaccesskey"})
"""What AWS leaves out where it hides the others."""

MAX_SHOWN: Final = 8192
"""Characters of one text in parameters, answers and errors."""

_MAX_ITEMS = 200
_MAX_DEPTH = 12
_LONGEST_NAME = 64
"""Characters; no member with a rule has more."""
_LARGEST = 2**63
"""Numbers beyond are written as text."""
_SECONDS = 64
"""Texts of instants kept: the events of one second have the same."""


def shown(value: Any, depth: int = 0) -> Any:
    """A value as it may be written down, out of values that JSON has."""
    if type(value) is str:
        return value[:MAX_SHOWN]
    if depth > _MAX_DEPTH:
        return "..."
    if type(value) is dict or isinstance(value, Mapping):
        told = {}
        for member, inner in islice(value.items(), _MAX_ITEMS):
            if inner is None:
                continue
            name = str(member)
            told_as, rule = _told_as(name) if len(name) <= _LONGEST_NAME else (_lower(name), "")
            if rule == "hidden" and inner:
                told[told_as] = HIDDEN
            elif rule != "omitted":
                told[told_as] = inner[:MAX_SHOWN] if type(inner) is str else shown(inner, depth + 1)
        return told
    if isinstance(value, list | tuple):
        return [shown(inner, depth + 1) for inner in value[:_MAX_ITEMS]]
    if isinstance(value, datetime):
        return written(value)
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    if isinstance(value, bool | float) or (isinstance(value, int) and -_LARGEST <= value < _LARGEST):
        return value
    return str(value)[:MAX_SHOWN]


@lru_cache(2048)
def _told_as(name: str) -> tuple[str, str]:
    """How a member is called in an event, and whether it is `hidden` or `omitted` there."""
    folded = name.lower()
    return _lower(name), "hidden" if folded in SECRET_MEMBERS else "omitted" if folded in _OMITTED else ""


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def iso(instant: datetime) -> str:
    """An instant as a member of an event: `2026-01-02T15:20:04Z`."""
    return _iso_of(int(instant.timestamp()))


@lru_cache(_SECONDS)
def _iso_of(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def written(instant: datetime) -> str:
    """An instant in a parameter: `Apr 16, 2024, 3:20:04 PM`."""
    return _written_of(int(instant.timestamp()))


@lru_cache(_SECONDS)
def _written_of(second: int) -> str:
    local = datetime.fromtimestamp(second, UTC)
    return f"{local:%b} {local.day}, {local.year}, {local.hour % 12 or 12}:{local:%M:%S %p}"
