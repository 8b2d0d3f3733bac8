"""Policies of cases: read once, kept by their very bytes, so that ten thousand questions about one policy read and compile it once.

A policy is written as an object or as a text that holds one; with a name, `{"name": …, "policy": …}`, or without. What is kept is bounded by
count and by bytes; the least recently used goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from podid.core.policy import MalformedPolicy, NamedPolicy, PolicyKind
from podid.policy_tools.cases.problem import BadCase
from podid.policy_tools.cases.strict import read_around, read_strictly
from podid.policy_tools.reading import read_asked

MOST_ENTRIES = 4_096
MOST_BYTES = 16 * 1024 * 1024
"""Of text that is kept. Compiled, a policy takes some ten times its text: so this is what a hostile stream can make us hold, 200 MiB at most."""

_Named = tuple[NamedPolicy, ...]
_Levels = tuple[_Named, ...]
_Kept = TypeVar("_Kept", NamedPolicy, _Named, _Levels)


class Shelf:
    """Where read policies are kept. Every method takes a part of a case as its bytes, and raises BadCase."""

    def __init__(self, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self._kept: OrderedDict[tuple[str, bytes], Any] = OrderedDict()
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._bytes = 0

    def one(self, data: bytes, what: str, kind: PolicyKind) -> NamedPolicy:
        """A single policy; a list of one counts as that one."""
        return self._keep(what, data, lambda: _one(data, what, kind))

    def several(self, data: bytes, what: str, kind: PolicyKind) -> _Named:
        """A list of policies; a policy alone counts as a list of one."""
        return self._keep(what, data, lambda: _several(data, what, kind))

    def levels(self, data: bytes, what: str, kind: PolicyKind) -> _Levels:
        """Levels of an organization, each with its list of policies, the root first."""
        return self._keep(what, data, lambda: _levels(data, what, kind))

    def _keep(self, what: str, data: bytes, read: Callable[[], _Kept]) -> _Kept:
        key = (what, data)
        kept: _Kept | None = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        made = read()
        self._kept[key] = made
        self._bytes += len(data)
        while len(self._kept) > 1 and (len(self._kept) > self._most_entries or self._bytes > self._most_bytes):
            (_, gone), _ = self._kept.popitem(last=False)
            self._bytes -= len(gone)
        return made


def _one(data: bytes, what: str, kind: PolicyKind) -> NamedPolicy:
    found = _several(data, what, kind)
    if len(found) != 1:
        raise BadCase(f"{what}: expected one policy, not {len(found)}")
    return found[0]


def _several(data: bytes, what: str, kind: PolicyKind) -> _Named:
    if not data.startswith(b"["):
        return (_entry(data, what, kind),)
    return tuple(_entry(bytes(part), f"{what}[{index}]", kind) for index, part in enumerate(_list(data, what)))


def _levels(data: bytes, what: str, kind: PolicyKind) -> _Levels:
    if not data.startswith(b"["):
        raise BadCase(f'{what}: expected a list of levels, {{"level": …, "policies": […]}}, the root first')
    levels: list[_Named] = []
    for index, part in enumerate(_list(data, what)):
        place = f"{what}[{index}]"
        level = bytes(part)
        if level.startswith(b"["):
            levels.append(_several(level, place, kind))
            continue
        members = _members(level, place)
        policies = members.pop("policies", None)
        name = members.pop("level", None)
        if policies is None or (name is not None and not bytes(name).startswith(_SCALAR)):
            raise BadCase(f'{place}: expected {{"level": …, "policies": […]}}')
        if not bytes(policies).startswith(b"["):
            raise BadCase(f"{place}.policies: expected a list of policies")
        levels.append(_several(bytes(policies), f"{place}.policies", kind))
    return tuple(levels)


_SCALAR = (b'"', *(str(digit).encode() for digit in range(10)))


def _entry(data: bytes, what: str, kind: PolicyKind) -> NamedPolicy:
    if data.startswith(b"{"):
        members = _members(data, what)
        if "policy" in members:
            document = bytes(members.pop("policy"))
            name, arn = (_text(members.pop(member, None), f"{what}.{member}") for member in ("name", "arn"))
            return NamedPolicy(name or what, _policy(document, what, kind), arn)
    return NamedPolicy(what, _policy(data, what, kind))


def _policy(data: bytes, what: str, kind: PolicyKind) -> Any:
    if data.startswith(b'"'):
        text = str(read_strictly(data, what))
    elif data.startswith(b"{"):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise BadCase(f"{what}: not UTF-8") from None
    else:
        raise BadCase(f"{what}: expected a policy, as an object or as a text")
    return policy_of(text, what, kind)


def policy_of(text: str, what: str, kind: PolicyKind) -> Any:
    """The policy of a text, for evaluation. Raises BadCase that says where the fault lies."""
    try:
        return read_asked(text, kind)
    except MalformedPolicy as problem:
        hint = f" ({problem.hint})" if problem.hint else ""
        place = f"line {problem.position.line}, column {problem.position.column} of the policy"
        raise BadCase(f"{what}: {problem.message.rstrip('.')}: {place}{hint}") from None


def _list(data: bytes, what: str) -> list[Raw]:
    try:
        return msgspec.json.decode(data, type=list[Raw])
    except msgspec.DecodeError as problem:
        raise BadCase(f"{what}: {problem}") from None


def _members(data: bytes, what: str) -> dict[str, Raw]:
    try:
        members = msgspec.json.decode(data, type=dict[str, Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise BadCase(f"{what}: {problem}") from None
    read_around(data, map(bytes, members.values()), what)
    return members


def _text(data: Raw | None, what: str) -> str:
    if data is None:
        return ""
    value = read_strictly(bytes(data), what)
    if type(value) is not str:
        raise BadCase(f"{what}: expected a text")
    return value
