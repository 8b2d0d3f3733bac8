"""What is made once for an object is never taken for another's, also where that comes to lie at the same place."""

from __future__ import annotations

from podid.audit import PerObject


class Thing:
    def __init__(self, name: str) -> None:
        self.name = name


def test_it_is_made_once_for_each_object() -> None:
    made: list[str] = []

    def make(thing: Thing) -> str:
        made.append(thing.name)
        return thing.name.upper()

    kept = PerObject(make)
    one, other = Thing("one"), Thing("other")
    assert [kept.of(thing) for thing in (one, other, one, other)] == ["ONE", "OTHER", "ONE", "OTHER"]
    assert made == ["one", "other"]


def test_no_other_object_gets_it() -> None:
    kept = PerObject[Thing, str](lambda thing: thing.name, most=10)
    for number in range(1000):  # each may lie where an earlier one lay that was given up
        assert kept.of(Thing(str(number))) == str(number)
        assert len(kept._known) <= 10
