"""The columns of pods: what state a pod is in, in one word.

Rules: kubernetes `pkg/printers/internalversion`, printPod.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from podid.localcluster.apiserver.tables.ages import age
from podid.localcluster.apiserver.tables.table import Cell, Column
from podid.localcluster.objects.metadata import is_deleted, parse_timestamp
from podid.localcluster.ports import Object


def pod_status(pod: Object) -> str:
    """Running, Pending, CrashLoopBackOff, Init:0/1, Completed, Terminating, …"""
    status = pod.get("status") or {}
    word = status.get("reason") or status.get("phase") or "Unknown"
    if any(
        c.get("type") == "PodScheduled" and c.get("reason") == "SchedulingGated" for c in status.get("conditions") or ()
    ):
        word = "SchedulingGated"
    starting = _init_status(pod)
    if starting:
        word = starting
    else:
        running = False
        for container in reversed(status.get("containerStatuses") or []):
            state = container.get("state") or {}
            if (waiting := state.get("waiting")) and waiting.get("reason"):
                word = waiting["reason"]
            elif (ended := state.get("terminated")) is not None:
                word = _ended(ended)
            elif container.get("ready") and state.get("running") is not None:
                running = True
        if word == "Completed" and running:
            word = "Running" if _is_ready(status) else "NotReady"
    if is_deleted(pod):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return str(word)


def _ended(ended: dict[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _init_status(pod: Object) -> str:
    """`Init:…` while an init container has not done its work, else ""."""
    wanted = (pod.get("spec") or {}).get("initContainers") or []
    sidecars = {one.get("name") for one in wanted if one.get("restartPolicy") == "Always"}
    for index, container in enumerate((pod.get("status") or {}).get("initContainerStatuses") or []):
        state = container.get("state") or {}
        ended = state.get("terminated")
        if ended is not None and ended.get("exitCode", 0) == 0:
            continue
        if container.get("name") in sidecars and container.get("started"):
            continue
        if ended is not None:
            return f"Init:{_ended(ended)}"
        reason = (state.get("waiting") or {}).get("reason")
        if reason and reason != "PodInitializing":
            return f"Init:{reason}"
        return f"Init:{index}/{len(wanted)}"
    return ""


def _is_ready(status: dict[str, Any]) -> bool:
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())


def _statuses(pod: Object) -> list[dict[str, Any]]:
    return (pod.get("status") or {}).get("containerStatuses") or []


def _ready(pod: Object, now: datetime) -> Cell:
    ready = sum(1 for one in _statuses(pod) if one.get("ready"))
    return f"{ready}/{len((pod.get('spec') or {}).get('containers') or [])}"


def _restarts(pod: Object, now: datetime) -> Cell:
    count = sum(int(one.get("restartCount") or 0) for one in _statuses(pod))
    ends = [
        instant
        for one in _statuses(pod)
        if (instant := parse_timestamp(((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt")))
    ]
    if not count or not ends:
        return str(count)
    return f"{count} ({age(max(ends).isoformat(), now)} ago)"


def _in_spec(name: str) -> Any:
    return lambda pod, now: (pod.get("spec") or {}).get(name) or "<none>"


def _in_status(name: str) -> Any:
    return lambda pod, now: (pod.get("status") or {}).get(name) or "<none>"


def _gates(pod: Object, now: datetime) -> Cell:
    gates = (pod.get("spec") or {}).get("readinessGates") or []
    if not gates:
        return "<none>"
    true = {c["type"] for c in (pod.get("status") or {}).get("conditions") or () if c.get("status") == "True"}
    return f"{sum(1 for gate in gates if gate.get('conditionType') in true)}/{len(gates)}"


POD_COLUMNS = (
    Column("Ready", _ready),
    Column("Status", lambda pod, now: pod_status(pod)),
    Column("Restarts", _restarts),
    Column("Age", lambda pod, now: age(pod["metadata"].get("creationTimestamp"), now)),
    Column("IP", _in_status("podIP"), wide=True),
    Column("Node", _in_spec("nodeName"), wide=True),
    Column("Nominated Node", _in_status("nominatedNodeName"), wide=True),
    Column("Readiness Gates", _gates, wide=True),
)
