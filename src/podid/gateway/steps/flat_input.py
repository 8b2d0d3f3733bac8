"""The short way for input that is nothing but texts in the path and in a JSON object, such as AssumeRoleForPodIdentity's.

It makes the checks of `wire.read_input`, by the same model, and gives the same members; where anything is out of the ordinary it gives
nothing, and the long way has its say, and its words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from msgspec import Struct

from podid.core.caller import Input
from podid.core.http import HttpRequest
from podid.core.strict_json import MalformedJson, parse_json
from podid.core.wire import Match, OperationModel
from podid.core.wire.patterns import matches

_LONGEST: Final = 64 * 1024
"""Bytes of a body."""


class _Text(Struct, frozen=True):
    """A member: where it stands and what it must be."""

    name: str
    wire_name: str
    in_path: bool
    required: bool
    least: int
    most: int
    has_form: Callable[[str], object]
    """What is true of a text that is of the model's pattern."""


def read_flat(match: Match, request: HttpRequest) -> Input | None:
    """The members of the input, which keep to the model; None where the long way has to look."""
    texts = _texts(match.operation)
    if texts is None or request.query or not 0 < len(request.body) <= _LONGEST:
        return None
    try:
        given = parse_json(request.body, max_size=_LONGEST)
    except MalformedJson:
        return None
    if type(given) is not dict:
        return None
    members = {}
    for text in texts:
        value = match.path_members.get(text.name) if text.in_path else given.get(text.wire_name)
        if value is None:
            if text.required:
                return None
            continue
        if type(value) is not str or not text.least <= len(value) <= text.most:
            return None
        if not text.has_form(value):
            return None
        members[text.name] = value
    return members


def _anything(_text: str) -> bool:
    return True


@lru_cache(512)
def _texts(operation: OperationModel) -> tuple[_Text, ...] | None:
    """The members of an operation whose input is texts; None for any other."""
    shape = operation.input
    if shape is None or shape.payload is not None:
        return None
    members = list(shape.members.values())
    if any(member.shape.type != "string" or member.enum or member.location not in ("", "uri") for member in members):
        return None
    return tuple(
        _Text(
            name=member.name,
            wire_name=member.wire_name,
            in_path=member.location == "uri",
            required=member.name in shape.required and not member.idempotency_token,
            least=int(member.shape.raw.min or 0),
            most=int(_LONGEST if member.shape.raw.max is None else member.shape.raw.max),
            has_form=partial(matches, member.shape.raw.pattern) if member.shape.raw.pattern else _anything,
        )
        for member in members
    )
