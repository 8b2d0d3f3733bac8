"""The kinds of object podid reads and writes, and where the API server keeps them."""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct


class Kind(Struct, frozen=True):
    """One kind: `group` is empty for the core group, `plural` is the word in paths."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`: what objects carry as apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of a collection or, with a name, of one object. Without a namespace a collection is that of all namespaces.

        Raises ValueError where an object of a namespaced kind is asked for without its namespace.
        """
        if self.namespaced and name and not namespace:
            raise ValueError(f"{self.plural} are namespaced: say in which namespace {name!r} is")
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/" + "/".join(quote(part, safe="") for part in parts)


CONFIG_MAPS = Kind("", "v1", "ConfigMap", "configmaps")
DAEMON_SETS = Kind("apps", "v1", "DaemonSet", "daemonsets")
MUTATING_WEBHOOKS = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    namespaced=False,
)
NAMESPACES = Kind("", "v1", "Namespace", "namespaces", namespaced=False)
NODES = Kind("", "v1", "Node", "nodes", namespaced=False)
PODS = Kind("", "v1", "Pod", "pods")
SECRETS = Kind("", "v1", "Secret", "secrets")
SERVICE_ACCOUNTS = Kind("", "v1", "ServiceAccount", "serviceaccounts")
