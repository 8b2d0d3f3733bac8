"""The session that a pod gets: its name and its six tags. Pure.

Source: EKS API reference, AssumeRoleForPodIdentity (session name); EKS user guide, "Grant Pods access to AWS resources based on tags".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from podid.core import ids
from podid.core.tokens import ServiceAccountToken
from podid.eks import Cluster

SERVICE: Final = "pods.eks.amazonaws.com"
AUDIENCE: Final = "pods.eks.amazonaws.com"
SECONDS: Final = 21_600
"""Six hours. A role's own limit does not bound sessions that a service starts."""
CHAINED_SECONDS: Final = 3_600
"""Role chaining allows no more."""

TAG_KEYS: Final = (
    "eks-cluster-arn",
    "eks-cluster-name",
    "kubernetes-namespace",
    "kubernetes-service-account",
    "kubernetes-pod-name",
    "kubernetes-pod-uid",
)
"""The keys of the session tags, in the order in which they are sent."""

_NAME_PART: Final = 10
"""Characters of the cluster's and of the pod's name: 4 + 10 + 1 + 10 + 1 + 36 = 62, and STS takes 64."""
_ILLEGAL: Final = re.compile(r"[^\w+=,.@-]", re.ASCII)


def session_name(cluster: str, pod: str, random: ids.RandomBytes) -> str:
    """`eks-CLUSTER-POD-UUID`, each name cut to ten characters, what STS does not take replaced by `-`."""
    return f"eks-{_part(cluster[:_NAME_PART])}-{_part(pod[:_NAME_PART])}-{ids.uuid4(random)}"


@lru_cache(1024)
def _part(name: str) -> str:
    return _ILLEGAL.sub("-", name)


def session_tags(cluster: Cluster, token: ServiceAccountToken) -> dict[str, str]:
    """The six tags, in the order in which they are sent."""
    values = (cluster.arn, cluster.name, token.namespace, token.service_account, token.pod_name, token.pod_uid)
    return dict(zip(TAG_KEYS, values, strict=True))
