"""The defaults of a Pod and of a pod template. Source and rules as in `defaults`."""

from __future__ import annotations

from typing import Any, Final

from podid.localcluster.ports import Object

_MODE: Final = 0o644
PRIORITIES: Final = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
"""The two priority classes that every cluster has."""


def default_pod(pod: Object) -> None:
    """Defaults of a Pod, its priority and its first status included."""
    spec = pod.setdefault("spec", {})
    default_pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", PRIORITIES.get(spec.get("priorityClassName", ""), 0))
    for container in _containers(spec):
        limits = (container.get("resources") or {}).get("limits") or {}
        if limits:
            container["resources"]["requests"] = limits | (container["resources"].get("requests") or {})
    status = pod.setdefault("status", {})
    status.setdefault("phase", "Pending")
    status.setdefault("qosClass", quality_of_service(spec))


def default_template(owner_spec: dict[str, Any]) -> None:
    """Defaults of `spec.template` of a DaemonSet, Deployment or ReplicaSet."""
    template = owner_spec.setdefault("template", {})
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))


def default_pod_spec(spec: dict[str, Any]) -> None:
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    # two names of one field: the older follows the newer
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for volume in spec.get("volumes") or ():
        _default_volume(volume)
    for container in _containers(spec):
        _default_container(container, host_network=bool(spec.get("hostNetwork")))


def _containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        *(spec.get("initContainers") or ()),
        *(spec.get("containers") or ()),
        *(spec.get("ephemeralContainers") or ()),
    ]


def _default_container(container: dict[str, Any], *, host_network: bool) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", "Always" if _is_latest(container.get("image") or "") else "IfNotPresent")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if host_network and "containerPort" in port:
            port.setdefault("hostPort", port["containerPort"])
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if (probe := container.get(name)) is not None:
            for field, value in (
                ("timeoutSeconds", 1),
                ("periodSeconds", 10),
                ("successThreshold", 1),
                ("failureThreshold", 3),
            ):
                if not probe.get(field):
                    probe[field] = value
            _default_handler(probe)
    for handler in (container.get("lifecycle") or {}).values():
        if isinstance(handler, dict):
            _default_handler(handler)


def _default_handler(handler: dict[str, Any]) -> None:
    if (get := handler.get("httpGet")) is not None:
        get.setdefault("path", "/")
        get.setdefault("scheme", "HTTP")


def _is_latest(image: str) -> bool:
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return not digest and tag in ("", "latest")


def _default_volume(volume: dict[str, Any]) -> None:
    sources = [name for name in volume if name != "name"]
    if not sources:
        volume["emptyDir"] = {}
    for source in ("secret", "configMap", "projected", "downwardAPI"):
        if (found := volume.get(source)) is not None:
            found.setdefault("defaultMode", _MODE)
            items = [*(found.get("items") or ()), *(found.get("sources") or ())]
            for item in items:
                _default_projection(item)
    if (path := volume.get("hostPath")) is not None:
        path.setdefault("type", "")


def _default_projection(item: dict[str, Any]) -> None:
    if (token := item.get("serviceAccountToken")) is not None:
        token.setdefault("expirationSeconds", 3600)
    for inner in [item, *((item.get("downwardAPI") or {}).get("items") or ())]:
        if (reference := inner.get("fieldRef")) is not None:
            reference.setdefault("apiVersion", "v1")


def quality_of_service(spec: dict[str, Any]) -> str:
    """Guaranteed where every container's cpu and memory limits equal its requests, BestEffort where none says any, else Burstable."""
    guaranteed = True
    said = False
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        for name in ("cpu", "memory"):
            said = said or name in requests or name in limits
            if name not in limits or requests.get(name, limits[name]) != limits[name]:
                guaranteed = False
    return "BestEffort" if not said else "Guaranteed" if guaranteed else "Burstable"
