"""Members into XML text: the answers of query, ec2 and rest-xml. None is absent."""

from __future__ import annotations

import re
from typing import Any

from podid.core.wire import scalars
from podid.core.wire.shapes import Member, Shape

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}


def escape(text: str) -> str:
    """Text for an element. What XML 1.0 cannot hold at all becomes U+FFFD, so that the rest of the answer can be read."""
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], "\ufffd"), text)


def escape_attribute(text: str) -> str:
    """Text for an attribute between double quotes, where white space would be normalised away."""
    return escape(text).replace('"', "&quot;").replace("\n", "&#xA;").replace("\t", "&#x9;")


def element(name: str, text: str) -> str:
    """An element that holds text."""
    return f"<{name}>{escape(text)}</{name}>"


def namespace_attribute(namespace: dict[str, str] | str | None) -> str:
    """The ` xmlns="…"` of a place, or nothing."""
    if not namespace:
        return ""
    if isinstance(namespace, str):
        return f' xmlns="{escape_attribute(namespace)}"'
    prefix = namespace.get("prefix")
    return f' xmlns{":" + prefix if prefix else ""}="{escape_attribute(namespace["uri"])}"'


def write_members(shape: Shape, members: dict[str, Any], *, timestamp_format: str = "iso8601") -> str:
    """The elements of a structure's body members, without one around them. Raises ValueError where a value is not of its shape."""
    unknown = members.keys() - shape.members.keys()
    if unknown:
        raise ValueError(f"{shape.name} has no member {', '.join(sorted(unknown))}")
    return "".join(
        _member(member, members[member.name], timestamp_format)
        for member in shape.body_members
        if members.get(member.name) is not None and not member.xml_attribute
    )


def _member(member: Member, value: Any, form: str) -> str:
    kind = member.shape.type
    name = member.wire_name
    if kind == "list":
        item = member.shape.item
        if member.flattened:
            name = item.wire_name if item.is_named else name
            return "".join(_named(name, item, held, form) for held in value)
        return f"<{name}>{''.join(_named(item.wire_name, item, held, form) for held in value)}</{name}>"
    if kind == "map":
        if member.flattened:
            return "".join(f"<{name}>{entry}</{name}>" for entry in _entries(member, value, form))
        return f"<{name}>{''.join(f'<entry>{entry}</entry>' for entry in _entries(member, value, form))}</{name}>"
    return _named(name, member, value, form)


def _entries(member: Member, value: dict[str, Any], form: str) -> list[str]:
    key, held = member.shape.key, member.shape.value
    return [
        _named(key.wire_name, key, name, form) + _named(held.wire_name, held, item, form)
        for name, item in value.items()
    ]


def _named(name: str, member: Member, value: Any, form: str) -> str:
    shape = member.shape
    namespace = namespace_attribute(member.xml_namespace)
    if shape.type == "structure":
        if not isinstance(value, dict):
            raise ValueError(f"{member.name} is a structure, not a {type(value).__name__}")
        attributes = "".join(
            f' {one.wire_name}="{escape_attribute(scalars.to_text(one, value[one.name], timestamp_format=form))}"'
            for one in shape.body_members
            if one.xml_attribute and value.get(one.name) is not None
        )
        return f"<{name}{namespace}{attributes}>{write_members(shape, value, timestamp_format=form)}</{name}>"
    if shape.type in ("list", "map"):
        # An item that is itself a list or map has no name to repeat: it is never flattened.
        inner = _member(member, value, form)
        return inner if member.wire_name == name and not member.flattened else f"<{name}>{inner}</{name}>"
    return f"<{name}{namespace}>{escape(scalars.to_text(member, value, timestamp_format=form))}</{name}>"
