"""JSON of cases: no name twice, numbers as they were written, and a way to tell names that stand twice from parts that are not even read.

The parts of a case that are policies stay bytes until somebody asks for them, and most are known by then. So a case is read in two ways: into
parts, quickly, and once more without the long parts, where a name that stands twice shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from podid.policy_tools.cases.problem import BadCase, quoted

_LONG = 64
"""Bytes from which on a part is cut out: no shorter part holds anything worth the cut, and a short one may stand elsewhere by chance."""


class Number(str):
    """A number, as it was written."""

    __slots__ = ()


def read_strictly(data: bytes, what: str) -> Any:
    """The value of a JSON text. Raises BadCase."""
    try:
        return _DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadCase(f"{what}: not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadCase(f"{what}: {error.msg.lower()} at character {error.pos}") from None
    except RecursionError:
        raise BadCase(f"{what}: nested too deep") from None


def read_around(data: bytes, parts: Iterable[bytes], what: str) -> Any:
    """The value of a JSON text, with `parts` left out: values of it that are looked at elsewhere. Raises BadCase, also where a name stands twice."""
    for part in sorted(parts, key=len, reverse=True):
        if len(part) < _LONG:
            break
        data = data.replace(part, b"0")
    return read_strictly(data, what)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise BadCase(f"the name {quoted(name)} stands twice in one object")
            seen.add(name)
    return found


def _no_constant(name: str) -> Any:
    raise BadCase(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=Number, parse_float=Number, parse_constant=_no_constant)
