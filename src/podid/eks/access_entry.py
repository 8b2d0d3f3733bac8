"""An access entry: an IAM principal, and who it is to a cluster's Kubernetes API. Values and rules; no storage.

Source: EKS user guide, "Create access entries"; EKS API reference, CreateAccessEntry. Texts: those the service was seen to answer
(issue trackers of Terraform, ACK and Karpenter).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, field

from podid.core.arn import partition_of
from podid.core.caller import Output
from podid.eks.access_policies import CLUSTER_ADMIN, arn_of, scope_view
from podid.eks.cluster import Cluster
from podid.eks.errors import InvalidParameter

MOST_PER_CLUSTER: Final = 1000
"""podid's own bound: the guide names none."""

STANDARD: Final = "STANDARD"
_NODE: Final = "system:node:{{EC2PrivateDNSName}}"
_NODE_TYPES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "EC2": (_NODE, ()),
    "EC2_LINUX": (_NODE, ("system:nodes",)),
    "EC2_WINDOWS": (_NODE, ("system:nodes", "eks:kube-proxy-windows")),
    "FARGATE_LINUX": (
        "system:node:{{SessionName}}",
        ("system:bootstrappers", "system:nodes", "system:node-proxier"),
    ),
    "HYBRID_LINUX": ("system:node:{{SessionName}}", ("system:nodes",)),
    "HYPERPOD_LINUX": ("system:node:{{SessionName}}", ("system:nodes",)),
}
"""The types for nodes: the user name and groups EKS gives each."""

TYPES: Final = (STANDARD, *_NODE_TYPES)
TAKES_POLICIES: Final = (STANDARD, "EC2")
_RESERVED: Final = ("system:", "eks:", "aws:", "amazon:", "iam:")
_PRINCIPAL: Final = re.compile(
    r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):"
    r"((?P<kind>role|user)/(?:[!-~]{1,510}/)?(?P<name>[\w+=,.@-]{1,64})|(?P<root>root))",
    re.ASCII,
)
_MOST_GROUPS: Final = 100
_LONGEST_NAME: Final = 1024


class AssociatedPolicy(Struct, frozen=True, kw_only=True):
    """An access policy that an entry was given; for the whole cluster where `namespaces` is empty."""

    arn: str
    namespaces: tuple[str, ...] = ()
    associated_at: datetime
    modified_at: datetime

    def view(self) -> Output:
        """The AssociatedAccessPolicy shape."""
        return {
            "policyArn": self.arn,
            "accessScope": scope_view(self.namespaces),
            "associatedAt": self.associated_at,
            "modifiedAt": self.modified_at,
        }


class Identity(Struct, frozen=True, kw_only=True):
    """The parts of a principal's ARN: `kind` is role, user or root; `name` is without the path."""

    partition: str
    account: str
    kind: str
    name: str


class AccessEntry(Struct, frozen=True, kw_only=True):
    """As stored. `principal_id` is the role's or user's unique id: one that is made again under its ARN is somebody else."""

    account: str
    region: str
    cluster: str
    principal_arn: str
    principal_id: str
    uuid: str
    type: str = STANDARD
    username: str
    groups: tuple[str, ...] = ()
    policies: tuple[AssociatedPolicy, ...] = ()
    created_at: datetime
    modified_at: datetime
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        identity = read_principal(self.principal_arn)
        named = f"{identity.kind}/{identity.account}/{identity.name}" if identity else "role/unknown"
        return (
            f"arn:{partition_of(self.region)}:eks:{self.region}:{self.account}"
            f":access-entry/{self.cluster}/{named}/{self.uuid}"
        )

    def policy(self, arn: str) -> AssociatedPolicy | None:
        """The association of one access policy."""
        return next((each for each in self.policies if each.arn == arn), None)

    def condition_keys(self) -> dict[str, tuple[str, ...]]:
        """The keys that the service authorization reference has for access entries; one without a value is missing."""
        groups = {"eks:kubernetesGroups": self.groups} if self.groups else {}
        return {
            "eks:accessEntryType": (self.type,),
            "eks:clusterName": (self.cluster,),
            "eks:principalArn": (self.principal_arn,),
            "eks:username": (self.username,),
            **groups,
        }

    def view(self) -> Output:
        """The AccessEntry shape."""
        return {
            "clusterName": self.cluster,
            "principalArn": self.principal_arn,
            "kubernetesGroups": list(self.groups),
            "accessEntryArn": self.arn,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "tags": self.tags,
            "username": self.username,
            "type": self.type,
        }


def creators_entry(cluster: Cluster, principal_id: str, uuid: str) -> AccessEntry:
    """The first entry of a cluster: whoever made it is its administrator."""
    policy = AssociatedPolicy(
        arn=arn_of(CLUSTER_ADMIN, cluster.partition), associated_at=cluster.created_at, modified_at=cluster.created_at
    )
    return AccessEntry(
        account=cluster.account,
        region=cluster.region,
        cluster=cluster.name,
        principal_arn=cluster.creator_arn,
        principal_id=principal_id,
        uuid=uuid,
        username=kubernetes_username(cluster.creator_arn),
        policies=(policy,),
        created_at=cluster.created_at,
        modified_at=cluster.created_at,
    )


def read_principal(principal_arn: str) -> Identity | None:
    """The parts of an IAM principal's ARN; None for anything else, sessions included."""
    found = _PRINCIPAL.fullmatch(principal_arn)
    if found is None:
        return None
    kind = "root" if found["root"] else found["kind"]
    return Identity(
        partition=found["partition"], account=found["account"], kind=kind, name=found["name"] or found["root"]
    )


def invalid_principal(cluster: str) -> InvalidParameter:
    """The answer to a principal that is none, or is not there."""
    return InvalidParameter("The specified principalArn is invalid: invalid principal.", clusterName=cluster)


def check_principal(principal_arn: str, kind: str, cluster: str) -> Identity:
    """The principal of a new entry of that type. Raises InvalidParameter."""
    identity = read_principal(principal_arn)
    if identity is None:
        raise invalid_principal(cluster)
    if "/aws-service-role/" in principal_arn:
        raise InvalidParameter(
            "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role",
            clusterName=cluster,
        )
    if kind not in TYPES:
        raise InvalidParameter(f"type must be one of {', '.join(TYPES)}.", clusterName=cluster)
    if kind != STANDARD and identity.kind != "role":
        raise InvalidParameter(f"The principal of an access entry of type {kind} must be a role.", clusterName=cluster)
    return identity


def check_groups(groups: Sequence[str], cluster: str) -> tuple[str, ...]:
    """Kubernetes groups as they may be asked for, each once. Raises InvalidParameter."""
    if len(groups) > _MOST_GROUPS:
        raise InvalidParameter(f"An access entry has at most {_MOST_GROUPS} groups.", clusterName=cluster)
    for group in groups:
        if start := _reserved(group):
            raise InvalidParameter(
                f"The kubernetes group name {group[:200]} is invalid, it cannot start with {start}", clusterName=cluster
            )
        if not _is_name(group):
            raise InvalidParameter(f"The kubernetes group name {group[:200]!r} is invalid.", clusterName=cluster)
    return tuple(dict.fromkeys(groups))


def check_username(username: str, cluster: str) -> str:
    """A user name as it may be asked for; a session's name may only follow a colon. Raises InvalidParameter."""
    if start := _reserved(username):
        raise InvalidParameter(f"The username must not begin with {start}", clusterName=cluster)
    before = re.split(r"\{\{SessionName(?:Raw)?\}\}", username)[0]
    if not _is_name(username) or (before != username and ":" not in before):
        raise InvalidParameter(f"The username {username[:200]!r} is invalid.", clusterName=cluster)
    return username


def given_by_type(kind: str, principal_arn: str) -> tuple[str, tuple[str, ...]]:
    """The user name and the groups of an entry that asks for none."""
    return _NODE_TYPES.get(kind) or (kubernetes_username(principal_arn), ())


def kubernetes_username(principal_arn: str) -> str:
    """The Kubernetes user name of a principal: a user's ARN, or for a role the ARN of its sessions with a place for their name."""
    identity = read_principal(principal_arn)
    if identity is None or identity.kind != "role":
        return principal_arn
    return f"arn:{identity.partition}:sts::{identity.account}:assumed-role/{identity.name}/{{{{SessionName}}}}"


def _reserved(name: str) -> str:
    return next((start for start in _RESERVED if name.lower().startswith(start)), "")


def _is_name(name: Any) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable()
