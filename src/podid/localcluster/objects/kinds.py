"""The kinds that the local cluster serves: what discovery lists and paths name.

Small on purpose (design decision 7): the kinds that Pod Identity touches, and what kubectl itself asks for. A kind that is not here gets
kubectl's own "the server doesn't have a resource type". Reviews and TokenRequest are answered and never stored.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

ALL_VERBS: Final = ("create", "delete", "get", "list", "patch", "update", "watch")
CREATE_ONLY: Final = ("create",)


class Subresource(Struct, frozen=True, kw_only=True):
    """`pods/log`, `serviceaccounts/token`, …; `kind`, `group` and `version` are those of what it speaks, if not the parent's."""

    name: str
    verbs: tuple[str, ...]
    kind: str = ""
    group: str | None = None
    version: str = ""


STATUS: Final = Subresource(name="status", verbs=("get", "patch", "update"))
SCALE: Final = Subresource(
    name="scale", verbs=("get", "patch", "update"), kind="Scale", group="autoscaling", version="v1"
)


class Kind(Struct, frozen=True, kw_only=True):
    """One kind. `resource` is the plural, unique among all; `stored` is false for kinds that are only answered."""

    resource: str
    kind: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    stored: bool = True
    generation: bool = False
    """Whether `metadata.generation` counts the changes of its spec."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        return self.kind.lower()

    def subresource(self, name: str) -> Subresource | None:
        return next((one for one in self.subresources if one.name == name), None)


_ADMISSION, _AUTHN, _AUTHZ = "admissionregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io"

KINDS: Final = (
    Kind(resource="configmaps", kind="ConfigMap", short_names=("cm",)),
    Kind(resource="endpoints", kind="Endpoints", short_names=("ep",)),
    Kind(resource="events", kind="Event", short_names=("ev",)),
    Kind(resource="namespaces", kind="Namespace", namespaced=False, short_names=("ns",), subresources=(STATUS, Subresource(name="finalize", verbs=("update",)))),
    Kind(resource="nodes", kind="Node", namespaced=False, short_names=("no",), subresources=(STATUS,)),
    Kind(
        resource="pods",
        kind="Pod",
        short_names=("po",),
        categories=("all",),
        generation=True,
        subresources=(
            Subresource(name="attach", verbs=("create", "get"), kind="PodAttachOptions"),
            Subresource(name="eviction", verbs=CREATE_ONLY, kind="Eviction", group="policy", version="v1"),
            Subresource(name="exec", verbs=("create", "get"), kind="PodExecOptions"),
            Subresource(name="log", verbs=("get",)),
            Subresource(name="portforward", verbs=("create", "get"), kind="PodPortForwardOptions"),
            STATUS,
        ),
    ),
    Kind(resource="secrets", kind="Secret"),
    Kind(
        resource="serviceaccounts",
        kind="ServiceAccount",
        short_names=("sa",),
        subresources=(Subresource(name="token", verbs=CREATE_ONLY, kind="TokenRequest", group=_AUTHN, version="v1"),),
    ),
    Kind(resource="services", kind="Service", short_names=("svc",), categories=("all",), subresources=(STATUS,)),
    Kind(resource="controllerrevisions", kind="ControllerRevision", group="apps"),
    Kind(resource="daemonsets", kind="DaemonSet", group="apps", short_names=("ds",), categories=("all",), subresources=(STATUS,), generation=True),
    Kind(resource="deployments", kind="Deployment", group="apps", short_names=("deploy",), categories=("all",), subresources=(SCALE, STATUS), generation=True),
    Kind(resource="replicasets", kind="ReplicaSet", group="apps", short_names=("rs",), categories=("all",), subresources=(SCALE, STATUS), generation=True),
    Kind(resource="leases", kind="Lease", group="coordination.k8s.io"),
    Kind(
        resource="mutatingwebhookconfigurations",
        kind="MutatingWebhookConfiguration",
        group=_ADMISSION,
        namespaced=False,
        categories=("api-extensions",),
        generation=True,
    ),
    Kind(resource="selfsubjectreviews", kind="SelfSubjectReview", group=_AUTHN, namespaced=False, verbs=CREATE_ONLY, stored=False),
    Kind(resource="tokenreviews", kind="TokenReview", group=_AUTHN, namespaced=False, verbs=CREATE_ONLY, stored=False),
    Kind(resource="localsubjectaccessreviews", kind="LocalSubjectAccessReview", group=_AUTHZ, verbs=CREATE_ONLY, stored=False),
    Kind(resource="selfsubjectaccessreviews", kind="SelfSubjectAccessReview", group=_AUTHZ, namespaced=False, verbs=CREATE_ONLY, stored=False),
    Kind(resource="selfsubjectrulesreviews", kind="SelfSubjectRulesReview", group=_AUTHZ, namespaced=False, verbs=CREATE_ONLY, stored=False),
    Kind(resource="subjectaccessreviews", kind="SubjectAccessReview", group=_AUTHZ, namespaced=False, verbs=CREATE_ONLY, stored=False),
)  # fmt: skip

BY_RESOURCE: Final = {kind.resource: kind for kind in KINDS}
GROUPS: Final = tuple(dict.fromkeys((kind.group, kind.version) for kind in KINDS))
"""(group, version) pairs; the core group first."""


def find_kind(group: str, version: str, resource: str) -> Kind | None:
    """The kind that a path names, or None."""
    kind = BY_RESOURCE.get(resource)
    return kind if kind is not None and (kind.group, kind.version) == (group, version) else None


def kind_named(api_version: str, name: str) -> Kind | None:
    """The kind of an object's own `apiVersion` and `kind`, or None."""
    return next((kind for kind in KINDS if kind.kind == name and kind.api_version == api_version), None)
