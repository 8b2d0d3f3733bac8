"""The condition keys that follow from who calls.

Source: IAM user guide, "AWS global condition context keys", the properties of the principal and of a role session.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from podid.core.caller import Caller

Context = Mapping[str, tuple[str, ...]]

_TYPES = {
    "root": "Account",
    "user": "User",
    "role-session": "AssumedRole",
    "federated-user": "FederatedUser",
    "anonymous": "Anonymous",
}


def principal_context(caller: Caller) -> dict[str, tuple[str, ...]]:
    """The keys of a caller. They are podid's to say, whatever a request claims."""
    keys: dict[str, tuple[str, ...]] = {"aws:PrincipalIsAWSService": ("true" if caller.kind == "service" else "false",)}
    if caller.kind == "service":
        keys["aws:PrincipalServiceName"] = (caller.service,)
        keys["aws:PrincipalServiceNamesList"] = (caller.service,)
        return keys
    keys["aws:PrincipalType"] = (_TYPES[caller.kind],)
    if caller.kind == "anonymous":
        keys["aws:userid"] = ("anonymous",)
        return keys
    keys["aws:PrincipalAccount"] = (caller.account,)
    # A session is known by its role, path included; a federated user by its own ARN.
    keys["aws:PrincipalArn"] = (caller.issuer_arn if caller.kind == "role-session" else caller.arn,)
    keys["aws:userid"] = (caller.user_id,)
    if caller.kind == "user":
        keys["aws:username"] = (caller.user_name,)
    for key, value in caller.tags.items():
        keys[f"aws:PrincipalTag/{key}"] = (value,)
    if caller.issued_at is not None:
        keys["aws:TokenIssueTime"] = (instant_text(caller.issued_at),)
        keys["aws:MultiFactorAuthPresent"] = ("false",)
    if caller.provider:
        keys["aws:FederatedProvider"] = (caller.provider,)
    if caller.source_identity:
        keys["aws:SourceIdentity"] = (caller.source_identity,)
    return keys


def time_context(now: datetime) -> dict[str, tuple[str, ...]]:
    """The keys of the instant."""
    return {"aws:CurrentTime": (instant_text(now),), "aws:EpochTime": (str(int(now.timestamp())),)}


def instant_text(instant: datetime) -> str:
    """An instant, in UTC, as condition keys have it: whole seconds, with Z."""
    return instant.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
