"""Garbage: objects whose owners are gone, and what propagation policies ask for.

An object all of whose owners are gone goes (Background). An owner with the finalizer `foregroundDeletion` goes after its dependents that
block it; one with `orphan` first lets go of them. Old events are forgotten here too.
"""

from __future__ import annotations

import contextlib
from typing import Any

from podid.localcluster.admission.attributes import Context
from podid.localcluster.admission.deletion import FOREGROUND, ORPHAN, DeleteOptions
from podid.localcluster.admission.gate import Gate
from podid.localcluster.controllers.runner import Controller
from podid.localcluster.events import Recorder
from podid.localcluster.objects.errors import ApiError
from podid.localcluster.objects.kinds import KINDS, Kind
from podid.localcluster.objects.metadata import is_deleted, metadata, name_of, namespace_of, uid_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import Object

_STORED = tuple(kind for kind in KINDS if kind.stored)


class GarbageCollector(Controller):
    """Watches the kinds that own others."""

    name = "garbage"
    watches = ("daemonsets", "deployments", "replicasets", "pods", "serviceaccounts", "configmaps", "nodes")
    every = 10.0

    def __init__(self, store: ObjectStore, gate: Gate, recorder: Recorder) -> None:
        self._store = store
        self._gate = gate
        self._recorder = recorder

    async def reconcile(self) -> None:
        self._recorder.forget_old()
        everything = [
            (kind, obj) for kind in _STORED if kind.resource != "events" for obj in self._store.list(kind.resource)
        ]
        alive = {uid_of(obj): obj for _, obj in everything}
        dependents: dict[str, list[tuple[Kind, Object]]] = {}
        for kind, obj in everything:
            for reference in _owners(obj):
                dependents.setdefault(str(reference.get("uid")), []).append((kind, obj))
        for kind, obj in everything:
            finalizers = metadata(obj).get("finalizers") or []
            if is_deleted(obj) and ORPHAN in finalizers:
                for other_kind, other in dependents.get(uid_of(obj), []):
                    self._disown(other_kind, other, uid_of(obj))
                self._release(kind, obj, ORPHAN)
            elif is_deleted(obj) and FOREGROUND in finalizers:
                await self._end_first(kind, obj, dependents.get(uid_of(obj), []))
            elif _owners(obj) and not is_deleted(obj) and not any(_is_there(one, alive) for one in _owners(obj)):
                await self._delete(kind, obj, "Background")

    async def _end_first(self, kind: Kind, owner: Object, dependents: list[tuple[Kind, Object]]) -> None:
        blocking = [one for one in dependents if _blocks(one[1], uid_of(owner))]
        for other_kind, other in dependents:
            if not is_deleted(other):
                await self._delete(other_kind, other, "Foreground" if other_kind.resource != "pods" else "Background")
        if not blocking:
            self._release(kind, owner, FOREGROUND)

    async def _delete(self, kind: Kind, obj: Object, propagation: str) -> None:
        options = DeleteOptions(propagation=propagation, uid=uid_of(obj))
        with contextlib.suppress(ApiError):
            await self._gate.delete_as(kind, namespace_of(obj), name_of(obj), options, Context())

    def _disown(self, kind: Kind, obj: Object, uid: str) -> None:
        def change(copy: Object) -> None:
            kept = [one for one in _owners(copy) if one.get("uid") != uid]
            copy["metadata"]["ownerReferences"] = kept
            if not kept:
                del copy["metadata"]["ownerReferences"]

        self._store.update(kind.resource, namespace_of(obj), name_of(obj), change)

    def _release(self, kind: Kind, obj: Object, finalizer: str) -> None:
        def change(copy: Object) -> None:
            kept = [one for one in metadata(copy).get("finalizers") or () if one != finalizer]
            copy["metadata"]["finalizers"] = kept
            if not kept:
                del copy["metadata"]["finalizers"]

        self._store.update(kind.resource, namespace_of(obj), name_of(obj), change)


def _owners(obj: Object) -> list[dict[str, Any]]:
    return metadata(obj).get("ownerReferences") or []


def _is_there(reference: dict[str, Any], alive: dict[str, Object]) -> bool:
    """Whether an owner lives: of kinds that are not here nothing is known, so they count as living."""
    owner = alive.get(str(reference.get("uid")))
    if owner is not None:
        return name_of(owner) == reference.get("name")
    return not any(
        kind.kind == reference.get("kind") and kind.api_version == reference.get("apiVersion") for kind in _STORED
    )


def _blocks(obj: Object, uid: str) -> bool:
    return any(one.get("uid") == uid and one.get("blockOwnerDeletion") for one in _owners(obj))
