"""The scheduler: gives every pod that has none a node.

Rules of kube-scheduler that matter with one node: unschedulable nodes, node selectors, and taints without a toleration.
"""

from __future__ import annotations

from typing import Any

from podid.core.clock import Clock
from podid.localcluster.controllers.runner import Controller
from podid.localcluster.events import Recorder
from podid.localcluster.objects.metadata import is_deleted, labels_of, name_of, namespace_of, timestamp
from podid.localcluster.objects.selectors import label_selector, selects
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import Object

_REPELLING = ("NoSchedule", "NoExecute")
_UNWANTED = "node(s) didn't match Pod's node affinity/selector"


class Scheduler(Controller):
    """Binds pods to nodes."""

    name = "scheduler"
    watches = ("pods", "nodes")
    every = 30.0

    def __init__(self, store: ObjectStore, recorder: Recorder, *, clock: Clock) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock

    async def reconcile(self) -> None:
        nodes = self._store.list("nodes")
        for pod in self._store.list("pods"):
            if pod["spec"].get("nodeName") or is_deleted(pod) or not nodes:
                continue
            if pod["spec"].get("schedulerName") != "default-scheduler" or pod["spec"].get("schedulingGates"):
                continue
            refusals = [(node, reason_against(pod, node)) for node in nodes]
            fitting = next((node for node, why in refusals if not why), None)
            if fitting is not None:
                self._bind(pod, name_of(fitting))
            else:
                self._refuse(pod, [why for _, why in refusals])

    def _bind(self, pod: Object, node: str) -> None:
        def change(copy: Object) -> None:
            copy["spec"]["nodeName"] = node
            _set_condition(copy, {"type": "PodScheduled", "status": "True"}, timestamp(self._clock()))

        self._store.update("pods", namespace_of(pod), name_of(pod), change)
        message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
        self._recorder.record(pod, type="Normal", reason="Scheduled", message=message, component="default-scheduler")

    def _refuse(self, pod: Object, reasons: list[str]) -> None:
        counted = ", ".join(f"{reasons.count(why)} {why}" for why in dict.fromkeys(reasons))
        message = f"0/{len(reasons)} nodes are available: {counted}."
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        before = (pod.get("status") or {}).get("conditions") or []
        if any(one.get("type") == "PodScheduled" and one.get("message") == message for one in before):
            return
        self._store.update(
            "pods",
            namespace_of(pod),
            name_of(pod),
            lambda copy: _set_condition(copy, condition, timestamp(self._clock())),
        )
        self._recorder.record(
            pod, type="Warning", reason="FailedScheduling", message=message, component="default-scheduler"
        )


def reason_against(pod: Object, node: Object) -> str:
    """Why the pod cannot run on the node, or ""."""
    spec = pod["spec"]
    tolerations = spec.get("tolerations") or []
    if (node.get("spec") or {}).get("unschedulable") and not _tolerates(
        tolerations, {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    ):
        return "node(s) were unschedulable"
    if any(labels_of(node).get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return _UNWANTED
    if not _has_affinity(spec, node):
        return _UNWANTED
    for taint in (node.get("spec") or {}).get("taints") or ():
        if taint.get("effect") in _REPELLING and not _tolerates(tolerations, taint):
            return f"node(s) had untolerated taint {{{taint.get('key')}: {taint.get('value', '')}}}"
    return ""


def _has_affinity(spec: dict[str, Any], node: Object) -> bool:
    """Required node affinity: one of its terms must hold, all of a term's expressions with it."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    for term in required.get("nodeSelectorTerms") or ():
        labels, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
        if not labels and not fields:
            continue
        if selects(label_selector({"matchExpressions": labels}), labels_of(node)) and selects(
            label_selector({"matchExpressions": fields}), {"metadata.name": name_of(node)}
        ):
            return True
    return False


def _tolerates(tolerations: list[dict[str, Any]], taint: dict[str, Any]) -> bool:
    for one in tolerations:
        if one.get("effect") not in (None, "", taint.get("effect")):
            continue
        if one.get("operator") == "Exists":
            if one.get("key") in (None, "", taint.get("key")):
                return True
        elif one.get("key") == taint.get("key") and one.get("value", "") == taint.get("value", ""):
            return True
    return False


def _set_condition(pod: Object, condition: dict[str, Any], now: str) -> None:
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    kept = [one for one in conditions if one.get("type") != condition["type"]]
    pod["status"]["conditions"] = [*kept, {"lastProbeTime": None, "lastTransitionTime": now, **condition}]
