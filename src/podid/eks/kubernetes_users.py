"""Who an AWS principal is to a cluster's API server, as aws-iam-authenticator tells it on EKS. Pure.

On EKS the access policies of an entry are looked up by an authorizer of EKS's own, beside RBAC. Here they travel with the user, in `extra`:
an API server that knows them honours them, and one that knows RBAC alone has the groups. The cluster's administrators are the exception:
AmazonEKSClusterAdminPolicy on the whole cluster is the group `system:masters`, which every API server honours.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from podid.core.caller import Caller
from podid.eks.access_entry import AccessEntry
from podid.eks.access_policies import CLUSTER_ADMIN

ACCESS_POLICIES: Final = "eks.amazonaws.com/access-policies"
"""The key in `extra`: a policy's name each, and after an `@` the namespace it is for, where it is not for the whole cluster."""

_SIGNERS: Final = ("user", "role-session", "root")


class KubernetesUser(Struct, frozen=True, kw_only=True):
    """A user, as a TokenReview tells it."""

    username: str
    uid: str
    groups: tuple[str, ...]
    extra: dict[str, tuple[str, ...]]


def user_of(entry: AccessEntry | None, caller: Caller) -> KubernetesUser | None:
    """The user a caller is by the entry of its principal; None without one, and for a principal that was made again since."""
    identity = caller.user_id.partition(":")[0]
    if entry is None or caller.kind not in _SIGNERS or caller.issuer_arn != entry.principal_arn:
        return None
    if entry.principal_id not in ("", identity):
        return None
    grants = tuple(
        f"{name}@{namespace}" if namespace else name
        for policy in entry.policies
        for name in (policy.arn.rpartition("/")[2],)
        for namespace in policy.namespaces or ("",)
    )
    extra: dict[str, tuple[str, ...]] = {
        "accessKeyId": (caller.access_key_id,),
        "arn": (caller.arn,),
        "canonicalArn": (caller.issuer_arn,),
        "principalId": (caller.user_id,),
        "sessionName": (caller.session_name,),
    }
    if grants:
        extra[ACCESS_POLICIES] = grants
    return KubernetesUser(
        username=_filled(entry.username, caller),
        uid=f"aws-iam-authenticator:{caller.account}:{identity}",
        groups=(*entry.groups, *(("system:masters",) if CLUSTER_ADMIN in grants else ())),
        extra=extra,
    )


def _filled(username: str, caller: Caller) -> str:
    """A user name with what the session says of itself; Kubernetes takes no `@` where the raw name was not asked for."""
    session = caller.session_name.replace("@", "-")
    for place, value in (
        ("{{SessionNameRaw}}", caller.session_name),
        ("{{SessionName}}", session),
        ("{{AccountID}}", caller.account),
        ("{{EC2PrivateDNSName}}", session),
    ):
        username = username.replace(place, value)
    return username
