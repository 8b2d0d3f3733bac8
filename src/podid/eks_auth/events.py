"""What is noted of an exchange: the AssumeRole calls that EKS Auth makes for a pod, and whose token became which session.

The first go to the audit log, and are events of their own there beside that of AssumeRoleForPodIdentity; the second is in the request's line
in the log. Nothing in either opens anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from msgspec import Struct

from podid.audit import Assumed, identity_of
from podid.core.caller import Caller
from podid.core.errors import AwsError
from podid.eks_auth.session import SERVICE
from podid.sts import IssuedSession


class Exchange(Struct, frozen=True, gc=False, kw_only=True):
    """Whose token was exchanged, by which association, for which session."""

    cluster: str
    pod: str
    """Namespace and name."""
    service_account: str
    association: str
    role: str
    target_role: str
    session: str
    session_tags: str
    expires: datetime


def assumed(
    caller: Caller,
    *,
    role_arn: str,
    session_name: str,
    duration: int,
    tags: Mapping[str, str],
    policy: str | None,
    outcome: IssuedSession | AwsError,
    external_id: str = "",
) -> Assumed:
    """One AssumeRole, by the service or, as the second hop, by the first role's session."""
    made = partial(
        Assumed,
        by=identity_of(caller),
        role_arn=role_arn,
        session_name=session_name,
        duration=duration,
        tags=tags,
        policy=policy,
        external_id=external_id,
        invoked_by="" if caller.kind == "service" else SERVICE,
    )
    if isinstance(outcome, AwsError):
        return made(error_code=outcome.code, error_message=outcome.public, reason=outcome.private or outcome.public)
    return made(
        access_key_id=outcome.credentials.access_key_id,
        expiration=outcome.expiration,
        assumed_role_id=outcome.assumed_role_id,
        assumed_role_arn=outcome.assumed_role_arn,
        packed_policy_size=outcome.packed_policy_size,
    )
