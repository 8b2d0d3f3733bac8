"""Access entries: who may use a cluster's Kubernetes API by IAM. Today the cluster's creator alone, as its administrator.

Source: EKS user guide, "Grant IAM users access to Kubernetes with EKS access entries".
"""

from __future__ import annotations

import re
import uuid

from msgspec import Struct

from podid.core.caller import Call, Caller, Output
from podid.core.operations import operation
from podid.eks.cluster import Cluster
from podid.eks.clusters import Clusters
from podid.eks.errors import ResourceNotFound
from podid.eks.paging import page_of


class AccessEntries:
    """List and describe."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    @operation("ListAccessEntries")
    def list_access_entries(
        self,
        call: Call,
        *,
        cluster_name: str,
        associated_policy_arn: str | None = None,
        max_results: int | None = None,
        next_token: str | None = None,
    ) -> Output:
        cluster = self._clusters.require(call, cluster_name)
        page_of(max_results, next_token, "access-entries", cluster.arn, associated_policy_arn or "", key=(str,))
        wanted = associated_policy_arn in (None, admin_policy(cluster))
        return {"accessEntries": [cluster.creator_arn] if cluster.creator_arn and wanted else []}

    @operation("DescribeAccessEntry")
    def describe_access_entry(self, call: Call, *, cluster_name: str, principal_arn: str) -> Output:
        cluster = self._require(call, cluster_name, principal_arn)
        arn_kind, _, name = principal_arn.rpartition(":")[2].partition("/")
        identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{cluster.arn} {principal_arn}")
        arn = cluster.arn.replace(":cluster/", ":access-entry/", 1) + f"/{arn_kind}/{cluster.account}/{name}/{identity}"
        return {
            "accessEntry": {
                "clusterName": cluster.name,
                "principalArn": principal_arn,
                "kubernetesGroups": [],
                "accessEntryArn": arn,
                "createdAt": cluster.created_at,
                "modifiedAt": cluster.created_at,
                "tags": {},
                "username": kubernetes_username(principal_arn),
                "type": "STANDARD",
            }
        }

    @operation("ListAssociatedAccessPolicies")
    def list_associated_access_policies(
        self,
        call: Call,
        *,
        cluster_name: str,
        principal_arn: str,
        max_results: int | None = None,
        next_token: str | None = None,
    ) -> Output:
        cluster = self._require(call, cluster_name, principal_arn)
        page_of(max_results, next_token, "access-policies", cluster.arn, principal_arn, key=(str,))
        policy = {
            "policyArn": admin_policy(cluster),
            "accessScope": {"type": "cluster", "namespaces": []},
            "associatedAt": cluster.created_at,
            "modifiedAt": cluster.created_at,
        }
        return {"clusterName": cluster.name, "principalArn": principal_arn, "associatedAccessPolicies": [policy]}

    def _require(self, call: Call, cluster_name: str, principal_arn: str) -> Cluster:
        cluster = self._clusters.require(call, cluster_name)
        if not cluster.creator_arn or principal_arn != cluster.creator_arn:
            raise ResourceNotFound(
                f"The specified principalArn could not be found: {principal_arn[:300]}", clusterName=cluster_name
            )
        return cluster


class KubernetesUser(Struct, frozen=True, kw_only=True):
    """Who an AWS principal is to a cluster's API server, as aws-iam-authenticator tells it on EKS."""

    username: str
    uid: str
    groups: tuple[str, ...]
    extra: dict[str, tuple[str, ...]]


def user_of(cluster: Cluster, caller: Caller) -> KubernetesUser | None:
    """The Kubernetes user of a caller with an access entry; None without one. The creator's entry makes an administrator.

    On EKS the administrator's access policy is looked up by an authorizer of its own; a cluster that knows RBAC alone has the group.
    """
    if not cluster.creator_arn or caller.issuer_arn != cluster.creator_arn:
        return None
    session = re.sub(r"[^\w.-]", "-", caller.session_name)
    extra: dict[str, tuple[str, ...]] = {
        "accessKeyId": (caller.access_key_id,),
        "arn": (caller.arn,),
        "canonicalArn": (caller.issuer_arn,),
        "principalId": (caller.user_id,),
        "sessionName": (caller.session_name,),
    }
    return KubernetesUser(
        username=kubernetes_username(caller.issuer_arn).replace("{{SessionName}}", session),
        uid=f"aws-iam-authenticator:{caller.account}:{caller.user_id.partition(':')[0]}",
        groups=("system:masters",),
        extra=extra,
    )


def admin_policy(cluster: Cluster) -> str:
    """The access policy of a cluster's administrators."""
    return f"arn:{cluster.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def kubernetes_username(principal_arn: str) -> str:
    """The Kubernetes user name of a principal: a user's ARN, or for a role the ARN of its sessions with a place for their name."""
    role = re.fullmatch(r"arn:([\w-]+):iam::(\d{12}):role/(?:.*/)?([^/]+)", principal_arn)
    if role is None:
        return principal_arn
    partition, account, name = role.groups()
    return f"arn:{partition}:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}"
