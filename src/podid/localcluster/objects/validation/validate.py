"""The checks of each kind, when it is made and when it changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from podid.localcluster.objects.errors import Cause, Invalid
from podid.localcluster.objects.kinds import Kind
from podid.localcluster.objects.metadata import name_of
from podid.localcluster.objects.selectors import label_selector, selects
from podid.localcluster.objects.validation.causes import duplicate, forbidden, invalid, required, unsupported
from podid.localcluster.objects.validation.names import check_labels, check_metadata, check_selector
from podid.localcluster.objects.validation.pods import check_pod_spec, check_pod_update
from podid.localcluster.objects.validation.webhooks import check_webhooks
from podid.localcluster.ports import Object

_IMMUTABLE: Final = "field is immutable"
_DATA_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}\Z")
_KEY_RULE: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def validate_new(kind: Kind, obj: Object) -> None:
    """Refuse a new object that is not valid. Raises Invalid."""
    causes = list(check_metadata(kind.resource, obj, namespaced=kind.namespaced))
    causes += _checks(kind, obj)
    if causes:
        raise Invalid.of(kind.kind, kind.group, name_of(obj), causes)


def validate_update(kind: Kind, new: Object, old: Object) -> None:
    """Refuse a change that is not valid. Raises Invalid."""
    causes = list(check_metadata(kind.resource, new, namespaced=kind.namespaced))
    if kind.resource == "pods":
        causes += check_pod_update(new, old)
    else:
        causes += _checks(kind, new)
        causes += _check_immutable(kind, new, old)
    if causes:
        raise Invalid.of(kind.kind, kind.group, name_of(new), causes)


def _checks(kind: Kind, obj: Object) -> Iterator[Cause]:
    check = _CHECKS.get(kind.resource)
    return check(obj) if check is not None else iter(())


def _pod(obj: Object) -> Iterator[Cause]:
    return check_pod_spec(obj["spec"], "spec")


def _workload(obj: Object) -> Iterator[Cause]:
    spec: dict[str, Any] = obj["spec"]
    template = spec["template"]
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid("spec.selector", selector, "empty selector is invalid for " + obj["kind"].lower())
    else:
        wrong = list(check_selector(selector, "spec.selector"))
        yield from wrong
        labels = template["metadata"].get("labels") or {}
        if not wrong and not selects(label_selector(selector), labels):
            yield invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    yield from check_labels(template["metadata"].get("labels") or {}, "spec.template.labels")
    yield from check_pod_spec(template["spec"], "spec.template.spec")
    if template["spec"].get("restartPolicy") not in ("Always", None):
        yield unsupported("spec.template.spec.restartPolicy", template["spec"]["restartPolicy"], ("Always",))
    if spec.get("replicas", 0) < 0:
        yield invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    for member, allowed in (
        ("updateStrategy", ("RollingUpdate", "OnDelete")),
        ("strategy", ("RollingUpdate", "Recreate")),
    ):
        if member in spec and spec[member].get("type") not in allowed:
            yield unsupported(f"spec.{member}.type", spec[member].get("type") or "", allowed)


def _config_map(obj: Object) -> Iterator[Cause]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    for member, found in (("data", data), ("binaryData", binary)):
        for key in found:
            if not _DATA_KEY.match(key) or key in (".", ".."):
                yield invalid(f"{member}[{key[:100]}]", key, _KEY_RULE)
    for key in data.keys() & binary.keys():
        yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    if sum(map(len, data.values())) + sum(map(len, binary.values())) > 1024 * 1024:
        yield Cause("FieldValueTooLong", "Too long: may not be more than 1048576 bytes", "")


def _secret(obj: Object) -> Iterator[Cause]:
    for key in obj.get("data") or {}:
        if not _DATA_KEY.match(key) or key in (".", ".."):
            yield invalid(f"data[{key[:100]}]", key, _KEY_RULE)


def _service(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    types = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
    if spec.get("type") not in types:
        yield unsupported("spec.type", spec.get("type") or "", types)
    ports = spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield required("spec.ports")
    names: set[str] = set()
    for index, port in enumerate(ports):
        if not 0 < port.get("port", 0) < 65536:
            yield invalid(f"spec.ports[{index}].port", port.get("port", 0), "must be between 1 and 65535, inclusive")
        name = port.get("name") or ""
        if len(ports) > 1 and not name:
            yield required(f"spec.ports[{index}].name")
        elif name and name in names:
            yield duplicate(f"spec.ports[{index}].name", name)
        names.add(name)


def _check_immutable(kind: Kind, new: Object, old: Object) -> Iterator[Cause]:
    if kind.resource in ("daemonsets", "deployments", "replicasets"):
        selector = new["spec"].get("selector")
        if selector != old["spec"].get("selector"):
            yield invalid("spec.selector", selector, _IMMUTABLE)
    elif kind.resource in ("configmaps", "secrets") and old.get("immutable"):
        for name in ("data", "binaryData", "immutable"):
            if new.get(name) != old.get(name):
                yield forbidden(name, f"{_IMMUTABLE} when `immutable` is set")
    if kind.resource == "secrets" and new.get("type") != old.get("type"):
        yield invalid("type", new.get("type"), _IMMUTABLE)


_CHECKS: Final[dict[str, Callable[[Object], Iterator[Cause]]]] = {
    "pods": _pod,
    "daemonsets": _workload,
    "deployments": _workload,
    "replicasets": _workload,
    "configmaps": _config_map,
    "secrets": _secret,
    "services": _service,
    "mutatingwebhookconfigurations": check_webhooks,
}
