"""Calls of management APIs as CloudTrail would record them, written out of what is kept of a call (`podid.audit.proceedings`).

The shape is that of CloudTrail's record contents, version 1.09: member names begin in lower case, secrets are hidden or left out, times in
parameters are written out as CloudTrail does. Source: CloudTrail user guide, "Record contents"; for the AssumeRole of a pod, events of EKS
Pod Identity as published (the shape of the second hop is not, it is podid's).
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from podid.audit.identity import Identity, user_identity
from podid.audit.proceedings import Assumed, Called, Proceedings, reads_only
from podid.audit.record import Record, written_out
from podid.audit.shown import HIDDEN, MAX_SHOWN, iso, written
from podid.core import ids

MAX_EVENT: Final = 65_536
"""Characters. CloudTrail cuts parameters at 100 KB; ours are read by people."""


def event_of_call(of: Proceedings, call: Called) -> str:
    """The event of a call, as JSON text."""
    service = of.caller.service or call.invoked_by
    event = Record(
        eventVersion="1.09",
        userIdentity=_who(of.caller, call),
        eventTime=iso(of.at),
        eventSource=f"{call.service}.amazonaws.com",
        eventName=call.operation,
        awsRegion=of.region,
        sourceIPAddress=service or of.source_ip,
        userAgent=service or of.user_agent,
        requestParameters=call.parameters or None,
        responseElements=call.answer or None,
        requestID=of.request_id,
        eventID=_event_id(of, "call"),
        readOnly=reads_only(call.operation),
        recipientAccountId=account_of(of, call),
    )
    role = _role(call)
    if role:
        event.resources = _resources(role)
    if call.operation.startswith("AssumeRole"):
        event.sharedEventID = shared_id(of.request_id)
    if of.host and not service:
        event.tlsDetails = {"clientProvidedHostHeader": of.host}
    if call.omitted:
        _omit(event)
    return _finished(event, call)


def event_of_assuming(of: Proceedings, number: int) -> str:
    """The event of an AssumeRole made for the caller, the one of that number in `of.assumed`, as JSON text.

    Its tags say which pod the session is for; later calls show the session's ARN, so the two together say which pod called.
    """
    made = of.assumed[number]
    service = made.by.service or made.invoked_by
    who = user_identity(made.by)
    event = Record(
        eventVersion="1.08",
        userIdentity=who | {"invokedBy": made.invoked_by} if made.invoked_by else who,
        eventTime=iso(of.at),
        eventSource="sts.amazonaws.com",
        eventName="AssumeRole",
        awsRegion=of.region,
        sourceIPAddress=service,
        userAgent=service,
        requestParameters=_parameters(made),
        responseElements=_answer(made),
        requestID=of.request_id,
        eventID=_event_id(of, f"assumed {number}"),
        readOnly=True,
        recipientAccountId=account_in(made.role_arn),
        resources=_resources(made.role_arn),
        sharedEventID=shared_id(of.request_id),
    )
    return _finished(event, made)


def account_of(of: Proceedings, call: Called) -> str:
    """Whose call it was. Who is known by an identity provider's token alone has no account: that is told where the role is."""
    return account_in(_role(call)) if call.federated is not None else of.caller.account


def account_in(arn: str) -> str:
    """The account that an ARN names."""
    return (arn.split(":", 5) + [""] * 5)[4]


def shared_id(request_id: str) -> str:
    """The id that the events of one call share: the same for the same request, wherever it is asked for."""
    return _uuid(f"podid shared event\0{request_id}")


def _event_id(of: Proceedings, which: str) -> str:
    return _uuid(f"podid event\0{of.request_id}\0{of.step}\0{which}")


def _uuid(of: str) -> str:
    digest = hashlib.sha256(of.encode("utf-8", "replace")).digest()
    return ids.uuid4(lambda size: digest[:size])


def _who(caller: Identity, call: Called) -> dict[str, Any]:
    who: dict[str, Any] = dict(call.federated) if call.federated is not None else user_identity(caller)
    return who | {"invokedBy": call.invoked_by} if call.invoked_by else who


def _role(call: Called) -> str:
    """The role of an AssumeRole…."""
    arn = (call.parameters or {}).get("roleArn")
    return arn if call.service == "sts" and isinstance(arn, str) else ""


def _resources(role_arn: str) -> tuple[dict[str, str], ...]:
    return ({"accountId": account_in(role_arn), "type": "AWS::IAM::Role", "ARN": role_arn},)


def _parameters(made: Assumed) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "roleArn": made.role_arn,
        "roleSessionName": made.session_name,
        "durationSeconds": made.duration,
    }
    if made.policy is not None:
        parameters["policy"] = made.policy
    if made.tags:
        parameters["tags"] = [{"key": key, "value": value} for key, value in made.tags.items()]
        parameters["transitiveTagKeys"] = list(made.tags)
    if made.external_id:
        parameters["externalId"] = made.external_id
    return parameters


def _answer(made: Assumed) -> dict[str, Any] | None:
    if made.expiration is None:
        return None
    told: dict[str, Any] = {
        "credentials": {
            "accessKeyId": made.access_key_id,
            "sessionToken": HIDDEN,
            "expiration": written(made.expiration),
        },
        "assumedRoleUser": {"assumedRoleId": made.assumed_role_id, "arn": made.assumed_role_arn},
    }
    if made.packed_policy_size is not None:
        told["packedPolicySize"] = made.packed_policy_size
    return told


def _finished(event: Record, of: Called | Assumed) -> str:
    if of.error_code:
        event.errorCode = "AccessDenied" if of.error_code == "AccessDeniedException" else of.error_code
        event.errorMessage = of.error_message[:MAX_SHOWN]
    text = written_out(event)
    if len(text) > MAX_EVENT:
        _omit(event)
        text = written_out(event)
    return text


def _omit(event: Record) -> None:
    event.requestParameters = event.responseElements = None
    event.additionalEventData = {"omitted": "too large"}
