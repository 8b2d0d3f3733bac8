"""Reading Kubernetes' protobuf, which kubectl's typed clients send from 1.32 on. Writing it is never needed: they all accept JSON.

The envelope is four bytes, `k8s` and a zero, then a message Unknown {1 typeMeta {1 apiVersion, 2 kind}, 2 raw, 3 contentEncoding,
4 contentType}; `raw` is the object. Field numbers come from `objects.fields`; unknown fields are skipped. An encoder of Go also
writes scalars that are not set, as empty ones: they are left out, as its JSON leaves them out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from podid.localcluster.objects.fields import Type, WireField, find_type
from podid.localcluster.objects.metadata import micro_timestamp, timestamp

ENVELOPE: Final = b"k8s\0"
MAX_DEPTH: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(ValueError):
    """Not a message that can be read here; the text says what to do instead."""


def read_envelope(body: bytes, type_name: str = "") -> dict[str, Any]:
    """The object in an envelope, as its JSON would be. Raises Unreadable, also for a type without a field table."""
    if not body.startswith(ENVELOPE):
        raise Unreadable("the body does not begin with the protobuf envelope of Kubernetes")
    api_version = kind = ""
    raw = b""
    for number, value in _fields(body[len(ENVELOPE) :]):
        if number == 1:
            for inner, text in _fields(_bytes(value)):
                if inner == 1:
                    api_version = _text(text)
                elif inner == 2:
                    kind = _text(text)
        elif number == 2:
            raw = _bytes(value)
        elif number == 3 and _bytes(value):
            raise Unreadable("a protobuf envelope with a contentEncoding is not accepted")
    type_ = find_type(kind or type_name)
    if type_ is None:
        raise Unreadable(
            f"the local cluster cannot read a protobuf {kind or 'object'}: use kubectl apply -f, or "
            "kubectl create --dry-run=client -o yaml and apply that"
        )
    return {"apiVersion": api_version, "kind": kind or type_name, **read_message(raw, type_)}


def read_message(raw: bytes, type_: Type, depth: int = 0) -> dict[str, Any]:
    """One message by its field table. Raises Unreadable."""
    if depth > MAX_DEPTH:
        raise Unreadable(f"the protobuf message is nested more than {MAX_DEPTH} levels deep")
    found: dict[str, Any] = {}
    for number, value in _fields(raw):
        field = type_.wire.get(number)
        if field is None:
            continue
        if field.name == ".":
            inner = find_type(field.type)
            if inner is not None:
                found.update(read_message(_bytes(value), inner, depth + 1))
        elif field.by_name:
            key, entry = _entry(_bytes(value), field, depth)
            found.setdefault(field.name, {})[key] = entry
        elif field.many:
            found.setdefault(field.name, []).extend(_several(value, field, depth))
        else:
            one = _value(value, field, depth)
            if one is not None and (one or field.keeps_zero or isinstance(one, dict)):
                found[field.name] = one
    return found


def _several(value: int | bytes, field: WireField, depth: int) -> list[Any]:
    """Elements of a repeated field: numbers may come packed in one run."""
    if field.type in ("int32", "int64") and isinstance(value, bytes):
        found, at = [], 0
        while at < len(value):
            number, at = _varint(value, at)
            found.append(_signed(number))
        return found
    return [_value(value, field, depth)]


def _entry(raw: bytes, field: WireField, depth: int) -> tuple[str, Any]:
    key, value = "", None
    for number, part in _fields(raw):
        if number == 1:
            key = _text(part)
        elif number == 2:
            value = _value(part, field, depth)
    empty: Any = "" if field.type in ("string", "bytes", "quantity") else {}
    return key, empty if value is None else value


def _value(value: int | bytes, field: WireField, depth: int) -> Any:
    match field.type:
        case "string":
            return _text(value)
        case "bool":
            return bool(value)
        case "int32" | "int64":
            return _signed(_integer(value))
        case "bytes":
            return base64.b64encode(_bytes(value)).decode()
        case "time" | "microtime":
            return _time(_bytes(value), micro=field.type == "microtime")
        case "quantity":
            return next((_text(part) for number, part in _fields(_bytes(value)) if number == 1), None)
        case "intorstring":
            return _int_or_string(_bytes(value))
        case "object":
            return _raw_object(_bytes(value))
    inner = find_type(field.type)
    return None if inner is None else read_message(_bytes(value), inner, depth + 1)


def _time(raw: bytes, *, micro: bool) -> str | None:
    seconds = nanos = 0
    for number, part in _fields(raw):
        if number == 1:
            seconds = _signed(_integer(part))
        elif number == 2:
            nanos = _signed(_integer(part))
    if not raw:
        return None
    try:
        instant = _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError as problem:
        raise Unreadable("a time is out of range") from problem
    return micro_timestamp(instant) if micro else timestamp(instant)


def _int_or_string(raw: bytes) -> int | str:
    kind, number, text = 0, 0, ""
    for field, part in _fields(raw):
        if field == 1:
            kind = _integer(part)
        elif field == 2:
            number = _signed(_integer(part))
        elif field == 3:
            text = _text(part)
    return text if kind == 1 else number


def _raw_object(raw: bytes) -> Any:
    """A RawExtension or FieldsV1: JSON in field 1."""
    import json

    for number, part in _fields(raw):
        if number == 1 and part:
            try:
                return json.loads(_bytes(part))
            except (ValueError, RecursionError) as problem:
                raise Unreadable("an embedded object is not JSON") from problem
    return None


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(raw, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(raw, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise Unreadable(f"the protobuf message has wire type {wire}")
        if at + size > len(raw):
            raise Unreadable("the protobuf message is cut short")
        yield number, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(raw) or shift > 63:
            raise Unreadable("the protobuf message has a broken number")
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
        shift += 7


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _integer(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise Unreadable("the protobuf message has bytes where a number belongs")
    return value


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise Unreadable("the protobuf message has a number where bytes belong")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError as problem:
        raise Unreadable("a string of the protobuf message is not UTF-8") from problem
