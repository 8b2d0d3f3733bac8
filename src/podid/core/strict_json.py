"""JSON as podid reads it from strangers: UTF-8, bounded in size and depth, no key twice, no NaN, no number without end.

RFC 8259 leaves repeated names undefined, and readers differ on which one counts: a signature checked over one and a decision made over the
other is a hole. So a repeated name is a refusal here.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

MAX_DEPTH = 128
"""Levels of arrays and objects. AWS's own readers stop in the low hundreds; no modelled input comes near."""

_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_OPENING = (b"[", b"{")
_CLOSING = (b"]", b"}")
_SHORT = 64 * 1024
"""Bytes of a text that is worth the quick way."""
_NOT_PLAIN: Any = object()
_OUT_OF_RANGE = "the JSON text holds a value out of range"


class MalformedJson(ValueError):
    """The bytes are not JSON that podid reads; `str()` says why and quotes nothing of them."""


def parse_json(data: bytes, *, max_size: int, max_depth: int = MAX_DEPTH) -> Any:
    """Read one JSON text. Raises MalformedJson."""
    if len(data) > max_size:
        raise MalformedJson(f"the JSON text has {len(data)} bytes, more than {max_size}")
    value = _read_plain(data, max_depth)
    if value is not _NOT_PLAIN:
        return value
    # The count of opening brackets bounds the depth; only a suspect text is walked.
    if data.count(b"[") + data.count(b"{") > max_depth and _depth(data, max_depth) > max_depth:
        raise MalformedJson(f"the JSON text is nested deeper than {max_depth} levels")
    try:
        text = data.decode("utf-8")
        value = _DECODER.decode(text)
    except MalformedJson:
        raise
    except UnicodeDecodeError as error:
        raise MalformedJson("the JSON text is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at character {error.pos}") from error
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits
        raise MalformedJson(_OUT_OF_RANGE) from error
    if "\\u" in text and not _is_unicode(value):
        raise MalformedJson("the JSON text holds half of a surrogate pair")
    return value


def has_strings(data: bytes, count: int) -> bool:
    """Whether a valid JSON text holds no more strings than the `count` that were read of it, the names in its objects included.

    This is how a reader that lets a repeated name through proves that there was none: the text then has more strings than what was read of
    it, where that name is there once. A string has two quotation marks, and one more for each that is escaped; no others are there. So a text
    with an escaped one is taken for one that holds more.
    """
    return data.count(b'"') == 2 * count


def _read_plain(data: bytes, max_depth: int) -> Any:
    """The value of an ordinary text, at a third of the time; else _NOT_PLAIN: the careful reader has to look, and to say what is wrong.

    msgspec reads what the standard library reads, but lets a repeated name through. None was there where the strings of the text are as many
    as those of the value; nor where writing the value gives the same text again, escaped quotation marks included.
    """
    if len(data) > _SHORT:
        return _NOT_PLAIN  # it would be held several times over
    try:
        value = _QUICK.decode(data)
        if has_strings(data, _strings_in(value, max_depth)) or _QUICK_WRITER.encode(value) == data:
            return value
    except (ValueError, RecursionError):
        pass
    return _NOT_PLAIN


def _strings_in(value: Any, levels: int) -> int:
    """How many strings a value has, the names in its objects included. Raises RecursionError where there are more levels."""
    kind = type(value)
    count = 0
    if kind is dict:
        count = len(value)
        value = value.values()
    elif kind is not list:
        return 1 if kind is str else 0
    if levels <= 0:
        raise RecursionError
    for item in value:
        kind = type(item)
        if kind is str:
            count += 1
        elif kind is dict or kind is list:
            count += _strings_in(item, levels - 1)
    return count


def _depth(data: bytes, limit: int) -> int:
    depth = deepest = 0
    for found in _STRING_OR_BRACKET.finditer(data):
        token = found.group()
        if token in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
            if deepest > limit:
                break
        elif token in _CLOSING:
            depth -= 1
    return deepest


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson("an object of the JSON text has a name twice")
    return found


def _constant(name: str) -> Any:
    raise MalformedJson(f"{name} is not JSON")


def _fraction(text: str) -> float:
    value = float(text)
    if math.isinf(value):  # 1e400
        raise MalformedJson(_OUT_OF_RANGE)
    return value


def _is_unicode(value: Any) -> bool:
    """Whether every string within can be written as UTF-8. Depth is bounded by now."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(_is_unicode(key) and _is_unicode(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_unicode(item) for item in value)
    return True


_QUICK = msgspec.json.Decoder()
_QUICK_WRITER = msgspec.json.Encoder()
_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_fraction)
