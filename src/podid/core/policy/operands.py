"""The typed values that conditions compare, read from text. Each reader gives None for what is not of its type: such a value matches nothing.

Readers are used on both sides: on the policy's operands once, when it is compiled, and on the request's values each time.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_LONGEST_NUMBER = 64
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)

_DATE = re.compile(
    r"(?P<year>-?\d{1,9})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?"
    r"(?:T(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d{1,9}))?)?)?)?"
    r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII | re.IGNORECASE,
)
# Four digits alone are a year, the shortest of the W3C's forms: as seconds they would all lie in the first hours of 1970.
_EPOCH = re.compile(r"(?!\d{4}\Z)\d{1,19}(?:\.\d{1,9})?", re.ASCII)
_NANOSECONDS = 10**9
_USUAL = 20
_START = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_EPOCH = 2**63 - 1

_OCTETS = frozenset(map(str, range(256)))

Address = tuple[int, int]
"""IP version and the address as a number."""
Network = tuple[int, int, int]
"""IP version, first and last address."""


def number(text: str) -> Decimal | None:
    """A decimal integer or fraction, exactly."""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:  # pragma: no cover - the pattern admits nothing that Decimal refuses
        return None


def instant(text: str) -> int | None:
    """An instant in nanoseconds since 1970, from one of the W3C's ISO 8601 forms or from epoch seconds.

    `2020` alone is a year, other digits alone are seconds. Without a zone it is UTC. The 31st of a shorter month runs over into the next one.
    """
    if len(text) == _USUAL and text[7] == "-" and text[10] == "T" and text[13] == ":" and text[-1] == "Z":
        # 2024-02-29T12:00:00Z, as almost all are, at a tenth of the cost; what this reader refuses may be right all the same
        try:
            since = datetime.fromisoformat(text) - _START
        except ValueError:
            pass
        else:
            return (since.days * 86_400 + since.seconds) * _NANOSECONDS
    if _EPOCH.fullmatch(text):
        seconds, _, fraction = text.partition(".")
        return int(seconds) * _NANOSECONDS + int(fraction.ljust(9, "0")) if int(seconds) <= _LAST_EPOCH else None
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    part = {name: int(value) for name, value in found.groupdict().items() if value and name not in ("fraction", "zone")}
    year, month, day = part["year"], part.get("month", 1), part.get("day", 1)
    hour, minute, second = part.get("hour", 0), part.get("minute", 0), part.get("second", 0)
    if not 1 <= month <= 12 or not 1 <= day <= 31 or hour > 23 or minute > 59 or second > 59:
        return None
    offset = _offset(found["zone"] or "Z")
    if offset is None:
        return None
    total = ((_days_since_epoch(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second
    return total * _NANOSECONDS + int((found["fraction"] or "").ljust(9, "0"))


def _offset(zone: str) -> int | None:
    """A zone's minutes east of Greenwich."""
    if zone in ("Z", "z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days_since_epoch(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for years that `datetime` does not reach."""
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400
    return days + sum(_days_in(year, earlier) for earlier in range(1, month)) + day - 719_163


def boolean(text: str) -> bool | None:
    """`true` or `false`, in any case."""
    return {"true": True, "false": False}.get(text.lower())


def binary(text: str) -> bytes | None:
    """The bytes of base64 text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def address(text: str) -> Address | None:
    """An IPv4 or IPv6 address."""
    parts = text.split(".")
    if len(parts) == 4 and all(map(_OCTETS.__contains__, parts)):
        first, second, third, fourth = map(int, parts)
        return 4, (first << 24) | (second << 16) | (third << 8) | fourth
    try:
        found: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return None
    return found.version, int(found)


def network(text: str) -> Network | None:
    """A CIDR block (RFC 4632, RFC 4291); an address alone is a block of one. Bits beyond the prefix are ignored."""
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        return None
    return found.version, int(found.network_address), int(found.broadcast_address)
