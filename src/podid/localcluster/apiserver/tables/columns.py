"""Which columns each kind has. The first is always its name, and unlisted kinds have Name and Age."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from podid.localcluster.apiserver.tables.ages import age
from podid.localcluster.apiserver.tables.pods import POD_COLUMNS
from podid.localcluster.apiserver.tables.table import Cell, Column
from podid.localcluster.objects.metadata import labels_of, name_of, parse_timestamp
from podid.localcluster.objects.selectors import selector_text
from podid.localcluster.ports import Object

_Cell = Callable[[Object, datetime], Cell]


def columns_of(resource: str) -> Sequence[Column]:
    """The columns of a kind."""
    return (_NAME, *_COLUMNS.get(resource, (_AGE,))) if resource != "events" else _EVENTS


def _at(*path: str, default: Any = "<none>") -> _Cell:
    def cell(obj: Object, now: datetime) -> Cell:
        value: Any = obj
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return default if value in (None, "") else value  # type: ignore[no-any-return]

    return cell


def _count(*path: str) -> _Cell:
    found = _at(*path, default=())
    return lambda obj, now: len(found(obj, now))  # type: ignore[arg-type]


def _number(*path: str) -> _Cell:
    return _at(*path, default=0)


_NAME = Column("Name", lambda obj, now: name_of(obj), format="name")
_AGE = Column("Age", lambda obj, now: age(obj["metadata"].get("creationTimestamp"), now))


def _node_status(node: Object, now: datetime) -> Cell:
    conditions = (node.get("status") or {}).get("conditions") or []
    ready = next((c for c in conditions if c.get("type") == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"]
    if (node.get("spec") or {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Object, now: datetime) -> Cell:
    prefix = "node-role.kubernetes.io/"
    return ",".join(sorted(label[len(prefix) :] for label in labels_of(node) if label.startswith(prefix))) or "<none>"


def _address(type_: str) -> _Cell:
    def cell(node: Object, now: datetime) -> Cell:
        addresses = (node.get("status") or {}).get("addresses") or []
        return next((one["address"] for one in addresses if one.get("type") == type_), "<none>")

    return cell


def _map_text(*path: str) -> _Cell:
    found = _at(*path, default={})
    return lambda obj, now: ",".join(f"{k}={v}" for k, v in sorted(found(obj, now).items())) or "<none>"  # type: ignore[union-attr]


def _template(member: str) -> _Cell:
    found = _at("spec", "template", "spec", "containers", default=())
    return lambda obj, now: ",".join(str(one.get(member) or "") for one in found(obj, now))  # type: ignore[union-attr]


def _selector(obj: Object, now: datetime) -> Cell:
    return selector_text((obj.get("spec") or {}).get("selector"))


def _ratio(obj: Object, now: datetime) -> Cell:
    return f"{_number('status', 'readyReplicas')(obj, now)}/{_number('spec', 'replicas')(obj, now)}"


def _ports(service: Object, now: datetime) -> Cell:
    texts = []
    for port in (service.get("spec") or {}).get("ports") or []:
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port.get('port')}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(texts) or "<none>"


def _endpoints(endpoints: Object, now: datetime) -> Cell:
    texts = [
        f"{address.get('ip')}:{port.get('port')}"
        for subset in endpoints.get("subsets") or []
        for port in subset.get("ports") or []
        for address in subset.get("addresses") or []
    ]
    if not texts:
        return "<none>"
    return ",".join(texts[:3]) + (f" + {len(texts) - 3} more..." if len(texts) > 3 else "")


def _event_object(event: Object, now: datetime) -> Cell:
    about = event.get("involvedObject") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _event_age(*names: str) -> _Cell:
    def cell(event: Object, now: datetime) -> Cell:
        found = next((event[name] for name in names if parse_timestamp(event.get(name))), None)
        return age(found, now)

    return cell


def _source(event: Object, now: datetime) -> Cell:
    source = event.get("source") or {}
    return ", ".join(str(source[part]) for part in ("component", "host") if source.get(part))


_LAST_SEEN = _event_age("lastTimestamp", "eventTime", "firstTimestamp")
_EVENTS = (
    Column("Last Seen", _LAST_SEEN),
    Column("Type", _at("type", default="")),
    Column("Reason", _at("reason", default="")),
    Column("Object", _event_object),
    Column("Subobject", _at("involvedObject", "fieldPath", default=""), wide=True),
    Column("Source", _source, wide=True),
    Column("Message", lambda event, now: str(event.get("message") or "").strip()),
    Column("First Seen", _event_age("firstTimestamp", "eventTime"), wide=True),
    Column("Count", _at("count", default=1), "integer", wide=True),
    Column("Name", lambda event, now: name_of(event), wide=True, format="name"),
)

_WORKLOAD_WIDE = (
    Column("Containers", _template("name"), wide=True),
    Column("Images", _template("image"), wide=True),
    Column("Selector", _selector, wide=True),
)

_COLUMNS: dict[str, tuple[Column, ...]] = {
    "pods": POD_COLUMNS,
    "namespaces": (Column("Status", _at("status", "phase")), _AGE),
    "nodes": (
        Column("Status", _node_status),
        Column("Roles", _roles),
        _AGE,
        Column("Version", _at("status", "nodeInfo", "kubeletVersion", default="")),
        Column("Internal-IP", _address("InternalIP"), wide=True),
        Column("External-IP", _address("ExternalIP"), wide=True),
        Column("OS-Image", _at("status", "nodeInfo", "osImage", default="<unknown>"), wide=True),
        Column("Kernel-Version", _at("status", "nodeInfo", "kernelVersion", default="<unknown>"), wide=True),
        Column(
            "Container-Runtime", _at("status", "nodeInfo", "containerRuntimeVersion", default="<unknown>"), wide=True
        ),
    ),
    "serviceaccounts": (Column("Secrets", _count("secrets"), "integer"), _AGE),
    "configmaps": (
        Column("Data", lambda obj, now: len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), "integer"),
        _AGE,
    ),
    "secrets": (Column("Type", _at("type", default="")), Column("Data", _count("data"), "integer"), _AGE),
    "services": (
        Column("Type", _at("spec", "type", default="ClusterIP")),
        Column("Cluster-IP", _at("spec", "clusterIP")),
        Column("External-IP", lambda obj, now: ",".join((obj.get("spec") or {}).get("externalIPs") or ()) or "<none>"),
        Column("Port(s)", _ports),
        _AGE,
        Column("Selector", _map_text("spec", "selector"), wide=True),
    ),
    "endpoints": (Column("Endpoints", _endpoints), _AGE),
    "daemonsets": (
        Column("Desired", _number("status", "desiredNumberScheduled"), "integer"),
        Column("Current", _number("status", "currentNumberScheduled"), "integer"),
        Column("Ready", _number("status", "numberReady"), "integer"),
        Column("Up-to-date", _number("status", "updatedNumberScheduled"), "integer"),
        Column("Available", _number("status", "numberAvailable"), "integer"),
        Column("Node Selector", _map_text("spec", "template", "spec", "nodeSelector")),
        _AGE,
        *_WORKLOAD_WIDE,
    ),
    "deployments": (
        Column("Ready", _ratio),
        Column("Up-to-date", _number("status", "updatedReplicas"), "integer"),
        Column("Available", _number("status", "availableReplicas"), "integer"),
        _AGE,
        *_WORKLOAD_WIDE,
    ),
    "replicasets": (
        Column("Desired", _number("spec", "replicas"), "integer"),
        Column("Current", _number("status", "replicas"), "integer"),
        Column("Ready", _number("status", "readyReplicas"), "integer"),
        _AGE,
        *_WORKLOAD_WIDE,
    ),
    "controllerrevisions": (
        Column("Controller", lambda obj, now: _controller_text(obj)),
        Column("Revision", _number("revision"), "integer"),
        _AGE,
    ),
    "leases": (Column("Holder", _at("spec", "holderIdentity", default="")), _AGE),
    "mutatingwebhookconfigurations": (Column("Webhooks", _count("webhooks"), "integer"), _AGE),
}


def _controller_text(obj: Object) -> str:
    owner = next((one for one in obj["metadata"].get("ownerReferences") or () if one.get("controller")), None)
    if owner is None:
        return "<none>"
    group = str(owner["apiVersion"]).partition("/")[0]
    return f"{str(owner['kind']).lower()}.{group}/{owner['name']}"
