"""Calls of management APIs as CloudTrail would record them.

The shape is that of CloudTrail's record contents, version 1.09: member names begin in lower case, secrets are hidden or left out, times in
parameters are written out as CloudTrail does. Source: CloudTrail user guide, "Record contents" and "userIdentity element".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from podid.core.caller import Call, Caller, Input, Output
from podid.core.errors import AwsError

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"

_HIDDEN_MEMBERS: Final = frozenset(
    {
        "newpassword",
        "oldpassword",
        "password",
        "privatekey",
        "samlassertion",
        "secretaccesskey",
        "secretbinary",
        "secretstring",
        "sessiontoken",
        "token",
        "tokencode",
        "tradeintoken",
        "webidentitytoken",
    }
)
"""Members of whatever service that are never written down, without regard to case."""

_MAX_EVENT = 65_536
"""Characters. CloudTrail cuts parameters at 100 KB; ours are read by people."""

_MAX_TEXT = 8192
_MAX_ITEMS = 200
_MAX_DEPTH = 12


def management_event(
    call: Call,
    *,
    parameters: Input,
    answer: Output | None,
    event_id: str,
    error: AwsError | None = None,
    read_only: bool = False,
    resources: Sequence[Mapping[str, str]] = (),
) -> str:
    """The event of one call, as JSON text.

    `answer` is left out for calls that only read, as CloudTrail does. `resources` name what the call was about: `type`, `ARN`, `accountId`.
    """
    caller = call.caller
    event: dict[str, Any] = {
        "eventVersion": "1.09",
        "userIdentity": _identity(caller),
        "eventTime": _iso(call.now),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": call.region,
        "sourceIPAddress": caller.service or call.source_ip,
        "userAgent": (caller.service or call.user_agent)[:_MAX_TEXT],
    }
    if error is not None:
        event["errorCode"] = type(error).code
        event["errorMessage"] = error.public[:_MAX_TEXT]
    event |= {
        "requestParameters": _shown(parameters) or None,
        "responseElements": None if read_only or error is not None else _shown(answer or {}) or None,
        "requestID": call.request_id,
        "eventID": event_id,
        "readOnly": read_only,
    }
    if resources:
        event["resources"] = [dict(resource) for resource in resources]
    event |= {
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account,
        "eventCategory": "Management",
    }
    text = json.dumps(event, ensure_ascii=False)
    if len(text) > _MAX_EVENT:
        event |= {"requestParameters": None, "responseElements": None, "additionalEventData": {"omitted": "too large"}}
        text = json.dumps(event, ensure_ascii=False)
    return text


def _identity(caller: Caller) -> dict[str, Any]:
    if caller.kind == "service":
        return {"type": "AWSService", "invokedBy": caller.service}
    if caller.kind == "anonymous":
        return {"type": "Unknown", "principalId": "", "userName": "anonymous"}
    identity: dict[str, Any] = {
        "type": {"root": "Root", "user": "IAMUser", "role-session": "AssumedRole", "federated-user": "FederatedUser"}[
            caller.kind
        ],
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key_id,
    }
    if caller.kind == "user":
        identity["userName"] = caller.user_name
    if caller.issued_at is not None:
        context: dict[str, Any] = {"attributes": {"creationDate": _iso(caller.issued_at), "mfaAuthenticated": "false"}}
        if caller.kind != "user":
            context["sessionIssuer"] = {
                "type": "Role" if caller.kind == "role-session" else "IAMUser",
                "principalId": caller.issuer_id,
                "arn": caller.issuer_arn,
                "accountId": caller.account,
                "userName": caller.issuer_arn.rpartition("/")[2],
            }
        if caller.source_identity:
            context["sourceIdentity"] = caller.source_identity
        identity["sessionContext"] = context
    return identity


def _shown(value: Any, depth: int = 0) -> Any:
    """A value as it may be written down: bounded, and without secrets."""
    if depth > _MAX_DEPTH:
        return "..."
    if isinstance(value, Mapping):
        return {
            _lower(str(name)): HIDDEN if str(name).lower() in _HIDDEN_MEMBERS and inner else _shown(inner, depth + 1)
            for name, inner in list(value.items())[:_MAX_ITEMS]
            if inner is not None
        }
    if isinstance(value, list | tuple):
        return [_shown(inner, depth + 1) for inner in value[:_MAX_ITEMS]]
    if isinstance(value, datetime):
        return _written(value)
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    if isinstance(value, bool | int | float):
        return value
    return str(value)[:_MAX_TEXT]


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _written(instant: datetime) -> str:
    """An instant in a parameter: `Apr 16, 2024, 3:20:04 PM`."""
    local = instant.astimezone(UTC)
    return f"{local:%b} {local.day}, {local.year}, {local.hour % 12 or 12}:{local:%M:%S %p}"
