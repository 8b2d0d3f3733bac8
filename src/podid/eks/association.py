"""An association: one service account of one cluster, and the role its pods may assume. Values and rules; no storage.

Source: EKS API reference, CreatePodIdentityAssociation; EKS user guide, "Assign an IAM role to a Kubernetes service account".
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from msgspec import Struct, field

from podid.core.arn import parse_arn, partition_of
from podid.core.caller import Output
from podid.core.policy import MalformedPolicy, PolicyKind, parse_policy
from podid.eks.errors import InvalidParameter

MOST_PER_CLUSTER: Final = 1000
"""EKS user guide, "Service quotas": fixed."""
LONGEST_POLICY: Final = 2048
"""STS takes no longer session policy (AssumeRole, Policy)."""

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_ROLE_RESOURCE: Final = re.compile(r"role/(?:[!-~]+/)?[\w+=,.@-]{1,64}", re.ASCII)


class Association(Struct, frozen=True, kw_only=True):
    """As stored. Empty texts stand for what is not set."""

    account: str
    region: str
    cluster: str
    id: str
    namespace: str
    service_account: str
    role_arn: str
    target_role_arn: str = ""
    disable_session_tags: bool = False
    policy: str = ""
    owner_arn: str = ""
    created_at: datetime
    modified_at: datetime
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return (
            f"arn:{partition_of(self.region)}:eks:{self.region}:{self.account}"
            f":podidentityassociation/{self.cluster}/{self.id}"
        )

    @property
    def external_id(self) -> str:
        """What STS gets on the second hop (sts:ExternalId); empty without a target role."""
        if not self.target_role_arn:
            return ""
        return f"{self.region}/{self.account}/{self.cluster}/{self.namespace}/{self.service_account}"

    def summary(self) -> Output:
        """The PodIdentityAssociationSummary shape."""
        return {
            "clusterName": self.cluster,
            "namespace": self.namespace,
            "serviceAccount": self.service_account,
            "associationArn": self.arn,
            "associationId": self.id,
            "ownerArn": self.owner_arn or None,
        }

    def view(self) -> Output:
        """The PodIdentityAssociation shape."""
        return self.summary() | {
            "roleArn": self.role_arn,
            "tags": self.tags,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "disableSessionTags": self.disable_session_tags,
            "targetRoleArn": self.target_role_arn or None,
            "externalId": self.external_id or None,
            "policy": self.policy or None,
        }


def check_subject(namespace: str, service_account: str, cluster: str) -> None:
    """Refuse names that Kubernetes would not take (RFC 1123 label; subdomain). Raises InvalidParameter."""
    if not _LABEL.fullmatch(namespace):
        raise InvalidParameter(
            f"The namespace {namespace[:253]!r} is not a valid Kubernetes name.", clusterName=cluster
        )
    if len(service_account) > 253 or not _SUBDOMAIN.fullmatch(service_account):
        raise InvalidParameter(
            f"The service account {service_account[:253]!r} is not a valid Kubernetes name.", clusterName=cluster
        )


def role_account(role_arn: str, member: str, cluster: str) -> str:
    """The account of a role's ARN, whose form is checked. Raises InvalidParameter, naming the member."""
    try:
        arn = parse_arn(role_arn)
    except ValueError:
        arn = None
    if (
        arn is None
        or arn.service != "iam"
        or arn.region
        or not _ACCOUNT.fullmatch(arn.account)
        or len(role_arn) > 2048
        or not _ROLE_RESOURCE.fullmatch(arn.resource)
    ):
        raise InvalidParameter(f"The {member} {role_arn[:300]!r} is not the ARN of an IAM role.", clusterName=cluster)
    return arn.account


def check_policy(policy: str, disable_session_tags: bool, cluster: str) -> None:
    """Refuse a session policy that STS would not take, or one beside session tags. Raises InvalidParameter."""
    if not policy:
        return
    if not disable_session_tags:
        raise InvalidParameter(
            "A policy needs disableSessionTags to be true: session tags and a session policy do not go together.",
            clusterName=cluster,
        )
    if len(policy) > LONGEST_POLICY:
        raise InvalidParameter(
            f"The policy has {len(policy)} characters; at most {LONGEST_POLICY} are allowed.", clusterName=cluster
        )
    try:
        parse_policy(policy, PolicyKind.SESSION)
    except MalformedPolicy as error:
        raise InvalidParameter(f"The policy is not valid: {error.message}", clusterName=cluster) from error
