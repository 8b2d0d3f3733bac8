"""JSON as policies need it: no key twice, numbers kept as written, and a way back from a value to its place in the text.

Positions are not kept while reading, which is the frequent and quick case; only when a fault is reported is the text walked again, along
the path to the faulty value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from podid.core.policy.malformed import Position

Path = tuple[str | int, ...]
"""Keys and indexes from the top to a value."""

DEEPEST = 16
"""Levels of nesting. A policy needs six: document, Statement, a statement, Condition, an operator, a list of values."""

# Strings never backtrack, and one that does not end takes the rest: each character is looked at once, whatever the text.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.DOTALL)
_OPENING = {"{": "}", "[": "]"}


class NotJson(ValueError):
    """Text that is not JSON, or not such as is taken here."""

    def __init__(self, problem: str, offset: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.offset = offset


class Number(str):
    """A number, as it was written."""

    __slots__ = ()


class _Repeated(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def read_json(text: str) -> Any:
    """The value of a JSON text (RFC 8259): dict, list, str, Number, bool or None.

    Raises NotJson for what is not JSON, nests deeper than `DEEPEST`, or has a key twice in one object.
    """
    _check_depth(text)
    try:
        if text.startswith("\ufeff"):
            raise json.JSONDecodeError("unexpected byte order mark", text, 0)
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(error.msg.lower(), error.pos) from error
    except _Repeated as error:
        raise NotJson(f"the key {error.key!r} stands twice in one object", _second_place(text)) from error


def _check_depth(text: str) -> None:
    """Refuse deep nesting before it is walked into."""
    if text.count("{") + text.count("[") <= DEEPEST:
        return
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "["):
            depth += 1
            if depth > DEEPEST:
                raise NotJson(f"nested deeper than {DEEPEST} levels", token.start())
        elif token[0] in ("}", "]"):
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Repeated(key[:100])
            seen.add(key)
    return found


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_no_constant
)


def position_of(text: str, offset: int) -> Position:
    """Line and column of an offset."""
    before = text[:offset]
    return Position(offset, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def place_of(text: str, path: Path) -> int:
    """The offset of the value at a path of a text that `read_json` took; of the nearest value above, where the path leads nowhere."""
    offset = 0
    for reached, at in _walk(text):
        if path[: len(reached)] == reached:
            offset = at
            if reached == path:
                break
    return offset


def _second_place(text: str) -> int:
    """The offset of the first value whose path was there before."""
    seen: set[Path] = set()
    for path, at in _walk(text):
        if path in seen:
            return at
        seen.add(path)
    return 0


def _walk(text: str) -> Iterator[tuple[Path, int]]:
    """Every value's path and offset, in the order of the text, which is JSON as far as anybody goes on asking."""
    path: list[str | int] = []
    containers: list[str] = []
    key: str | None = None
    for token in _TOKEN.finditer(text):
        kind = token[0]
        if kind in "}]":
            containers.pop()
            if path:
                path.pop()
        elif kind == ",":
            if containers[-1] == "[":
                path[-1] = int(path[-1]) + 1
            else:
                key = None
        elif kind == ":":
            continue
        elif containers and containers[-1] == "{" and key is None:
            key = json.loads(kind)
            path[-1] = key or ""
        else:
            yield tuple(path), token.start()
            if kind in _OPENING:
                containers.append(kind)
                path.append(0 if kind == "[" else "")
                key = None
