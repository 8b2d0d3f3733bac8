"""Who made a call: what CloudTrail's `userIdentity` says of a caller, kept as few values and written out by whoever reads.

Source: CloudTrail user guide, "userIdentity element".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from podid.audit.per_object import PerObject
from podid.audit.shown import iso
from podid.core.caller import Caller, CallerKind


class Identity(Struct, frozen=True, array_like=True, gc=False):
    """A caller, without what it may do. `proved`: whether its session began with a second factor."""

    kind: CallerKind
    account: str = ""
    arn: str = ""
    user_id: str = ""
    access_key_id: str = ""
    user_name: str = ""
    issuer_arn: str = ""
    issuer_id: str = ""
    issued_at: datetime | None = None
    proved: bool = False
    provider: str = ""
    source_identity: str = ""
    delivered_by: str = ""
    service: str = ""


def _identity_of(caller: Caller) -> Identity:
    return Identity(
        caller.kind,
        account=caller.account,
        arn=caller.arn,
        user_id=caller.user_id,
        access_key_id=caller.access_key_id,
        user_name=caller.user_name,
        issuer_arn=caller.issuer_arn,
        issuer_id=caller.issuer_id,
        issued_at=caller.issued_at,
        proved=caller.mfa_at is not None,
        provider=caller.provider,
        source_identity=caller.source_identity,
        delivered_by=caller.delivered_by,
        service=caller.service,
    )


identity_of = PerObject(_identity_of).of
"""A caller's identity. A node asks for all of its pods, so most callers were seen before."""

_TYPES: Final = {"root": "Root", "user": "IAMUser", "role-session": "AssumedRole", "federated-user": "FederatedUser"}


def user_identity(who: Identity) -> dict[str, Any]:
    """The `userIdentity` of an event."""
    if who.kind == "service":
        return {"type": "AWSService", "invokedBy": who.service}
    if who.kind == "anonymous":
        return {"type": "Unknown", "principalId": "", "userName": "anonymous"}
    told: dict[str, Any] = {
        "type": _TYPES[who.kind],
        "principalId": who.user_id,
        "arn": who.arn,
        "accountId": who.account,
        "accessKeyId": who.access_key_id,
    }
    if who.kind == "user":
        told["userName"] = who.user_name
    if who.issued_at is not None:
        told["sessionContext"] = _session(who, who.issued_at)
    return told


def _session(who: Identity, issued_at: datetime) -> dict[str, Any]:
    proved = "true" if who.proved else "false"
    context: dict[str, Any] = {"attributes": {"creationDate": iso(issued_at), "mfaAuthenticated": proved}}
    if who.kind != "user":
        context["sessionIssuer"] = {
            "type": "Role" if who.kind == "role-session" else "IAMUser",
            "principalId": who.issuer_id,
            "arn": who.issuer_arn,
            "accountId": who.account,
            "userName": who.issuer_arn.rpartition("/")[2],
        }
    if who.provider:
        context["webIdFederationData"] = {"federatedProvider": who.provider, "attributes": {}}
    if who.source_identity:
        context["sourceIdentity"] = who.source_identity
    if who.delivered_by == "ec2.amazonaws.com":
        context["ec2RoleDelivery"] = "2.0"
    return context
