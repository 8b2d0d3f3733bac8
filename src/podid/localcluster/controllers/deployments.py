"""Deployments: a ReplicaSet for each template, the newest growing as the older shrink.

Source of the rules: kubernetes `pkg/controller/deployment`. A deployment that does not get on is not marked as failed
(progressDeadlineSeconds is kept, not acted upon).
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

from podid.core.clock import Clock
from podid.localcluster.admission.attributes import Context
from podid.localcluster.admission.deletion import DeleteOptions
from podid.localcluster.admission.gate import Gate
from podid.localcluster.controllers.runner import Controller
from podid.localcluster.controllers.workloads import owned, share, template_hash
from podid.localcluster.events import Recorder
from podid.localcluster.objects.errors import ApiError
from podid.localcluster.objects.kinds import BY_RESOURCE
from podid.localcluster.objects.metadata import (
    annotations_of,
    clone,
    is_deleted,
    metadata,
    name_of,
    namespace_of,
    owner_reference,
    timestamp,
    uid_of,
)
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import Object

REVISION: Final = "deployment.kubernetes.io/revision"
_HASH: Final = "pod-template-hash"
_COMPONENT: Final = "deployment-controller"
_REPLICASETS: Final = BY_RESOURCE["replicasets"]


class Deployments(Controller):
    """Rolls out every Deployment."""

    name = "deployments"
    watches = ("deployments", "replicasets")
    every = 30.0

    def __init__(self, store: ObjectStore, gate: Gate, recorder: Recorder, *, clock: Clock) -> None:
        self._store = store
        self._gate = gate
        self._recorder = recorder
        self._clock = clock

    async def reconcile(self) -> None:
        for deployment in self._store.list("deployments"):
            if not is_deleted(deployment):
                await self._reconcile(deployment)

    async def _reconcile(self, deployment: Object) -> None:
        hash_ = template_hash(deployment["spec"]["template"])
        sets = [one for one in owned(self._store, deployment, "replicasets") if not is_deleted(one)]
        newest = next((one for one in sets if metadata(one).get("labels", {}).get(_HASH) == hash_), None)
        if not deployment["spec"].get("paused"):
            newest = await self._make_newest(deployment, newest, sets, hash_)
            if newest is not None:
                self._roll(deployment, newest, [one for one in sets if uid_of(one) != uid_of(newest)])
            await self._forget_old(deployment, newest)
        self._write_status(deployment, uid_of(newest) if newest else "")

    async def _make_newest(
        self, deployment: Object, newest: Object | None, sets: list[Object], hash_: str
    ) -> Object | None:
        revisions = [int(annotations_of(one).get(REVISION) or 0) for one in sets]
        highest = max(revisions, default=0)
        if newest is not None:
            if int(annotations_of(newest).get(REVISION) or 0) < highest:
                newest = self._number(newest, highest + 1)
        else:
            newest = await self._create(deployment, hash_, highest + 1)
        if newest is not None:
            wanted = annotations_of(newest).get(REVISION, "1")

            def change(copy: Object) -> None:
                copy["metadata"].setdefault("annotations", {})[REVISION] = wanted

            self._store.update("deployments", namespace_of(deployment), name_of(deployment), change)
        return newest

    def _number(self, replicaset: Object, revision: int) -> Object | None:
        def change(copy: Object) -> None:
            copy["metadata"].setdefault("annotations", {})[REVISION] = str(revision)

        return self._store.update("replicasets", namespace_of(replicaset), name_of(replicaset), change)

    async def _create(self, deployment: Object, hash_: str, revision: int) -> Object | None:
        spec = clone(deployment["spec"])
        template, selector = spec["template"], spec["selector"]
        template["metadata"].setdefault("labels", {})[_HASH] = hash_
        selector.setdefault("matchLabels", {})[_HASH] = hash_
        kept = {
            key: value
            for key, value in annotations_of(deployment).items()
            if not key.startswith("kubectl.kubernetes.io/last")
        }
        replicaset: Object = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{name_of(deployment)}-{hash_}",
                "namespace": namespace_of(deployment),
                "labels": template["metadata"]["labels"],
                "annotations": {**kept, REVISION: str(revision)},
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {
                "replicas": 0,
                "selector": selector,
                "template": template,
                **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
            },
        }
        try:
            return await self._gate.create("replicasets", replicaset)
        except ApiError as problem:
            message = f"Failed to create new replica set {name_of(replicaset)!r}: {problem.public}"
            self._recorder.record(
                deployment, type="Warning", reason="ReplicaSetCreateError", message=message, component=_COMPONENT
            )
            return None

    def _roll(self, deployment: Object, newest: Object, older: list[Object]) -> None:
        spec = deployment["spec"]
        wanted = int(spec.get("replicas", 1))
        older = [one for one in older if _replicas(one) or _status(one, "replicas")]
        strategy = spec.get("strategy") or {}
        if strategy.get("type") == "Recreate":
            for one in older:
                self._scale(deployment, one, 0)
            if not any(_status(one, "replicas") for one in older):
                self._scale(deployment, newest, wanted)
            return
        rolling = strategy.get("rollingUpdate") or {}
        surge = share(rolling.get("maxSurge", "25%"), wanted, up=True)
        missing = share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
        if not surge and not missing:
            missing = 1
        total = _replicas(newest) + sum(map(_replicas, older))
        grow = min(wanted - _replicas(newest), max(0, wanted + surge - total)) if older else wanted - _replicas(newest)
        self._scale(
            deployment, newest, _replicas(newest) + grow if grow > 0 or not older else min(_replicas(newest), wanted)
        )
        # Pods that are not there yet must not be counted on: what may go is what is more than the least that must be available.
        here = sum(_status(one, "availableReplicas") for one in [newest, *older])
        can_go = here - (wanted - missing)
        for one in sorted(older, key=lambda replicaset: str(metadata(replicaset).get("creationTimestamp"))):
            broken = _replicas(one) - _status(one, "availableReplicas")
            less = min(_replicas(one), max(0, broken) + max(0, min(can_go, _status(one, "availableReplicas"))))
            can_go -= max(0, less - max(0, broken))
            self._scale(deployment, one, _replicas(one) - less)

    def _scale(self, deployment: Object, replicaset: Object, replicas: int) -> None:
        before = _replicas(replicaset)
        if before == replicas:
            return

        def change(copy: Object) -> None:
            copy["spec"]["replicas"] = replicas
            copy["metadata"]["generation"] = copy["metadata"].get("generation", 1) + 1

        self._store.update("replicasets", namespace_of(replicaset), name_of(replicaset), change)
        way = "up" if replicas > before else "down"
        message = f"Scaled {way} replica set {name_of(replicaset)} from {before} to {replicas}"
        self._recorder.record(
            deployment, type="Normal", reason="ScalingReplicaSet", message=message, component=_COMPONENT
        )

    async def _forget_old(self, deployment: Object, newest: Object | None) -> None:
        old = [
            one
            for one in owned(self._store, deployment, "replicasets")
            if (newest is None or uid_of(one) != uid_of(newest)) and not _replicas(one) and not _status(one, "replicas")
        ]
        old.sort(key=lambda one: int(annotations_of(one).get(REVISION) or 0))
        limit = int(deployment["spec"].get("revisionHistoryLimit", 10))
        for one in old[: max(0, len(old) - limit)]:
            with contextlib.suppress(ApiError):
                await self._gate.delete_as(
                    _REPLICASETS, namespace_of(one), name_of(one), DeleteOptions(propagation="Background"), Context()
                )

    def _write_status(self, deployment: Object, newest_uid: str) -> None:
        sets = owned(self._store, deployment, "replicasets")
        newest = [one for one in sets if uid_of(one) == newest_uid]
        wanted = int(deployment["spec"].get("replicas", 1))
        available = sum(_status(one, "availableReplicas") for one in sets)
        updated = sum(_status(one, "replicas") for one in newest)
        missing = share(
            ((deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}).get("maxUnavailable", 0),
            wanted,
            up=False,
        )
        enough = available >= wanted - missing
        done = updated == wanted and available >= wanted and sum(_status(one, "replicas") for one in sets) == wanted
        now = timestamp(self._clock())
        status = {
            "replicas": sum(_status(one, "replicas") for one in sets),
            "updatedReplicas": updated,
            "readyReplicas": sum(_status(one, "readyReplicas") for one in sets),
            "availableReplicas": available,
            "unavailableReplicas": max(0, wanted - available),
            "observedGeneration": metadata(deployment).get("generation", 1),
        }
        conditions = [
            _condition(
                "Available", enough, "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable", now
            ),
            _condition("Progressing", True, "NewReplicaSetAvailable" if done else "ReplicaSetUpdated", now),
        ]

        def change(copy: Object) -> None:
            before = {one["type"]: one for one in (copy.get("status") or {}).get("conditions") or ()}
            copy["status"] = {name: value for name, value in status.items() if value} | {
                "conditions": [_kept(before.get(one["type"]), one) for one in conditions]
            }

        self._store.update("deployments", namespace_of(deployment), name_of(deployment), change)


def _replicas(replicaset: Object) -> int:
    return int(replicaset["spec"].get("replicas") or 0)


def _status(replicaset: Object, name: str) -> int:
    return int((replicaset.get("status") or {}).get(name) or 0)


def _condition(type_: str, true: bool, reason: str, now: str) -> dict[str, Any]:
    message = {
        "MinimumReplicasAvailable": "Deployment has minimum availability.",
        "MinimumReplicasUnavailable": "Deployment does not have minimum availability.",
        "NewReplicaSetAvailable": "The newest ReplicaSet has successfully progressed.",
        "ReplicaSetUpdated": "The newest ReplicaSet is progressing.",
    }[reason]
    return {
        "type": type_,
        "status": "True" if true else "False",
        "reason": reason,
        "message": message,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
    }


def _kept(before: dict[str, Any] | None, after: dict[str, Any]) -> dict[str, Any]:
    """The condition as it was, where nothing but its times would change."""
    if before is None:
        return after
    if (before.get("status"), before.get("reason")) == (after["status"], after["reason"]):
        return before
    if before.get("status") == after["status"]:
        return {**after, "lastTransitionTime": before.get("lastTransitionTime", after["lastTransitionTime"])}
    return after
