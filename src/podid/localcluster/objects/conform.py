"""Making an object fit its type, as decoding it into Kubernetes' own types does: what it does not have is named and left out.

`null` counts as absent, and so do empty values of most fields (`objects.fields` knows which). A value of the wrong type is an error at once; unknown fields are returned, because `fieldValidation` says what
to do about them. Everything behind this may rely on the types.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

from podid.localcluster.objects.errors import BadRequest
from podid.localcluster.objects.fields import SCALARS, Field, Type, find_type
from podid.localcluster.objects.kinds import Kind
from podid.localcluster.objects.metadata import parse_timestamp
from podid.localcluster.ports import Object

MAX_UNKNOWN: Final = 50
"""How many unknown fields are named; more help nobody."""


class Mistyped(Exception):
    """A value is of another type than its field: `.path`, `.found`, `.wanted`."""

    def __init__(self, path: str, found: str, wanted: str) -> None:
        super().__init__(path)
        self.path, self.found, self.wanted = path, found, wanted


def conform(obj: Object, kind: Kind) -> tuple[Object, list[str]]:
    """A copy of the object that fits its kind, and the paths of the fields it had beyond. Raises BadRequest."""
    return conform_to(obj, kind.kind, kind.version)


def conform_to(obj: Object, type_name: str, version: str = "v1") -> tuple[Object, list[str]]:
    """As `conform`, by the name of a type."""
    type_ = find_type(type_name)
    assert type_ is not None, type_name
    unknown: list[str] = []
    head = {name: obj[name] for name in ("apiVersion", "kind") if isinstance(obj.get(name), str)}
    rest = {name: value for name, value in obj.items() if name not in ("apiVersion", "kind")}
    try:
        return head | _object(rest, type_, "", unknown), unknown
    except Mistyped as problem:
        raise BadRequest(
            f'{type_name} in version "{version}" cannot be handled as a {type_name}: json: cannot unmarshal '
            f"{problem.found} into Go struct field {type_name}.{problem.path} of type {problem.wanted}"
        ) from problem


def _object(value: Any, type_: Type, path: str, unknown: list[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Mistyped(path, _named(value), type_.name)
    found: dict[str, Any] = {}
    for name, inner in value.items():
        at = f"{path}.{name}" if path else str(name)
        field = type_.fields.get(name)
        if field is None:
            if len(unknown) < MAX_UNKNOWN:
                unknown.append(at)
        elif inner is not None:
            member = _member(inner, field, at, unknown)
            if field.keeps_zero or not _is_zero(member, field):
                found[name] = member
    return found


def _is_zero(value: Any, field: Field) -> bool:
    """Whether Kubernetes takes the value as absent: structs, times and the like never are, once they are there."""
    if field.many or field.by_name:
        return not value
    return field.type in ("string", "bool", "int32", "int64", "bytes") and not value


def _member(value: Any, field: Field, path: str, unknown: list[str]) -> Any:
    if field.many:
        if not isinstance(value, list):
            raise Mistyped(path, _named(value), f"[]{field.type}")
        return [_one(inner, field, f"{path}[{index}]", unknown) for index, inner in enumerate(value)]
    if field.by_name:
        if not isinstance(value, dict):
            raise Mistyped(path, _named(value), f"map[string]{field.type}")
        return {key: _one(inner, field, f"{path}.{key}", unknown) for key, inner in value.items() if inner is not None}
    return _one(value, field, path, unknown)


def _one(value: Any, field: Field, path: str, unknown: list[str]) -> Any:
    if field.type in SCALARS:
        return _SCALAR[field.type](value, path)
    if field.type == "object":
        return value
    type_ = find_type(field.type)
    return value if type_ is None else _object(value, type_, path, unknown)


def _string(value: Any, path: str) -> Any:
    if not isinstance(value, str):
        raise Mistyped(path, _named(value), "string")
    return value


def _bool(value: Any, path: str) -> Any:
    if not isinstance(value, bool):
        raise Mistyped(path, _named(value), "bool")
    return value


def _integer(bits: int) -> Callable[[Any, str], Any]:
    def check(value: Any, path: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int) or not -(1 << bits - 1) <= value < 1 << bits - 1:
            shown = (
                f"number {value}" if isinstance(value, (int, float)) and not isinstance(value, bool) else _named(value)
            )
            raise Mistyped(path, shown[:60], f"int{bits}")
        return value

    return check


def _bytes(value: Any, path: str) -> Any:
    try:
        base64.b64decode(_string(value, path), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Mistyped(path, "string that is not base64", "[]uint8") from problem
    return value


def _time(value: Any, path: str) -> Any:
    if parse_timestamp(value) is None:
        raise Mistyped(path, _named(value), "Time (RFC 3339)")
    return value


def _quantity(value: Any, path: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Mistyped(path, _named(value), "Quantity")
    return str(value)


def _int_or_string(value: Any, path: str) -> Any:
    return value if isinstance(value, str) else _integer(32)(value, path)


_SCALAR: Final[dict[str, Callable[[Any, str], Any]]] = {
    "string": _string,
    "bool": _bool,
    "int32": _integer(32),
    "int64": _integer(64),
    "bytes": _bytes,
    "time": _time,
    "microtime": _time,
    "quantity": _quantity,
    "intorstring": _int_or_string,
}


def _named(value: Any) -> str:
    """What JSON calls the value's type."""
    if value is None:
        return "null"
    for type_, name in ((bool, "bool"), (str, "string"), (int | float, "number"), (list, "array")):
        if isinstance(value, type_):
            return name
    return "object"
