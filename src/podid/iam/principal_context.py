"""The condition keys that follow from who calls.

Source: IAM user guide, "AWS global condition context keys", the properties of the principal and of a role session.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

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
        keys["aws:MultiFactorAuthPresent"] = ("true" if caller.mfa_at is not None else "false",)
    if caller.provider:
        keys["aws:FederatedProvider"] = (caller.provider,)
        keys.update(caller.federation)
    if caller.source_identity:
        keys["aws:SourceIdentity"] = (caller.source_identity,)
    return keys


def factor_age(caller: Caller, context: Context) -> dict[str, tuple[str, ...]]:
    """How long ago, in seconds, the caller proved a second factor; by the call's own time, which its context has."""
    if caller.mfa_at is None:
        return {}
    now = next((values[0] for key, values in context.items() if values and key.lower() == "aws:epochtime"), "")
    if not now.isdecimal():
        return {}
    return {"aws:MultiFactorAuthAge": (str(max(0, int(now) - int(caller.mfa_at.timestamp()))),)}


def time_context(now: datetime) -> dict[str, tuple[str, ...]]:
    """The keys of the instant."""
    return dict(_time_context(int(now.timestamp())))


@lru_cache(64)
def _time_context(second: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    text = instant_text(datetime.fromtimestamp(second, UTC))
    return (("aws:CurrentTime", (text,)), ("aws:EpochTime", (str(second),)))


def instant_text(instant: datetime) -> str:
    """An instant, in UTC, as condition keys have it: whole seconds, with Z."""
    return instant.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
