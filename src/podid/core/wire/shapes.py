"""The shapes of a service model, linked to each other and read at their place of use.

A shape is what a value looks like; a member is a shape in one place, with the traits of that place. A trait given at the place beats one
given with the shape, as in botocore's own resolver. Shapes are linked when first asked for: models are recursive, and most of a model is
never used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from podid.core.wire.data import RawReference, RawShape

Resolve = Callable[[str], "Shape"]


class Shape:
    """One named shape. `type` is structure, list, map, string, integer, long, float, double, boolean, blob or timestamp."""

    def __init__(self, name: str, raw: RawShape, resolve: Resolve) -> None:
        self.name = name
        self.type = raw.type
        self.raw = raw
        self.required = frozenset(raw.required)
        self.sensitive = raw.sensitive
        self.document = raw.document
        self.eventstream = raw.eventstream
        self._resolve = resolve

    def __repr__(self) -> str:
        return f"Shape({self.name}: {self.type})"

    @cached_property
    def members(self) -> dict[str, Member]:
        """The members of a structure, in the model's order."""
        return {name: Member(name, reference, self._resolve) for name, reference in self.raw.members.items()}

    @cached_property
    def item(self) -> Member:
        """What a list holds."""
        assert self.raw.member is not None
        return Member("member", self.raw.member, self._resolve)

    @cached_property
    def key(self) -> Member:
        """What names the entries of a map."""
        assert self.raw.key is not None
        return Member("key", self.raw.key, self._resolve)

    @cached_property
    def value(self) -> Member:
        """What the entries of a map hold."""
        assert self.raw.value is not None
        return Member("value", self.raw.value, self._resolve)

    @cached_property
    def payload(self) -> Member | None:
        """The member that is the whole body, where there is one."""
        return self.members[self.raw.payload] if self.raw.payload else None

    @cached_property
    def body_members(self) -> tuple[Member, ...]:
        """The members that travel in the body (rest protocols; elsewhere all do)."""
        return tuple(member for member in self.members.values() if not member.location)

    @cached_property
    def bound_members(self) -> tuple[Member, ...]:
        """The members that travel in path, query, headers or status."""
        return tuple(member for member in self.members.values() if member.location)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Of each member what writing it asks for."""
        return tuple(_row(member) for member in self.members.values())

    @cached_property
    def body_rows(self) -> tuple[Row, ...]:
        """The same, of those that travel in the body."""
        return tuple(_row(member) for member in self.body_members)

    @cached_property
    def by_wire_name(self) -> dict[str, Member]:
        """The body members by their name on the wire."""
        return {member.wire_name: member for member in self.body_members}


class Member:
    """A shape in one place.

    `name` is the member's own name, which handlers see; `wire_name` is what the message has (the locationName). `is_named` tells whether the
    model gave a wire name of its own.
    """

    def __init__(self, name: str, reference: RawReference, resolve: Resolve) -> None:
        self.shape = resolve(reference.shape)
        raw = self.shape.raw
        given = reference.location_name or raw.location_name
        self.name = name
        self.wire_name = given or name
        self.is_named = bool(given)
        self.query_name = reference.query_name
        self.location = reference.location
        self.flattened = reference.flattened or raw.flattened
        self.streaming = reference.streaming or raw.streaming
        self.jsonvalue = reference.jsonvalue or raw.jsonvalue
        self.idempotency_token = reference.idempotency_token
        self.is_host_label = reference.host_label
        self.timestamp_format = (reference.timestamp_format or raw.timestamp_format).lower()
        self.xml_namespace = reference.xml_namespace or raw.xml_namespace
        self.xml_attribute = reference.xml_attribute
        self.result_wrapper = reference.result_wrapper
        self.enum = reference.enum or raw.enum

    def __repr__(self) -> str:
        return f"Member({self.name}: {self.shape.name})"


Row = tuple[str, str, str, Member]
"""A member's name, its name on the wire, the type of its shape, and itself."""


def _row(member: Member) -> Row:
    return member.name, member.wire_name, member.shape.type, member
