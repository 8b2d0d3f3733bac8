"""ReplicaSets: so many pods of one template. Source of the rules: kubernetes `pkg/controller/replicaset`."""

from __future__ import annotations

import contextlib
from typing import Any, Final

from podid.core.clock import Clock
from podid.localcluster.admission.attributes import Context
from podid.localcluster.admission.deletion import DeleteOptions
from podid.localcluster.admission.dialling import is_ready
from podid.localcluster.admission.gate import Gate
from podid.localcluster.controllers.runner import Controller
from podid.localcluster.controllers.workloads import Patience, available, is_active, owned, pod_of
from podid.localcluster.events import Recorder
from podid.localcluster.objects.errors import ApiError
from podid.localcluster.objects.kinds import BY_RESOURCE
from podid.localcluster.objects.metadata import is_deleted, metadata, name_of, namespace_of, uid_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import Object

_COMPONENT: Final = "replicaset-controller"
_PODS: Final = BY_RESOURCE["pods"]
_MOST_AT_ONCE: Final = 50


class ReplicaSets(Controller):
    """Keeps the number of pods of every ReplicaSet."""

    name = "replicasets"
    watches = ("replicasets", "pods")
    every = 5.0

    def __init__(self, store: ObjectStore, gate: Gate, recorder: Recorder, *, clock: Clock) -> None:
        self._store = store
        self._gate = gate
        self._recorder = recorder
        self._clock = clock
        self._patience = Patience()

    async def reconcile(self) -> None:
        for replicaset in self._store.list("replicasets"):
            if not is_deleted(replicaset):
                await self._reconcile(replicaset)

    async def _reconcile(self, replicaset: Object) -> None:
        active = [pod for pod in owned(self._store, replicaset, "pods") if is_active(pod)]
        wanted = int(replicaset["spec"].get("replicas") or 0)
        for _ in range(min(wanted - len(active), _MOST_AT_ONCE)):
            if not await self._create(replicaset):
                break
        for pod in sorted(active, key=_worth)[: max(0, len(active) - wanted)]:
            await self._delete(replicaset, pod)
        self._write_status(replicaset)

    async def _create(self, replicaset: Object) -> bool:
        uid, now = uid_of(replicaset), self._clock()
        if not self._patience.may_try(uid, now):
            return False
        try:
            made = await self._gate.create("pods", pod_of(replicaset["spec"]["template"], replicaset, {}))
        except ApiError as problem:
            self._patience.failed(uid, now)
            self._tell(replicaset, "Warning", "FailedCreate", f"Error creating: {problem.public}")
            return False
        self._patience.succeeded(uid)
        self._tell(replicaset, "Normal", "SuccessfulCreate", f"Created pod: {name_of(made)}")
        return True

    async def _delete(self, replicaset: Object, pod: Object) -> None:
        options = DeleteOptions(uid=uid_of(pod), propagation="Background")
        with contextlib.suppress(ApiError):
            await self._gate.delete_as(_PODS, namespace_of(pod), name_of(pod), options, Context())
            self._tell(replicaset, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _tell(self, replicaset: Object, type_: Any, reason: str, message: str) -> None:
        self._recorder.record(replicaset, type=type_, reason=reason, message=message, component=_COMPONENT)

    def _write_status(self, replicaset: Object) -> None:
        pods = [pod for pod in owned(self._store, replicaset, "pods") if is_active(pod)]
        status = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": sum(map(is_ready, pods)),
            "availableReplicas": available(pods, replicaset["spec"].get("minReadySeconds") or 0, self._clock()),
            "observedGeneration": metadata(replicaset).get("generation", 1),
        }

        def change(copy: Object) -> None:
            copy["status"] = {**(copy.get("status") or {}), **status}

        self._store.update("replicasets", namespace_of(replicaset), name_of(replicaset), change)


def _worth(pod: Object) -> tuple[bool, bool, str]:
    """Which pod goes first: without a node before with one, not ready before ready, newer before older."""
    age = str(metadata(pod).get("creationTimestamp"))
    return bool(pod["spec"].get("nodeName")), is_ready(pod), "".join(chr(0x10FFFF - ord(letter)) for letter in age)
