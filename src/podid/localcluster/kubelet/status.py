"""A pod's status, from what is known of its containers. Pure.

Source: Kubernetes documentation, "Pod Lifecycle"; kubernetes `pkg/kubelet/status/generate.go` for reasons and messages of conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from podid.localcluster.isolation.port import ContainerState
from podid.localcluster.kubelet.fields import FieldProblem, quantity
from podid.localcluster.kubelet.records import Record
from podid.localcluster.ports import Object

Phase = Literal["Pending", "Running", "Succeeded", "Failed"]
VIEW_ID = "podid://host-view"
"""`imageID` of every container: no image was pulled."""


def timestamp(seconds: float) -> str:
    """A time as Kubernetes writes it: RFC 3339, whole seconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def phase_of(records: Sequence[Record], restart_policy: str) -> Phase:
    """The phase that the containers' states add up to."""
    mains = [record for record in records if record.role == "main"]
    for record in records:
        if record.role == "init" and record.exited and not record.succeeded and restart_policy == "Never":
            return "Failed"
    if not initialized(records) or not any(
        record.current is not None or record.previous is not None for record in mains
    ):
        return "Pending"
    if restart_policy == "Always" or not all(record.exited for record in mains):
        return "Running"
    if all(record.succeeded for record in mains):
        return "Succeeded"
    return "Failed" if restart_policy == "Never" else "Running"


def is_ready(pod: Object) -> bool:
    """Whether a pod's status, as it is stored, says that it is ready."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def initialized(records: Sequence[Record]) -> bool:
    """Whether every init container has done its work (a sidecar: has started)."""
    return all(
        record.started if record.role == "sidecar" else record.succeeded for record in records if record.role != "main"
    )


def pod_status(
    pod: Object,
    records: Sequence[Record],
    *,
    phase: Phase,
    node_address: str,
    addresses: Sequence[str],
    now: datetime,
    reason: str = "",
    message: str = "",
) -> dict[str, Any]:
    """The whole `status`. Conditions that are not the kubelet's (PodScheduled) stay; transition times move with their value."""
    old = pod.get("status") or {}
    status: dict[str, Any] = {
        **{key: value for key, value in old.items() if key not in ("reason", "message")},
        "phase": phase,
        "qosClass": old.get("qosClass") or qos_class(pod),
        "hostIP": node_address,
        "hostIPs": [{"ip": node_address}],
        "startTime": old.get("startTime") or timestamp(now.timestamp()),
        "containerStatuses": [_container_status(record) for record in records if record.role == "main"],
    }
    if reason:
        status["reason"] = reason
    if message:
        status["message"] = message
    if addresses:
        status["podIP"] = addresses[0]
        status["podIPs"] = [{"ip": address} for address in addresses]
    inits = [_container_status(record) for record in records if record.role != "main"]
    if inits:
        status["initContainerStatuses"] = inits
    status["conditions"] = _conditions(old.get("conditions") or [], records, phase, bool(addresses), pod, now)
    return status


def _container_status(record: Record) -> dict[str, Any]:
    status: dict[str, Any] = {
        "name": record.name,
        "image": record.spec.get("image", ""),
        "imageID": VIEW_ID,
        "restartCount": record.restarts,
        "ready": record.ready,
        "started": record.started,
        "state": _state(record),
        "lastState": {},
    }
    if record.current is not None:
        status["containerID"] = record.container_id(record.current.attempt)
    elif record.previous is not None:
        status["containerID"] = record.container_id(record.previous.attempt)
    if record.previous is not None:
        status["lastState"] = {"terminated": _terminated(record, record.previous)}
    return status


def _state(record: Record) -> dict[str, Any]:
    if record.current is None:
        reason, message = record.waiting
        return {"waiting": {"reason": reason, "message": message} if message else {"reason": reason}}
    if record.current.state == "exited":
        return {"terminated": _terminated(record, record.current)}
    if record.current.state == "running":
        return {"running": {"startedAt": timestamp(record.current.started)}}
    return {"waiting": {"reason": "ContainerCreating"}}


def _terminated(record: Record, state: ContainerState) -> dict[str, Any]:
    reason = "StartError" if state.error else "Completed" if state.code == 0 else "Error"
    terminated: dict[str, Any] = {
        "exitCode": state.code,
        "reason": reason,
        "startedAt": timestamp(state.started),
        "finishedAt": timestamp(state.finished),
        "containerID": record.container_id(state.attempt),
    }
    if state.error:
        terminated["message"] = state.error
    return terminated


def _conditions(
    old: Sequence[Mapping[str, Any]],
    records: Sequence[Record],
    phase: Phase,
    has_sandbox: bool,
    pod: Object,
    now: datetime,
) -> list[dict[str, Any]]:
    mains = [record for record in records if record.role == "main"]
    unready = [record.name for record in mains if not record.ready]
    incomplete = [
        record.name for record in records if record.role != "main" and not (record.started or record.succeeded)
    ]
    over = phase in ("Succeeded", "Failed")
    why_unready = (
        ("PodCompleted", "")
        if phase == "Succeeded"
        else ("PodFailed", "")
        if phase == "Failed"
        else _names("ready", unready)
    )
    ready = not unready and not over
    gates = _unmet_gates(pod, old)
    wanted: list[tuple[str, bool, tuple[str, str]]] = [
        ("PodReadyToStartContainers", has_sandbox, ("", "")),
        ("Initialized", not incomplete, _names("initialized", incomplete)),
        ("Ready", ready and not gates, why_unready if not ready else ("ReadinessGatesNotReady", gates)),
        ("ContainersReady", ready, why_unready),
    ]
    before = {condition["type"]: condition for condition in old}
    made = []
    for type_, holds, (reason, message) in wanted:
        value = "True" if holds else "False"
        condition: dict[str, Any] = {"type": type_, "status": value, "lastProbeTime": None}
        last = before.get(type_, {})
        same = last.get("status") == value and last.get("lastTransitionTime")
        condition["lastTransitionTime"] = last["lastTransitionTime"] if same else timestamp(now.timestamp())
        if not holds and reason:
            condition["reason"] = reason
            if message:
                condition["message"] = message
        elif type_ == "Initialized" and phase == "Succeeded":
            condition["reason"] = "PodCompleted"
        made.append(condition)
    names = {condition["type"] for condition in made}
    return made + [dict(condition) for condition in old if condition["type"] not in names]


def _unmet_gates(pod: Object, conditions: Sequence[Mapping[str, Any]]) -> str:
    met = {condition["type"] for condition in conditions if condition.get("status") == "True"}
    unmet = [
        gate["conditionType"] for gate in pod["spec"].get("readinessGates") or () if gate["conditionType"] not in met
    ]
    return "; ".join(f'corresponding condition of pod readiness gate "{name}" does not exist.' for name in unmet)


def _names(what: str, names: Sequence[str]) -> tuple[str, str]:
    kind = "init containers" if what == "initialized" else "containers"
    reason = "ContainersNotInitialized" if what == "initialized" else "ContainersNotReady"
    verb = "incomplete" if what == "initialized" else "unready"
    return reason, f"{kind} with {verb} status: [{' '.join(names)}]"


def qos_class(pod: Object) -> str:
    """Guaranteed, Burstable or BestEffort, by the containers' requests and limits."""
    any_set, guaranteed = False, True
    for container in (pod["spec"].get("initContainers") or []) + pod["spec"]["containers"]:
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("cpu", "memory"):
            limit, request = _amount(limits.get(name)), _amount(requests.get(name))
            any_set = any_set or bool(limit) or bool(request)
            guaranteed = guaranteed and bool(limit) and (not request or request == limit)
    return "BestEffort" if not any_set else "Guaranteed" if guaranteed else "Burstable"


def _amount(text: Any) -> Any:
    try:
        return quantity(str(text)) if text is not None else None
    except FieldProblem:
        return None
