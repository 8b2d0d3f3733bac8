"""The AssumeRole that EKS makes for a pod, as CloudTrail shows it: an event of its own beside that of AssumeRoleForPodIdentity.

Its tags say which pod the session is for; later calls show the session's ARN, so the two together say which pod called. The events of one
exchange share an id. Source: CloudTrail events of EKS Pod Identity as published; the shape of the second hop is not, it is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from podid.audit import HIDDEN, Entry, event_text, shared_id, written
from podid.core import ids
from podid.core.caller import Call, Caller
from podid.core.errors import AwsError
from podid.eks_auth.session import SERVICE
from podid.sts import IssuedSession

Record = Callable[[Entry], None]


def assumed(
    call: Call,
    caller: Caller,
    *,
    role_arn: str,
    session_name: str,
    duration: int,
    tags: Mapping[str, str],
    policy: str | None,
    outcome: IssuedSession | AwsError,
    external_id: str = "",
) -> Entry:
    """The entry for one AssumeRole, by the service or, as the second hop, by the first role's session."""
    account = role_arn.split(":", 5)[4]
    parameters: dict[str, Any] = {
        "roleArn": role_arn,
        "roleSessionName": session_name,
        "durationSeconds": duration,
    }
    if policy is not None:
        parameters["policy"] = policy
    if tags:
        parameters["tags"] = [{"key": key, "value": value} for key, value in tags.items()]
        parameters["transitiveTagKeys"] = list(tags)
    if external_id:
        parameters["externalId"] = external_id
    error = outcome if isinstance(outcome, AwsError) else None
    made = Call(
        caller=caller,
        account=account,
        region=call.region,
        partition=call.partition,
        now=call.now,
        request_id=call.request_id,
        service="sts",
        operation="AssumeRole",
    )
    return Entry(
        at=call.now,
        request_id=call.request_id,
        account=account,
        region=call.region,
        caller_arn=caller.arn or caller.service,
        access_key_id=caller.access_key_id,
        action="sts:AssumeRole",
        resource=role_arn,
        outcome="Failed" if error else "Completed",
        error_code=error.code if error else "",
        reason=(error.private or error.public) if error else "",
        event=event_text(
            made,
            parameters=parameters,
            answer=None if isinstance(outcome, AwsError) else _answer(outcome),
            event_id=ids.uuid4(ids.names_at_random),
            error=error,
            read_only=True,
            resources=({"accountId": account, "type": "AWS::IAM::Role", "ARN": role_arn},),
            shared_event_id=shared_id(call.request_id),
            version="1.08",
            invoked_by="" if caller.kind == "service" else SERVICE,
        ),
    )


def _answer(session: IssuedSession) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "credentials": {
            "accessKeyId": session.credentials.access_key_id,
            "sessionToken": HIDDEN,
            "expiration": written(session.expiration),
        },
        "assumedRoleUser": {"assumedRoleId": session.assumed_role_id, "arn": session.assumed_role_arn},
    }
    if session.packed_policy_size is not None:
        shown["packedPolicySize"] = session.packed_policy_size
    return shown
