"""Decoded JSON, or decoded CBOR, into the members of a shape. The two differ only in blobs, timestamps and special floats.

Type errors are worded as AWS's own reader words them ("NUMBER_VALUE cannot be converted to String"), as seen in DynamoDB's answers.
A null is a member that was not given. A name the model does not know is passed over: newer SDKs may send more than this model has.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from podid.core.wire import scalars, timestamps
from podid.core.wire.problems import Unreadable
from podid.core.wire.shapes import Member, Shape

Scalar = Callable[[Member, Any], Any]


def read_structure(shape: Shape, value: Any, scalar: Scalar) -> dict[str, Any]:
    """The members of `value` that travel in the body, by member name. Raises Unreadable."""
    if not isinstance(value, dict):
        raise Unreadable(_misplaced(value))
    members = {}
    for wire_name, member in shape.by_wire_name.items():
        given = value.get(wire_name)
        if given is not None:
            members[member.name] = read_value(member, given, scalar)
    return members


def read_value(member: Member, value: Any, scalar: Scalar) -> Any:
    """One value of a member's shape. Raises Unreadable."""
    shape = member.shape
    kind = shape.type
    if kind == "structure":
        return value if shape.document else read_structure(shape, value, scalar)
    if kind == "list":
        if not isinstance(value, list):
            raise Unreadable("Expected list or null")
        item = shape.item
        return [None if given is None else read_value(item, given, scalar) for given in value]
    if kind == "map":
        if not isinstance(value, dict):
            raise Unreadable("Expected map or null")
        held = shape.value
        return {_key(name): None if given is None else read_value(held, given, scalar) for name, given in value.items()}
    return scalar(member, value)


def json_scalar(member: Member, value: Any) -> Any:
    """A scalar of a JSON text: blobs are base64, timestamps numbers or text. Raises Unreadable."""
    kind = member.shape.type
    if isinstance(value, str):
        if kind == "string":
            return value
        if kind == "blob":
            return scalars.blob(value)
        if kind == "timestamp":
            return timestamps.from_text(value)
    elif kind == "timestamp" and isinstance(value, int | float) and not isinstance(value, bool):
        return timestamps.from_number(value)
    return _plain(kind, value)


def cbor_scalar(member: Member, value: Any) -> Any:
    """A scalar of a CBOR item: blobs are byte strings, timestamps tagged (and therefore read already). Raises Unreadable."""
    kind = member.shape.type
    if kind == "string" and isinstance(value, str):
        return value
    if kind == "blob" and isinstance(value, bytes):
        return value
    if kind == "timestamp" and isinstance(value, datetime):
        return value
    return _plain(kind, value)


def _plain(kind: str, value: Any) -> Any:
    if kind == "boolean":
        if isinstance(value, bool):
            return value
    elif kind in scalars.BOUNDS:
        if isinstance(value, int) and not isinstance(value, bool):
            return scalars.bounded(value, kind)
        if isinstance(value, float) and value.is_integer():
            return scalars.bounded(int(value), kind)
    elif kind in ("float", "double"):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _as_float(value)
        if isinstance(value, str):
            return scalars.special_float(value)
    if isinstance(value, dict | list):
        raise Unreadable(_misplaced(value))
    raise Unreadable(f"{_token(value)} cannot be converted to {kind.capitalize()}")


def _as_float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise Unreadable("a number is out of range") from error


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise Unreadable("the keys of a map must be text")
    return name


def _misplaced(value: Any) -> str:
    if isinstance(value, list):
        return "Start of list found where not expected"
    if isinstance(value, dict):
        return "Start of structure or map found where not expected"
    return f"{_token(value)} found where a structure or map was expected"


def _token(value: Any) -> str:
    if value is None:
        return "NULL_VALUE"
    if value is True:
        return "TRUE_VALUE"
    if value is False:
        return "FALSE_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    if isinstance(value, bytes):
        return "BLOB_VALUE"
    return "DECIMAL_VALUE" if isinstance(value, float) else "NUMBER_VALUE"
