"""A story of calls: what is asked, what it must answer, and what later calls need of the answer. boto3 and `aws` tell the same ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

Memory = dict[str, Any]


class Of(Struct, frozen=True):
    """Something an earlier answer said, or a test prepared, by its name in the memory; `make` makes the value of it."""

    name: str
    make: Callable[[Any], Any] = lambda value: value


class Step(Struct, frozen=True, kw_only=True):
    """One call. `refused` is the code it must fail with; empty where it must succeed."""

    service: str
    operation: str
    members: Mapping[str, Any]
    refused: str = ""
    keep: Mapping[str, str] = {}
    """What later steps need: name in the memory, and the path of members to it (`AccessKey.AccessKeyId`)."""
    expect: Mapping[str, Any] = {}
    """Paths of members, and what they must be."""
    who: str = "admin"

    @property
    def label(self) -> str:
        return f"{self.service} {self.operation} {self.refused or 'succeeds'}"


class Service:
    """Writes steps for one service: `ok` for what must succeed, `no` for what must be refused with a code."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ok(
        self,
        operation: str,
        keep: Mapping[str, str] | None = None,
        expect: Mapping[str, Any] | None = None,
        who: str = "admin",
        **members: Any,
    ) -> Step:
        return Step(
            service=self.name, operation=operation, members=members, keep=keep or {}, expect=expect or {}, who=who
        )

    def no(self, refused: str, operation: str, who: str = "admin", **members: Any) -> Step:
        return Step(service=self.name, operation=operation, members=members, refused=refused, who=who)


def resolved(value: Any, memory: Memory) -> Any:
    """A value with everything in it that stands for something remembered."""
    if isinstance(value, Of):
        return value.make(memory[value.name])
    if isinstance(value, Mapping):
        return {key: resolved(inner, memory) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(inner, memory) for inner in value]
    return value


def at(answer: Any, path: str) -> Any:
    """What stands at a path of an answer; a number is a place in a list, `#` the number of items."""
    for part in path.split("."):
        if part == "#":
            return len(answer)
        answer = answer[int(part)] if isinstance(answer, list) else answer.get(part)
        if answer is None:
            return None
    return answer
