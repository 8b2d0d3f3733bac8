"""Handlers by operation, and calls that are carried out in parts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from podid.core.caller import ANONYMOUS, Call, Output
from podid.core.errors import NotImplementedHere
from podid.core.operations import Handler, Steps, begin, handlers_of, invoke, operation


class Room:
    """One operation at once, one in parts."""

    def __init__(self) -> None:
        self.done: list[str] = []

    @operation("Whole")
    def whole(self, call: Call, *, role_name: str = "") -> Output:
        return {"RoleName": role_name}

    @operation("InParts")
    def in_parts(self, call: Call, *, role_name: str = "", wrong: bool = False) -> Steps:
        self.done.append("first")
        yield
        if wrong:
            raise ValueError(role_name)
        self.done.append("second")
        yield
        return {"RoleName": role_name}


def call(name: str) -> Call:
    return Call(
        caller=ANONYMOUS,
        account="111122223333",
        region="us-east-1",
        partition="aws",
        now=datetime(2026, 1, 2, tzinfo=UTC),
        request_id="r",
        service="iam",
        operation=name,
    )


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def handlers(room: Room) -> dict[str, Handler]:
    return handlers_of(room)


@pytest.mark.parametrize("name", ["Whole", "InParts"])
def test_a_call_alone_is_carried_out_whole(handlers: dict[str, Handler], name: str) -> None:
    assert invoke(handlers, call(name), {"RoleName": "r"}) == {"RoleName": "r"}


def test_a_call_in_parts_begins_when_its_first_is_asked_for(room: Room, handlers: dict[str, Handler]) -> None:
    begun: Any = begin(handlers, call("InParts"), {"RoleName": "r"})
    assert room.done == []
    next(begun)
    assert room.done == ["first"]
    next(begun)
    assert room.done == ["first", "second"]
    with pytest.raises(StopIteration) as end:
        next(begun)
    assert end.value.value == {"RoleName": "r"}


def test_what_a_later_part_raises_is_raised(room: Room, handlers: dict[str, Handler]) -> None:
    with pytest.raises(ValueError, match="r"):
        invoke(handlers, call("InParts"), {"RoleName": "r", "Wrong": True})
    assert room.done == ["first"]


@pytest.mark.parametrize("name", ["Whole", "InParts", "Nothing"])
def test_what_no_handler_knows_is_told_before_anything_is_done(
    room: Room, handlers: dict[str, Handler], name: str
) -> None:
    with pytest.raises(NotImplementedHere):
        begin(handlers, call(name), {"Unheard": 1})
    assert room.done == []
