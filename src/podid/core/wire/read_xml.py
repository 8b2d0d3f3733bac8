"""An XML body (rest-xml) into the members of a shape."""

from __future__ import annotations

from typing import Any

from podid.core.wire import scalars
from podid.core.wire.problems import Unreadable
from podid.core.wire.shapes import Member, Shape
from podid.core.wire.xml_tree import Element, parse_xml


def read_document(place: Member, body: bytes) -> dict[str, Any]:
    """The structure whose root element is `body`. Raises Unreadable, also where the root has another name than the model's."""
    root = parse_xml(body)
    if place.is_named and root.name != place.wire_name:
        raise Unreadable(f"the root element must be {place.wire_name}")
    return _structure(place.shape, root)


def _structure(shape: Shape, element: Element) -> dict[str, Any]:
    by_name: dict[str, list[Element]] = {}
    for child in element.children:
        by_name.setdefault(child.name, []).append(child)
    members: dict[str, Any] = {}
    for member in shape.body_members:
        if member.xml_attribute:
            text = element.attributes.get(_local(member.wire_name))
            if text is not None:
                members[member.name] = scalars.from_text(member, text)
            continue
        found = by_name.get(_element_name(member))
        if found is None:
            continue
        if member.flattened and member.shape.type in ("list", "map"):
            members[member.name] = _repeated(member, found)
        elif len(found) > 1:
            raise Unreadable(f"the element {member.wire_name} is given twice")
        else:
            members[member.name] = _value(member, found[0])
    return members


def _element_name(member: Member) -> str:
    if member.flattened and member.shape.type == "list" and not member.is_named and member.shape.item.is_named:
        return member.shape.item.wire_name
    return member.wire_name


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _repeated(member: Member, elements: list[Element]) -> Any:
    if member.shape.type == "list":
        return [_value(member.shape.item, element) for element in elements]
    return _entries(member, elements)


def _value(member: Member, element: Element) -> Any:
    kind = member.shape.type
    if kind == "structure":
        return _structure(member.shape, element)
    if kind == "list":
        item = member.shape.item
        for child in element.children:
            if child.name != item.wire_name:
                raise Unreadable(f"the element {member.wire_name} may hold {item.wire_name} only")
        return [_value(item, child) for child in element.children]
    if kind == "map":
        return _entries(member, element.children)
    if element.children:
        raise Unreadable(f"the element {member.wire_name} must hold text only")
    return scalars.from_text(member, element.text)


def _entries(member: Member, elements: list[Element]) -> dict[str, Any]:
    key, held = member.shape.key, member.shape.value
    entries: dict[str, Any] = {}
    for element in elements:
        parts = {child.name: child for child in element.children}
        if key.wire_name not in parts or held.wire_name not in parts or len(element.children) != 2:
            raise Unreadable(f"an entry of {member.wire_name} must hold {key.wire_name} and {held.wire_name}")
        name = _value(key, parts[key.wire_name])
        if name in entries:
            raise Unreadable(f"the element {member.wire_name} has an entry twice")
        entries[name] = _value(held, parts[held.wire_name])
    return entries
