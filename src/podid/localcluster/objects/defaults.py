"""The values that Kubernetes stores where a manifest says nothing, because clients read them.

Source: kubernetes `pkg/apis/{core,apps,admissionregistration}/v1/defaults.go` and `pkg/registry/core/pod/strategy.go`. Every function
changes the object it is given, which must have been through `conform`; doing it twice changes nothing more.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

from podid.localcluster.objects.metadata import name_of
from podid.localcluster.objects.pod_defaults import default_pod, default_template
from podid.localcluster.ports import Object


def apply_defaults(resource: str, obj: Object) -> None:
    """Fill in what is not there, by kind."""
    obj.setdefault("metadata", {})
    found = _DEFAULTS.get(resource)
    if found is not None:
        found(obj)


def _daemonset(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    default_template(spec)
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxSurge", 0)
        rolling.setdefault("maxUnavailable", 1 if rolling["maxSurge"] in (0, "0%") else 0)
    spec.setdefault("revisionHistoryLimit", 10)


def _deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    default_template(spec)
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)


def _replicaset(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    default_template(spec)
    spec.setdefault("replicas", 1)


def _namespace(obj: Object) -> None:
    obj.setdefault("spec", {}).setdefault(
        "finalizers", ["kubernetes"] if not obj["metadata"].get("deletionTimestamp") else []
    )
    obj.setdefault("status", {}).setdefault("phase", "Active")
    if name := name_of(obj):
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name


def _secret(obj: Object) -> None:
    obj.setdefault("type", "Opaque")
    for key, text in (obj.pop("stringData", None) or {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()


def _service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if "port" in port:
            port.setdefault("targetPort", port["port"])
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    obj.setdefault("status", {"loadBalancer": {}})


def _webhooks(obj: Object) -> None:
    for webhook in obj.get("webhooks") or ():
        webhook.setdefault("failurePolicy", "Fail")
        webhook.setdefault("matchPolicy", "Equivalent")
        webhook.setdefault("namespaceSelector", {})
        webhook.setdefault("objectSelector", {})
        webhook.setdefault("timeoutSeconds", 10)
        webhook.setdefault("reinvocationPolicy", "Never")
        for rule in webhook.get("rules") or ():
            rule.setdefault("scope", "*")
        service: Any = (webhook.get("clientConfig") or {}).get("service")
        if service:
            service.setdefault("port", 443)


_DEFAULTS: Final[dict[str, Callable[[Object], None]]] = {
    "pods": default_pod,
    "daemonsets": _daemonset,
    "deployments": _deployment,
    "replicasets": _replicaset,
    "namespaces": _namespace,
    "secrets": _secret,
    "services": _service,
    "mutatingwebhookconfigurations": _webhooks,
}
