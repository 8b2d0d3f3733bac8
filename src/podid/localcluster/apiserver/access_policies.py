"""EKS's access policies, as far as this API server has what they speak of: the rights of an AWS principal whose access entry names one.

    AmazonEKSClusterAdminPolicy   everything (for the whole cluster the user also is in `system:masters`)
    AmazonEKSAdminPolicy          what `edit` may, and access reviews of its namespaces
    AmazonEKSEditPolicy           read and change what is in namespaces: workloads, Secrets, exec, port-forward, logs
    AmazonEKSViewPolicy           read what is in namespaces, no Secrets
    AmazonEKSAdminViewPolicy      read everything, Secrets too
    AmazonEKSSecretReaderPolicy   read Secrets

Other policies are for AWS's own controllers and give nothing here. Each is for the whole cluster, or for the namespace after its `@`, which may
end with `*`. They come with the review of the principal's token, in the user's `extra`: nobody but the AWS endpoint can say them.

Source: EKS user guide, "Review access policy permissions"; Kubernetes, "User-facing roles".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from podid.localcluster.apiserver.attributes import Attributes

EXTRA: Final = "eks.amazonaws.com/access-policies"

_READING: Final = frozenset({"get", "list", "watch"})
_CHANGING: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_VIEWED: Final = frozenset(
    {
        "configmaps", "controllerrevisions", "daemonsets", "deployments", "endpoints", "events", "leases", "namespaces",
        "pods", "replicasets", "serviceaccounts", "services",
    }
)  # fmt: skip
_EDITED: Final = frozenset(
    {
        "configmaps", "daemonsets", "deployments", "endpoints", "events", "leases", "pods", "replicasets", "secrets",
        "serviceaccounts", "services",
    }
)  # fmt: skip
_STREAMS: Final = frozenset({"attach", "exec", "portforward", "proxy"})
_EDITED_PARTS: Final = frozenset({"", "eviction", "scale", "token"}) | _STREAMS
"""Subresources an editor may change; what the kubelet and the controllers write (status, binding) is not among them."""


def is_granted(grants: Iterable[str], wanted: Attributes) -> bool:
    """Whether one of the policies lets a request to a resource through."""
    if wanted.path:
        return False
    for grant in grants:
        name, _, namespace = grant.partition("@")
        rule = _RULES.get(name)
        if rule is not None and _covers(namespace, wanted.namespace) and rule(wanted):
            return True
    return False


def _covers(granted: str, asked: str) -> bool:
    if not granted:
        return True
    if granted.endswith("*"):
        return bool(asked) and asked.startswith(granted[:-1])
    return granted == asked


def _everything(wanted: Attributes) -> bool:
    return True


def _read_everything(wanted: Attributes) -> bool:
    return wanted.verb in _READING and wanted.subresource not in _STREAMS


def _read_secrets(wanted: Attributes) -> bool:
    return wanted.resource == "secrets" and wanted.verb in _READING


def _view(wanted: Attributes) -> bool:
    return wanted.resource in _VIEWED and _read_everything(wanted)


def _edit(wanted: Attributes) -> bool:
    if _view(wanted) or _read_secrets(wanted):
        return True
    if wanted.resource not in _EDITED or wanted.subresource not in _EDITED_PARTS:
        return False
    # A stream is opened by GET or by POST, and either counts.
    return wanted.verb in _CHANGING or (wanted.subresource in _STREAMS and wanted.verb == "get")


def _administer(wanted: Attributes) -> bool:
    return _edit(wanted) or (wanted.resource == "localsubjectaccessreviews" and wanted.verb == "create")


_RULES: Final[Mapping[str, Callable[[Attributes], bool]]] = {
    "AmazonEKSAdminPolicy": _administer,
    "AmazonEKSAdminViewPolicy": _read_everything,
    "AmazonEKSClusterAdminPolicy": _everything,
    "AmazonEKSEditPolicy": _edit,
    "AmazonEKSSecretReaderPolicy": _read_secrets,
    "AmazonEKSViewPolicy": _view,
}
