"""Calls of management APIs as CloudTrail would record them.

The shape is that of CloudTrail's record contents, version 1.09: member names begin in lower case, secrets are hidden or left out, times in
parameters are written out as CloudTrail does. Source: CloudTrail user guide, "Record contents" and "userIdentity element".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import msgspec

from podid.audit.record import Record, written_out
from podid.core import ids
from podid.core.caller import Call, Caller, Input, Output
from podid.core.errors import AwsError

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"

_HIDDEN_MEMBERS: Final = frozenset(
    {
        "addprivatekey",
        "authenticationcode1",
        "authenticationcode2",
        "newpassword",
        "oldpassword",
        "password",
        "privatekey",
        "samlassertion",
        "secretbinary",
        "servicecredentialsecret",
        "servicepassword",
        "secretstring",
        "sessiontoken",
        "token",
        "tokencode",
        "tradeintoken",
        "webidentitytoken",
    }
)
"""Members of whatever service that are never written down, without regard to case."""

_TELLING: Final = frozenset(
    {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken", "GetSessionToken"}
)
"""Operations that count as reading and whose answers are told all the same: sessions begin with them."""

_OMITTED: Final = frozenset({"secretaccesskey"})
"""What AWS leaves out where it hides the others."""

_MAX_EVENT = 65_536
"""Characters. CloudTrail cuts parameters at 100 KB; ours are read by people."""

_MAX_TEXT = 8192
_MAX_ITEMS = 200
_MAX_DEPTH = 12
_LONGEST_NAME = 64
"""Characters; no member with a rule has more."""
_SECONDS = 64
"""Texts of instants kept: the events of one second have the same."""


def management_event(
    call: Call,
    *,
    parameters: Input,
    answer: Output | None,
    event_id: str,
    error: AwsError | None = None,
    read_only: bool = False,
    resources: Sequence[Mapping[str, str]] = (),
    shared_event_id: str = "",
    invoked_by: str = "",
    identity: Mapping[str, Any] | None = None,
) -> str:
    """The event of one call, as JSON text; see `event_text`.

    `answer` is left out for calls that only read, as CloudTrail does, but for those that make sessions.
    """
    answered = error is None and (not read_only or call.operation in _TELLING)
    return event_text(
        call,
        parameters=_shown(parameters),
        answer=_shown(answer or {}) if answered else None,
        event_id=event_id,
        error=error,
        read_only=read_only,
        resources=resources,
        shared_event_id=shared_event_id,
        invoked_by=invoked_by,
        identity=identity,
    )


def event_text(
    call: Call,
    *,
    parameters: Mapping[str, Any],
    answer: Mapping[str, Any] | None,
    event_id: str,
    error: AwsError | None = None,
    read_only: bool = False,
    resources: Sequence[Mapping[str, str]] = (),
    shared_event_id: str = "",
    version: str = "1.09",
    invoked_by: str = "",
    identity: Mapping[str, Any] | None = None,
) -> str:
    """The event of a call whose parameters and answer are already as they may be written down.

    `resources` name what the call was about: `type`, `ARN`, `accountId`. `shared_event_id` is that of the other events of the same call;
    `invoked_by` the service that made the call for its caller; `identity` who it was, where the call itself proved it.
    """
    caller = call.caller
    service = caller.service or invoked_by
    event = Record(
        eventVersion=version,
        userIdentity=_who(caller, identity, invoked_by),
        eventTime=_iso(call.now),
        eventSource=f"{call.service}.amazonaws.com",
        eventName=call.operation,
        awsRegion=call.region,
        sourceIPAddress=service or call.source_ip,
        userAgent=(service or call.user_agent)[:_MAX_TEXT],
        requestParameters=parameters or None,
        responseElements=answer or None,
        requestID=call.request_id,
        eventID=event_id,
        readOnly=read_only,
        recipientAccountId=call.account,
    )
    if error is not None:
        event.errorCode = "AccessDenied" if error.code == "AccessDeniedException" else error.code
        event.errorMessage = error.public[:_MAX_TEXT]
    if resources:
        event.resources = resources
    if shared_event_id:
        event.sharedEventID = shared_event_id
    if call.host and not service and call.context.get("aws:SecureTransport") == ("true",):
        event.tlsDetails = {"clientProvidedHostHeader": call.host[:255]}
    text = written_out(event)
    if len(text) > _MAX_EVENT:
        event.requestParameters = event.responseElements = None
        event.additionalEventData = {"omitted": "too large"}
        text = written_out(event)
    return text


@lru_cache(256)
def shared_id(request_id: str) -> str:
    """The id that the events of one call share: the same for the same request, wherever it is asked for."""
    return ids.uuid4(lambda size: hashlib.sha256(b"podid shared event\0" + request_id.encode()).digest()[:size])


def reads_only(operation: str) -> bool:
    """Whether CloudTrail counts an operation of EKS, EKS Auth, IAM or STS as one that changes nothing."""
    return operation.startswith(("AssumeRole", "Decode", "Describe", "Generate", "Get", "List", "Simulate"))


_whose: dict[str, tuple[Caller, msgspec.Raw]] = {}
"""Who a session's caller is, written down, by access key id: a node asks for all of its pods."""
_WHOSE: Final = 1024


def _who(caller: Caller, identity: Mapping[str, Any] | None, invoked_by: str) -> Any:
    if identity is not None or invoked_by or caller.kind != "role-session":
        who = dict(identity) if identity is not None else _identity(caller)
        return who | {"invokedBy": invoked_by} if invoked_by else who
    known = _whose.get(caller.access_key_id)
    if known is not None and known[0] is caller:
        return known[1]
    who = _identity(caller)
    try:
        written_down = msgspec.Raw(msgspec.json.encode(who))
    except UnicodeEncodeError:
        return who
    if len(_whose) >= _WHOSE:
        _whose.clear()
    _whose[caller.access_key_id] = (caller, written_down)
    return written_down


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
        proved = "false" if caller.mfa_at is None else "true"
        context: dict[str, Any] = {"attributes": {"creationDate": _iso(caller.issued_at), "mfaAuthenticated": proved}}
        if caller.kind != "user":
            context["sessionIssuer"] = {
                "type": "Role" if caller.kind == "role-session" else "IAMUser",
                "principalId": caller.issuer_id,
                "arn": caller.issuer_arn,
                "accountId": caller.account,
                "userName": caller.issuer_arn.rpartition("/")[2],
            }
        if caller.provider:
            context["webIdFederationData"] = {"federatedProvider": caller.provider, "attributes": {}}
        if caller.source_identity:
            context["sourceIdentity"] = caller.source_identity
        if caller.delivered_by == "ec2.amazonaws.com":
            context["ec2RoleDelivery"] = "2.0"
        identity["sessionContext"] = context
    return identity


def _shown(value: Any, depth: int = 0) -> Any:
    """A value as it may be written down: bounded, and without secrets."""
    if type(value) is str:
        return value[:_MAX_TEXT]
    if depth > _MAX_DEPTH:
        return "..."
    if type(value) is dict or isinstance(value, Mapping):
        shown = {}
        for name, inner in islice(value.items(), _MAX_ITEMS):
            if inner is None:
                continue
            told, rule = _told_as(str(name)) if len(str(name)) <= _LONGEST_NAME else (_lower(str(name)), "")
            if rule != "omitted":
                shown[told] = HIDDEN if rule == "hidden" and inner else _shown(inner, depth + 1)
        return shown
    if isinstance(value, list | tuple):
        return [_shown(inner, depth + 1) for inner in value[:_MAX_ITEMS]]
    if isinstance(value, datetime):
        return written(value)
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    if isinstance(value, bool | int | float):
        return value
    return str(value)[:_MAX_TEXT]


@lru_cache(2048)
def _told_as(name: str) -> tuple[str, str]:
    """How a member is called in an event, and whether it is `hidden` or `omitted` there."""
    folded = name.lower()
    return _lower(name), "hidden" if folded in _HIDDEN_MEMBERS else "omitted" if folded in _OMITTED else ""


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _iso(instant: datetime) -> str:
    return _iso_of(int(instant.timestamp()))


@lru_cache(_SECONDS)
def _iso_of(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def written(instant: datetime) -> str:
    """An instant in a parameter: `Apr 16, 2024, 3:20:04 PM`."""
    return _written_of(int(instant.timestamp()))


@lru_cache(_SECONDS)
def _written_of(second: int) -> str:
    local = datetime.fromtimestamp(second, UTC)
    return f"{local:%b} {local.day}, {local.year}, {local.hour % 12 or 12}:{local:%M:%S %p}"
