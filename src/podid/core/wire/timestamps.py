"""Instants as AWS's protocols write them: `unixtimestamp`, `iso8601` (RFC 3339) and `rfc822` (the HTTP date of RFC 9110).

A reader takes any of the three, as AWS's own do, because SDKs have disagreed about which to send; a writer keeps to the model. Sub-second
digits: three on the way out (EKS prints milliseconds), up to six taken on the way in.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from podid.core.wire.problems import Unreadable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_LONGEST = 64


def from_number(value: int | float) -> datetime:
    """Epoch seconds. Raises Unreadable outside the years 1 to 9999."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable("a timestamp must be a finite number of seconds")
    try:
        return _EPOCH + timedelta(microseconds=round(value * 1_000_000))
    except OverflowError as error:
        raise Unreadable("a timestamp lies outside the years 1 to 9999") from error


def from_text(text: str) -> datetime:
    """Any of the three forms. Raises Unreadable."""
    text = text.strip()
    if len(text) > _LONGEST:
        raise Unreadable("a timestamp is too long")
    if _NUMBER.fullmatch(text):
        return from_number(float(text) if "." in text or "e" in text.lower() else int(text))
    found = _RFC3339.fullmatch(text)
    try:
        if found:
            return _from_rfc3339(found)
        from email.utils import (
            parsedate_to_datetime,
        )  # loads half the network's standard library, for a form seldom seen

        parsed = parsedate_to_datetime(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise Unreadable(f"{text!r} is not a timestamp") from error


def _from_rfc3339(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(found[index]) for index in range(1, 7))
    fraction = (found[7] or "").ljust(6, "0")[:6]
    at = datetime(year, month, day, hour, minute, second, int(fraction), tzinfo=UTC)
    zone = found[8] or "Z"
    if zone in "Zz":
        return at
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return at - offset if zone[0] == "+" else at + offset


def to_number(at: datetime) -> int | float:
    """Epoch seconds, whole where they are, else with milliseconds."""
    at = _utc(at)
    if not at.microsecond:
        return int(at.timestamp())
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    seconds, rest = divmod(milliseconds, 1000)
    return milliseconds / 1000 if rest else seconds


def to_text(at: datetime, form: str) -> str:
    """One of the three forms, by the model's name of it in lower case. Raises ValueError for any other."""
    at = _utc(at)
    if form == "iso8601":
        return at.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + _milliseconds(at) + "Z"
    if form == "rfc822":
        from email.utils import format_datetime  # see from_text

        return format_datetime(at.replace(microsecond=0), usegmt=True)
    if form == "unixtimestamp":
        return str(to_number(at))
    raise ValueError(f"{form!r} is not a timestamp format")


def _milliseconds(at: datetime) -> str:
    milliseconds = at.microsecond // 1000
    return f".{milliseconds:03d}" if milliseconds else ""


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a timestamp on the wire needs a time zone")
    return at.astimezone(UTC)
