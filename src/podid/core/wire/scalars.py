"""Single values as text: in a query string, a header, a path, an XML element or a form."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from datetime import datetime
from typing import Any

from podid.core.strict_json import MalformedJson, parse_json
from podid.core.wire import timestamps
from podid.core.wire.problems import Unreadable
from podid.core.wire.shapes import Member

BOUNDS = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][+-]?\d{1,4})?", re.ASCII)
_SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MAX_HEADER_JSON = 64 * 1024


def from_text(member: Member, text: str) -> Any:
    """The value that `text` spells for a member of a scalar shape. Raises Unreadable."""
    kind = member.shape.type
    if kind == "string":
        return text
    if kind == "boolean":
        return _boolean(text)
    if kind in BOUNDS:
        return _integer(text, kind)
    if kind in ("float", "double"):
        return _float(text)
    if kind == "timestamp":
        return timestamps.from_text(text)
    if kind == "blob":
        return blob(text)
    raise Unreadable(f"{member.wire_name} cannot be given as text")


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise Unreadable(f"{text[:80]!r} is not a boolean: expected true or false")
    return lowered == "true"


def _integer(text: str, kind: str) -> int:
    text = text.strip()
    if not _INTEGER.fullmatch(text):
        raise Unreadable(f"{text[:80]!r} is not an integer")
    return bounded(int(text), kind)


def bounded(value: int, kind: str) -> int:
    """An integer that fits its shape's type. Raises Unreadable."""
    least, most = BOUNDS[kind]
    if not least <= value <= most:
        raise Unreadable(f"the number {value} is out of range: expected {least} to {most}")
    return value


def _float(text: str) -> float:
    text = text.strip()
    if text in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[text]
    if not _FLOAT.fullmatch(text):
        raise Unreadable(f"{text[:80]!r} is not a number")
    return float(text)


def special_float(text: str) -> float:
    """A number that JSON has no digits for: NaN, Infinity, -Infinity. Raises Unreadable."""
    if text not in _SPECIAL_FLOATS:
        raise Unreadable("STRING_VALUE cannot be converted to Double")
    return _SPECIAL_FLOATS[text]


def blob(text: str) -> bytes:
    """Base64 of RFC 4648 section 4; white space between the digits is let pass. Raises Unreadable."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("a blob must be base64") from error


def header_json(text: str) -> Any:
    """A JSON value in a header, which travels as base64. Raises Unreadable."""
    try:
        return parse_json(blob(text), max_size=_MAX_HEADER_JSON)
    except MalformedJson as error:
        raise Unreadable(str(error)) from error


def to_header_json(value: Any) -> str:
    """The reverse of `header_json`."""
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def to_text(member: Member, value: Any, *, timestamp_format: str) -> str:
    """The text of a scalar value. `timestamp_format` is the place's default. Raises ValueError where the value is not of the shape."""
    kind = member.shape.type
    if kind == "string" and isinstance(value, str):
        return value
    if kind == "boolean" and isinstance(value, bool):
        return "true" if value else "false"
    if kind in BOUNDS and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if kind in ("float", "double") and isinstance(value, int | float) and not isinstance(value, bool):
        return str(to_json_float(value))
    if kind == "timestamp" and isinstance(value, datetime):
        return timestamps.to_text(value, member.timestamp_format or timestamp_format)
    if kind == "blob" and isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise ValueError(f"{member.name} is a {kind}, not a {type(value).__name__}")


def to_json_float(value: int | float) -> int | float | str:
    """A number as JSON can hold it: the three special values are words."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
