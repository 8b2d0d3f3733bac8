"""How much is kept of each text: what is larger, or what a database cannot hold, is cut or replaced before it is written."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from podid.audit.entry import MAX_TEXT
from podid.audit.proceedings import MAX_AGENT, MAX_HOST, Called
from podid.audit.shown import MAX_SHOWN
from podid.audit.trail import MAX_EVENT

_LONGEST: Final = {
    "request_id": 64,
    "account": 12,
    "region": 32,
    "caller_arn": MAX_TEXT,
    "access_key_id": 128,
    "source_ip": 64,
    "user_agent": MAX_AGENT,
    "host": MAX_HOST,
    "action": 256,
    "resource": MAX_TEXT,
    "outcome": 32,
    "decided_by": MAX_TEXT,
    "error_code": 128,
    "reason": MAX_TEXT,
    "policy": MAX_EVENT,
    "event": 2 * MAX_EVENT,
}
"""Characters of texts by the name of their member; others have MAX_SHOWN."""

_LARGEST: Final = 4 * MAX_EVENT
"""Bytes of a call's parameters and answer: so many are more characters than an event has."""


def bounded(value: Any, name: str = "") -> Any:
    """The same value with no text longer than is kept, and with `?` for half a character (half of a surrogate pair)."""
    if isinstance(value, str):
        return value[: _LONGEST.get(name, MAX_SHOWN)].encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Called):
        value = _without_bulk(value)
    if isinstance(value, Struct):
        return type(value)(**{field: bounded(getattr(value, field), field) for field in value.__struct_fields__})
    if isinstance(value, dict):
        return {bounded(key): bounded(inner) for key, inner in value.items()}
    if name == "decided_by":
        return tuple(bounded("\n".join(value), name).split("\n")) if value else ()
    if isinstance(value, list | tuple):
        return type(value)(bounded(inner) for inner in value)
    return value


def _without_bulk(call: Called) -> Called:
    parameters, answer = bounded(call.parameters), bounded(call.answer)
    if len(msgspec.msgpack.encode((parameters, answer))) <= _LARGEST:
        return call
    return msgspec.structs.replace(call, parameters=None, answer=None, omitted=True)
