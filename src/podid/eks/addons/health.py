"""What the state of a DaemonSet, or the failure to reach it, says about an add-on. Pure."""

from __future__ import annotations

from typing import Any

from podid.eks.addons.addon import Issue
from podid.kube import (
    AlreadyExists,
    BadKubeconfig,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    NotFound,
    ServerTrouble,
    Unauthorized,
    Unreachable,
)

_CODES: dict[type[KubeError], str] = {
    AlreadyExists: "ConfigurationConflict",
    BadKubeconfig: "ClusterUnreachable",
    Conflict: "ConfigurationConflict",
    Forbidden: "AccessDenied",
    Gone: "InternalFailure",
    Invalid: "AdmissionRequestDenied",
    NotFound: "K8sResourceNotFound",
    ServerTrouble: "ClusterUnreachable",
    Unauthorized: "AccessDenied",
    Unreachable: "ClusterUnreachable",
}

_MAY_PASS = (Unreachable, ServerTrouble, Conflict, Gone)


def issue_of(error: KubeError) -> Issue:
    """The issue that a failed call to the cluster is shown as."""
    return Issue(_CODES.get(type(error), "InternalFailure"), error.public)


def may_pass(error: KubeError) -> bool:
    """Whether the same call may work later without anybody doing anything."""
    return isinstance(error, _MAY_PASS)


def issues_of(daemon_set: dict[str, Any]) -> tuple[Issue, ...]:
    """Why the DaemonSet is not (yet) as it should be; nothing where every node that wants the pod has a ready one of this generation."""
    metadata, status = daemon_set["metadata"], daemon_set.get("status") or {}
    name = str(metadata["name"])
    if int(status.get("observedGeneration") or 0) < int(metadata.get("generation") or 1):
        return (
            Issue("InsufficientNumberOfReplicas", f"The cluster has not looked at the DaemonSet {name} yet.", (name,)),
        )
    wanted = int(status.get("desiredNumberScheduled") or 0)
    ready = int(status.get("numberReady") or 0)
    updated = int(status.get("updatedNumberScheduled") or 0)
    if min(ready, updated) >= wanted:
        return ()
    said = f"The add-on is unhealthy because its DaemonSet {name} has {ready} of {wanted} pods ready, {updated} up to date."
    return (Issue("InsufficientNumberOfReplicas", said, (name,)),)
