"""Members into what JSON or CBOR holds, by member name into wire name. None is absent. A name the model does not have is our mistake."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from podid.core.wire import scalars, timestamps
from podid.core.wire.shapes import Member, Shape

Scalar = Callable[[Member, Any], Any]


def write_structure(shape: Shape, members: dict[str, Any], scalar: Scalar, *, in_body: bool = False) -> Any:
    """The structure as the wire has it; with `in_body` only the members that travel in the body. Raises ValueError."""
    if shape.document:
        return members
    out = {}
    for name, wire_name, kind, member in shape.body_rows if in_body else shape.rows:
        value = members.get(name)
        if value is None:
            continue
        if kind == "string" and type(value) is str:  # most of what there is, and as it is
            out[wire_name] = value
        elif kind == "structure" and type(value) is dict:
            out[wire_name] = write_structure(member.shape, value, scalar)
        else:
            out[wire_name] = write_value(member, value, scalar)
    if len(out) != len(members):  # some are absent, travel elsewhere, or are none of the shape's
        unknown = members.keys() - shape.members.keys()
        if unknown:
            raise ValueError(f"{shape.name} has no member {', '.join(sorted(unknown))}")
    return out


def write_value(member: Member, value: Any, scalar: Scalar) -> Any:
    """One value of a member's shape. Raises ValueError where it is not of the shape."""
    shape = member.shape
    kind = shape.type
    if kind == "structure":
        if not isinstance(value, dict) and not shape.document:
            raise ValueError(f"{member.name} is a structure, not a {type(value).__name__}")
        return write_structure(shape, value, scalar)
    if kind == "list":
        item = shape.item
        return [None if held is None else write_value(item, held, scalar) for held in value]
    if kind == "map":
        held_member = shape.value
        return {key: None if held is None else write_value(held_member, held, scalar) for key, held in value.items()}
    return scalar(member, value)


def json_scalar(member: Member, value: Any) -> Any:
    """A scalar of a JSON text. Timestamps are numbers of seconds unless the model says otherwise."""
    kind = member.shape.type
    if kind == "timestamp" and isinstance(value, datetime):
        form = member.timestamp_format or "unixtimestamp"
        return timestamps.to_number(value) if form == "unixtimestamp" else timestamps.to_text(value, form)
    if kind == "blob" and isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return _plain(member, value)


def cbor_scalar(member: Member, value: Any) -> Any:
    """A scalar of a CBOR item."""
    kind = member.shape.type
    if kind in ("float", "double") and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if (kind == "timestamp" and isinstance(value, datetime)) or (kind == "blob" and isinstance(value, bytes)):
        return value
    return _plain(member, value)


def _plain(member: Member, value: Any) -> Any:
    kind = member.shape.type
    if kind == "string" and isinstance(value, str):
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if kind in ("float", "double"):
            return scalars.to_json_float(value)
        if kind in scalars.BOUNDS and isinstance(value, int):
            return value
    raise ValueError(f"{member.name} is a {kind}, not a {type(value).__name__}")
