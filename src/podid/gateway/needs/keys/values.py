"""Members of an input as values of condition keys: text, whatever they were."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from podid.gateway.needs.bounds import bounded
from podid.gateway.needs.need import Asked, Need

Values = tuple[str, ...]
Reader = Callable[[Asked, Need], Values]
"""From a call, and what it needs, to the values of a key; none where the call does not have it."""


def text_of(value: Any) -> str | None:
    """A scalar as conditions write it; None for what cannot be one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime):
        return value.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return None


def below(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """What stands at a path of members; lists on the way are gone through."""
    if isinstance(value, list | tuple):
        for item in bounded(value):
            yield from below(item, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, Mapping):
        yield from below(value.get(path[0]), path[1:])


def texts(members: Mapping[str, Any], *paths: tuple[str, ...]) -> Values:
    """The distinct texts at these paths, in their order."""
    found = (text_of(value) for path in paths for value in below(members, path))
    return tuple(dict.fromkeys(text for text in found if text is not None))


def member(*path: str, default: str | None = None) -> Reader:
    """A reader of what stands at a path, or else of a default."""

    def read(asked: Asked, _need: Need) -> Values:
        found = texts(asked.members, path)
        return found or (() if default is None else (default,))

    return read


def first_of(*names: str, default: str | None = None) -> Reader:
    """A reader of the first of these members that is there."""

    def read(asked: Asked, _need: Need) -> Values:
        for name in names:
            found = texts(asked.members, (name,))
            if found:
                return found
        return () if default is None else (default,)

    return read


def always(value: str) -> Reader:
    """A reader of what is true of every such call."""

    def read(_asked: Asked, _need: Need) -> Values:
        return (value,)

    return read


def as_flag(value: Any) -> Values:
    """Whether there is something, as a condition has it."""
    return ("true" if value else "false",)
