"""DaemonSets: one pod on every node that fits.

Source of the rules: kubernetes `pkg/controller/daemon`. Pods are made without a node, with an affinity to theirs, so that webhooks see
what they would see elsewhere. A pod of an older template is replaced as `updateStrategy` says.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

from podid.core.clock import Clock
from podid.localcluster.admission.attributes import Context
from podid.localcluster.admission.deletion import DeleteOptions
from podid.localcluster.admission.dialling import is_ready
from podid.localcluster.admission.gate import Gate
from podid.localcluster.controllers.runner import Controller
from podid.localcluster.controllers.scheduler import reason_against
from podid.localcluster.controllers.workloads import Patience, available, is_active, owned, pod_of, share, template_hash
from podid.localcluster.events import Recorder
from podid.localcluster.objects.errors import ApiError
from podid.localcluster.objects.kinds import BY_RESOURCE
from podid.localcluster.objects.metadata import (
    clone,
    is_deleted,
    labels_of,
    metadata,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import AlreadyExists, Object

HASH: Final = "controller-revision-hash"
_COMPONENT: Final = "daemonset-controller"
_PODS: Final = BY_RESOURCE["pods"]


class DaemonSets(Controller):
    """Keeps the pods of every DaemonSet as they should be."""

    name = "daemonsets"
    watches = ("daemonsets", "pods", "nodes")
    every = 5.0

    def __init__(self, store: ObjectStore, gate: Gate, recorder: Recorder, *, clock: Clock) -> None:
        self._store = store
        self._gate = gate
        self._recorder = recorder
        self._clock = clock
        self._patience = Patience()

    async def reconcile(self) -> None:
        if not self._store.list("nodes"):
            return  # the kubelet has not come yet: a status now would say that all of no pods are ready
        for daemonset in self._store.list("daemonsets"):
            if not is_deleted(daemonset):
                await self._reconcile(daemonset)

    async def _reconcile(self, daemonset: Object) -> None:
        hash_ = template_hash(daemonset["spec"]["template"])
        self._keep_revisions(daemonset, hash_)
        nodes = [node for node in self._store.list("nodes") if self._fits(daemonset, node)]
        pods = owned(self._store, daemonset, "pods")
        wanted = {name_of(node) for node in nodes}
        by_node: dict[str, list[Object]] = {name: [] for name in wanted}
        for pod in pods:
            node = node_of(pod)
            if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded") or node not in wanted:
                if not is_deleted(pod):
                    await self._delete(daemonset, pod)
            else:
                by_node[node].append(pod)
        for name, found in by_node.items():
            if not found:
                await self._create(daemonset, name, hash_)
            for extra in sorted(filter(is_active, found), key=lambda pod: metadata(pod)["creationTimestamp"])[1:]:
                if labels_of(extra).get(HASH) == labels_of(found[0]).get(HASH):
                    await self._delete(daemonset, extra)
        await self._roll(daemonset, by_node, hash_)
        self._write_status(daemonset, wanted, hash_)

    def _fits(self, daemonset: Object, node: Object) -> bool:
        template = daemonset["spec"]["template"]
        return not reason_against({"spec": _with_tolerations(template["spec"])}, node)

    async def _roll(self, daemonset: Object, by_node: dict[str, list[Object]], hash_: str) -> None:
        """Replace pods of an older template: so many at a time that no more than maxUnavailable are missing."""
        strategy = daemonset["spec"].get("updateStrategy") or {}
        if strategy.get("type") != "RollingUpdate":
            return
        rolling = strategy.get("rollingUpdate") or {}
        # A surge makes no sense on one node whose ports the pod holds: at least one pod may be missing instead.
        allowed = max(1, share(rolling.get("maxUnavailable", 1), len(by_node), up=True))
        missing = sum(1 for found in by_node.values() if not any(is_ready(pod) and is_active(pod) for pod in found))
        for found in by_node.values():
            old = [pod for pod in found if is_active(pod) and labels_of(pod).get(HASH) != hash_]
            for pod in old:
                if not is_ready(pod):
                    await self._delete(daemonset, pod)
                elif missing < allowed:
                    missing += 1
                    await self._delete(daemonset, pod)

    async def _create(self, daemonset: Object, node: str, hash_: str) -> None:
        uid, now = uid_of(daemonset), self._clock()
        if not self._patience.may_try(uid, now):
            return
        generation = str(metadata(daemonset).get("generation", 1))
        pod = pod_of(daemonset["spec"]["template"], daemonset, {HASH: hash_, "pod-template-generation": generation})
        pod["spec"] = _with_tolerations(pod["spec"])
        pod["spec"]["affinity"] = _on_node(pod["spec"].get("affinity") or {}, node)
        try:
            made = await self._gate.create("pods", pod)
        except ApiError as problem:
            self._patience.failed(uid, now)
            self._tell(daemonset, "Warning", "FailedCreate", f"Error creating: {problem.public}")
            return
        self._patience.succeeded(uid)
        self._tell(daemonset, "Normal", "SuccessfulCreate", f"Created pod: {name_of(made)}")

    async def _delete(self, daemonset: Object, pod: Object) -> None:
        options = DeleteOptions(uid=uid_of(pod), propagation="Background")
        with contextlib.suppress(ApiError):
            await self._gate.delete_as(_PODS, namespace_of(pod), name_of(pod), options, Context())
            self._tell(daemonset, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _tell(self, daemonset: Object, type_: Any, reason: str, message: str) -> None:
        self._recorder.record(daemonset, type=type_, reason=reason, message=message, component=_COMPONENT)

    def _write_status(self, daemonset: Object, wanted: set[str], hash_: str) -> None:
        pods = [pod for pod in owned(self._store, daemonset, "pods") if is_active(pod)]
        placed = [pod for pod in pods if node_of(pod) in wanted]
        nodes = {node_of(pod) for pod in placed}
        count = available(placed, daemonset["spec"].get("minReadySeconds") or 0, self._clock())
        status = {
            "currentNumberScheduled": len(nodes),
            "desiredNumberScheduled": len(wanted),
            "numberMisscheduled": len(pods) - len(placed),
            "numberReady": sum(map(is_ready, placed)),
            "numberAvailable": count,
            "numberUnavailable": len(wanted) - min(count, len(wanted)),
            "updatedNumberScheduled": sum(1 for pod in placed if labels_of(pod).get(HASH) == hash_),
            "observedGeneration": metadata(daemonset).get("generation", 1),
        }

        def change(copy: Object) -> None:
            if metadata(copy).get("generation") == metadata(daemonset).get("generation"):
                copy["status"] = {**(copy.get("status") or {}), **status}

        self._store.update("daemonsets", namespace_of(daemonset), name_of(daemonset), change)

    def _keep_revisions(self, daemonset: Object, hash_: str) -> None:
        """Remember the templates it had, for `kubectl rollout history` and `undo`."""
        revisions = sorted(owned(self._store, daemonset, "controllerrevisions"), key=lambda one: one["revision"])
        newest = revisions[-1]["revision"] if revisions else 0
        name = f"{name_of(daemonset)}-{hash_}"
        current = next((one for one in revisions if name_of(one) == name), None)
        if current is not None:
            if current["revision"] != newest:
                self._store.update(
                    "controllerrevisions", namespace_of(daemonset), name, lambda copy: copy.update(revision=newest + 1)
                )
            return
        template = clone(daemonset["spec"]["template"])
        revision: Object = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": name,
                "namespace": namespace_of(daemonset),
                "labels": {**(metadata(template).get("labels") or {}), HASH: hash_},
                "ownerReferences": [owner_reference(daemonset)],
            },
            "data": {"spec": {"template": {**template, "$patch": "replace"}}},
            "revision": newest + 1,
        }
        with contextlib.suppress(AlreadyExists):
            self._store.create("controllerrevisions", revision)
        limit = daemonset["spec"].get("revisionHistoryLimit", 10)
        for old in revisions[: max(0, len(revisions) - limit)]:
            self._store.remove("controllerrevisions", namespace_of(old), name_of(old))


def node_of(pod: Object) -> str:
    """The node a daemon's pod is on, or is made for."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED) or {}
    for term in affinity.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name" and field.get("values"):
                return str(field["values"][0])
    return ""


_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_TOLERATED: Final = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


def _with_tolerations(spec: dict[str, Any]) -> dict[str, Any]:
    taints = [
        *_TOLERATED,
        *([("node.kubernetes.io/network-unavailable", "NoSchedule")] if spec.get("hostNetwork") else []),
    ]
    more = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in taints]
    return {**spec, "tolerations": [*(spec.get("tolerations") or ()), *more]}


def _on_node(affinity: dict[str, Any], node: str) -> dict[str, Any]:
    """The affinity, moved to the one node. What it asked of nodes held when the node was chosen."""
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    node_affinity = {**(affinity.get("nodeAffinity") or {}), _REQUIRED: {"nodeSelectorTerms": [term]}}
    return {**affinity, "nodeAffinity": node_affinity}
