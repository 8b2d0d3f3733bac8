"""EKS's access policies: what an access entry may be given beside Kubernetes groups. EKS's own, not IAM's, and their text is not to be had.

Source: EKS user guide, "Review access policy permissions" and "Associate access policies with access entries".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from podid.eks.errors import InvalidParameter, ResourceNotFound

CLUSTER_ADMIN: Final = "AmazonEKSClusterAdminPolicy"

NAMES: Final = (
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSAutoNodePolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSViewPolicy",
)
"""In alphabetical order. Those that only AWS's own controllers use are left out: nothing here acts for them."""

_ARN: Final = re.compile(r"arn:(?P<partition>[\w-]+):eks::aws:cluster-access-policy/(?P<name>\w{1,128})", re.ASCII)
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?|([a-z0-9][-a-z0-9]{0,61})?\*", re.ASCII)
_MOST_NAMESPACES: Final = 100


def arn_of(name: str, partition: str) -> str:
    """The ARN of an access policy."""
    return f"arn:{partition}:eks::aws:cluster-access-policy/{name}"


def check_policy_arn(policy_arn: str, partition: str, cluster: str) -> None:
    """Refuse what is no access policy's ARN (InvalidParameter) and one that is not there (ResourceNotFound)."""
    found = _ARN.fullmatch(policy_arn)
    if found is None or found["partition"] != partition:
        raise InvalidParameter("The policyArn parameter format is not valid", clusterName=cluster)
    if found["name"] not in NAMES:
        raise ResourceNotFound(
            "The specified policyArn could not be found. You can view your available policies with 'list-access-policies'.",
            clusterName=cluster,
        )


def read_scope(scope: Mapping[str, Any], cluster: str) -> tuple[str, ...]:
    """The namespaces of a scope; none for the whole cluster. A name may end with `*`. Raises InvalidParameter."""
    kind, given = scope.get("type"), tuple(scope.get("namespaces") or ())
    if kind not in ("cluster", "namespace"):
        raise InvalidParameter("accessScope.type must be cluster or namespace.", clusterName=cluster)
    if kind == "cluster":
        if given:
            raise InvalidParameter("A scope of type cluster has no namespaces.", clusterName=cluster)
        return ()
    if not given:
        raise InvalidParameter("A scope of type namespace needs its namespaces.", clusterName=cluster)
    if len(given) > _MOST_NAMESPACES:
        raise InvalidParameter(f"A scope has at most {_MOST_NAMESPACES} namespaces.", clusterName=cluster)
    for each in given:
        if not _NAMESPACE.fullmatch(each):
            raise InvalidParameter(f"The namespace {each[:253]!r} of the scope is not valid.", clusterName=cluster)
    return tuple(dict.fromkeys(given))


def scope_view(namespaces: Sequence[str]) -> dict[str, Any]:
    """The AccessScope shape."""
    return {"type": "namespace" if namespaces else "cluster", "namespaces": list(namespaces)}
