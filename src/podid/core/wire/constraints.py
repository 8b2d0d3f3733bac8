"""The constraints of a model, checked as AWS's own validation layer checks and words them:

    1 validation error detected: Value 'x' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64

All failures of a request are told at once, separated by `; `. A place is the path of members, each beginning with a small letter, list items
as `N.member`, map entries as `KEY.member`. The value of a secret is not repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from podid.core.secret_members import SECRET_MEMBERS
from podid.core.wire import patterns
from podid.core.wire.shapes import Member, Shape

MAX_TOLD = 10
_LONGEST_VALUE = 256


class _OfPattern(str):
    """A failure to be of a member's pattern."""

    __slots__ = ()


def violations(shape: Shape, members: dict[str, Any], *, patterns: bool = True) -> list[str]:
    """What breaks the model, in the model's order; at most MAX_TOLD. Without `patterns` a text may have any form."""
    found = []
    for problem in _structure(shape, members, ""):
        if not patterns and isinstance(problem, _OfPattern):
            continue
        found.append(problem)
        if len(found) >= MAX_TOLD:
            break
    return found


def sentence(problems: list[str]) -> str:
    """One text for all."""
    plural = "s" if len(problems) > 1 else ""
    return f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}"


def _structure(shape: Shape, members: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        value = members.get(name)
        place = path + name[:1].lower() + name[1:]
        if value is None:
            # Idempotency tokens are required in some models, and SDKs make them up: the service has to live without.
            if name in shape.required and not member.idempotency_token:
                yield _told(None, place, "Member must not be null")
        elif value == {} and member.shape.type == "map" and name not in shape.required:
            continue  # Clients in Go write a map that holds nothing (eksctl's tags), which services take for none.
        elif _is_constrained(member):
            yield from _value(member, value, place)


def _value(member: Member, value: Any, place: str) -> Iterator[str]:
    kind = member.shape.type
    if kind == "structure":
        if isinstance(value, dict) and not member.shape.document:
            yield from _structure(member.shape, value, place + ".")
    elif kind == "list":
        yield from _length(member, value, place)
        yield from _items(member.shape, value, place)
    elif kind == "map":
        yield from _length(member, value, place)
        for key, held in value.items():
            yield from _value(member.shape.key, key, f"{place}.{key[:64]}")
            at = f"{place}.{key[:64]}.member"
            if held is not None:
                yield from _value(member.shape.value, held, at)
            elif not member.shape.raw.sparse:
                yield _told(None, at, "Member must not be null")
    elif kind == "string":
        yield from _length(member, value, place)
        yield from _text(member, value, place)
    elif kind == "blob":
        yield from _length(member, value, place)
    elif kind in ("integer", "long", "float", "double"):
        yield from _number(member, value, place)


def _items(shape: Shape, value: list[Any], place: str) -> Iterator[str]:
    item = shape.item
    for position, held in enumerate(value, 1):
        at = f"{place}.{position}.member"
        if held is not None:
            yield from _value(item, held, at)
        elif not shape.raw.sparse:
            yield _told(None, at, "Member must not be null")


def _length(member: Member, value: Any, place: str) -> Iterator[str]:
    raw = member.shape.raw
    size = len(value)
    if raw.min is not None and size < raw.min:
        yield _told(value, place, f"Member must have length greater than or equal to {raw.min}", member)
    if raw.max is not None and size > raw.max:
        yield _told(value, place, f"Member must have length less than or equal to {raw.max}", member)


def _text(member: Member, value: str, place: str) -> Iterator[str]:
    raw = member.shape.raw
    if member.enum and value not in member.enum:
        yield _told(value, place, f"Member must satisfy enum value set: [{', '.join(member.enum)}]", member)
    too_long = raw.max is not None and len(value) > raw.max
    if raw.pattern and not too_long and not patterns.matches(raw.pattern, value):
        yield _OfPattern(_told(value, place, f"Member must satisfy regular expression pattern: {raw.pattern}", member))


def _number(member: Member, value: float, place: str) -> Iterator[str]:
    raw = member.shape.raw
    if raw.min is not None and value < raw.min:
        yield _told(value, place, f"Member must have value greater than or equal to {raw.min}", member)
    if raw.max is not None and value > raw.max:
        yield _told(value, place, f"Member must have value less than or equal to {raw.max}", member)


def _told(value: Any, place: str, constraint: str, member: Member | None = None) -> str:
    if member is None or value is None:
        return f"Value null at '{place}' failed to satisfy constraint: {constraint}"
    if _is_secret(member.shape, place.rpartition(".")[2]):
        return f"Value at '{place}' failed to satisfy constraint: {constraint}"
    return f"Value '{_shown(value, member.shape)}' at '{place}' failed to satisfy constraint: {constraint}"


def _is_secret(shape: Shape, name: str) -> bool:
    return shape.sensitive or name.lower() in SECRET_MEMBERS


def _shown(value: Any, shape: Shape) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if shape.document:
        return "..."
    if isinstance(value, list):
        item = shape.item.shape
        value = "[" + ", ".join("..." if item.sensitive else _shown(held, item) for held in value[:8]) + "]"
    elif isinstance(value, dict):
        value = "{" + ", ".join(f"{key}={_shown_in(shape, key, held)}" for key, held in list(value.items())[:8]) + "}"
    elif isinstance(value, datetime):
        value = value.isoformat()
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."


def _shown_in(shape: Shape, name: str, value: Any) -> str:
    """A value of a map, or of a structure's member."""
    held = shape.value if shape.type == "map" else shape.members.get(name)
    return "..." if held is None or _is_secret(held.shape, name) else _shown(value, held.shape)


_constrained: WeakKeyDictionary[Shape, bool] = WeakKeyDictionary()


def _is_constrained(member: Member) -> bool:
    """Whether anything in or under a member can be wrong; most of a deep structure often cannot."""
    return bool(member.enum) or _shape_is_constrained(member.shape)


def _shape_is_constrained(shape: Shape) -> bool:
    known = _constrained.get(shape)
    if known is not None:
        return known
    # A recursive shape is taken for constrained: it is then only walked in vain.
    _constrained[shape] = True
    raw = shape.raw
    held: list[Member] = []
    if shape.type == "structure":
        held = list(shape.members.values())
    elif shape.type == "list":
        held = [shape.item]
    elif shape.type == "map":
        held = [shape.key, shape.value]
    own = raw.min is not None or raw.max is not None or bool(raw.pattern or raw.enum or shape.required)
    # A null in a list or a map is a failure of its own, so these are always walked.
    result = own or shape.type in ("list", "map") or any(_is_constrained(member) for member in held)
    _constrained[shape] = result
    return result
