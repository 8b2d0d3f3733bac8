"""The condition keys of a request, as JSON or as flags have them, as the engine wants them: each key with all its values, as texts.

Source: the IAM user guide, "The request context": values are texts, numbers, dates or booleans, one or several of them; a key's name has no
case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from podid.policy_tools.cases.problem import BadCase, quoted

MOST_VALUES = 1_000


def read_context(given: Any) -> dict[str, tuple[str, ...]]:
    """Keys in lower case with their values, none for null. Numbers come as texts, in the way they were written (`strict.py`). Raises BadCase."""
    if not isinstance(given, Mapping):
        raise BadCase("context: expected an object of condition keys and values")
    found: dict[str, tuple[str, ...]] = {}
    for key, value in given.items():
        lowered = key.lower()
        if not lowered:
            raise BadCase("context: a condition key has a name")
        if lowered in found:
            raise BadCase(f"context: the key {quoted(key)} is there twice (case does not count)")
        if type(value) is str:
            found[lowered] = (value,)
        elif value is None:
            found[lowered] = ()
        elif isinstance(value, list):
            found[lowered] = tuple(_text(key, each) for each in value)
        else:
            found[lowered] = (_text(key, value),)
    if sum(map(len, found.values())) > MOST_VALUES:
        raise BadCase(f"context: more than {MOST_VALUES} values")
    return found


def read_pairs(pairs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The context of `KEY=VALUE` texts: a key that comes again has several values. Raises BadCase."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise BadCase(f"context: expected KEY=VALUE, not {quoted(pair)}")
        found[key.lower()] = (*found.get(key.lower(), ()), value)
    return found


def _text(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (int, float)):
        return str(value)
    raise BadCase(f"context: {quoted(key)} has a value that is no text, number or boolean, nor a list of these")
