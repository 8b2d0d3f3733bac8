"""The query protocol's request, and EC2's variant of it: structure flattened into names with dots.

    Action=CreateRole & RoleName=r & Tags.member.1.Key=k & Tags.member.1.Value=v        lists:  NAME.member.N
    Attributes.entry.1.key=k & Attributes.entry.1.value=v                               maps:   NAME.entry.N.key / .value
    Filter.1.Name=n                                                                     EC2, and flattened lists: NAME.N

The pairs become a tree first, which the shapes then walk. List positions are names like any other: the items are taken in their order, so a
request cannot make us count to a number of its choice.
"""

from __future__ import annotations

from typing import Any

from podid.core.wire import scalars
from podid.core.wire.form import Pairs
from podid.core.wire.problems import Unreadable
from podid.core.wire.shapes import Member, Shape

MAX_DEPTH = 64
_MAX_POSITION_DIGITS = 9

Node = dict[str, Any]
"""A name's parts: further names to nodes, and under "" its own text."""


def read_form(shape: Shape, pairs: Pairs, *, ec2: bool) -> dict[str, Any]:
    """The members of `shape` among the pairs. Raises Unreadable."""
    return _structure(shape, _tree(pairs), ec2)


def _tree(pairs: Pairs) -> Node:
    root: Node = {}
    for name, text in pairs:
        parts = name.split(".")
        if len(parts) > MAX_DEPTH:
            raise Unreadable(f"the parameter name {name[:80]!r} has too many parts")
        node = root
        for part in parts:
            node = node.setdefault(part or " ", {})  # an empty part names nothing: the text of a node is under ""
        if "" in node:
            raise Unreadable(f"the parameter {name[:80]!r} is given twice")
        node[""] = text
    return root


def _structure(shape: Shape, node: Node, ec2: bool) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, member in shape.members.items():
        key = _ec2_name(member) if ec2 else member.wire_name
        found = _flattened(member, node, key, ec2) if member.shape.type in ("list", "map") else node.get(key)
        if found is not None:
            members[name] = _value(member, found, ec2)
    return members


def _ec2_name(member: Member) -> str:
    if member.query_name:
        return member.query_name
    name = member.wire_name
    return name[0].upper() + name[1:] if member.is_named else name


def _flattened(member: Member, node: Node, key: str, ec2: bool) -> Node | None:
    """Where a list or map hangs. A flattened list takes the name of its items, if they have one."""
    if not ec2 and member.flattened and member.shape.type == "list" and member.shape.item.is_named:
        key = member.shape.item.wire_name
    found: Node | None = node.get(key)
    return found


def _value(member: Member, node: Node, ec2: bool) -> Any:
    kind = member.shape.type
    if kind == "structure":
        return _structure(member.shape, _without_text(member, node), ec2)
    if kind == "list":
        return _list(member, node, ec2)
    if kind == "map":
        return _map(member, node, ec2)
    if "" not in node or len(node) > 1:
        raise Unreadable(f"the parameter {member.wire_name} must be a single value")
    return scalars.from_text(member, node[""])


def _list(member: Member, node: Node, ec2: bool) -> list[Any]:
    node = _without_text(member, node)
    item = member.shape.item
    if not ec2 and not member.flattened and node:
        node = _only(member, node, item.wire_name)
    return [_value(item, child, ec2) for child in _in_order(member, node)]


def _map(member: Member, node: Node, ec2: bool) -> dict[str, Any]:
    node = _without_text(member, node)
    if not member.flattened and node:
        node = _only(member, node, "entry")
    key, held = member.shape.key, member.shape.value
    entries: dict[str, Any] = {}
    for child in _in_order(member, node):
        if key.wire_name not in child:
            raise Unreadable(f"an entry of the parameter {member.wire_name} has no {key.wire_name}")
        name = _value(key, child[key.wire_name], ec2)
        if name in entries:
            raise Unreadable(f"the parameter {member.wire_name} has an entry twice")
        entries[name] = _value(held, child[held.wire_name], ec2) if held.wire_name in child else None
    return entries


def _without_text(member: Member, node: Node) -> Node:
    """The node of a list, map or structure. `Tags=` alone is how SDKs write an empty one."""
    if "" not in node:
        return node
    if node[""] or len(node) > 1:
        raise Unreadable(f"the parameter {member.wire_name} must not be a single value")
    return {}


def _only(member: Member, node: Node, name: str) -> Node:
    if set(node) != {name}:
        raise Unreadable(f"the parameter {member.wire_name} must be written {member.wire_name}.{name}.N")
    return _without_text(member, node[name])


def _in_order(member: Member, node: Node) -> list[Node]:
    positions = {}
    for name in node:
        if not (name.isascii() and name.isdigit() and len(name) <= _MAX_POSITION_DIGITS) or int(name) in positions:
            raise Unreadable(f"{name[:80]!r} is not a position in the parameter {member.wire_name}")
        positions[int(name)] = node[name]
    return [positions[position] for position in sorted(positions)]
