"""What a DELETE does to an object. Pure.

An object that nothing holds goes at once; one with finalizers is marked and goes when they are gone; a running pod is marked with its
time of grace and goes when the kubelet has ended it; a Namespace stays until its contents are gone.
Source: apiserver `pkg/registry/generic/registry/store.go`, kubernetes `pkg/registry/core/pod/strategy.go`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from podid.localcluster.objects.errors import BadRequest, Cause, Conflict, Invalid
from podid.localcluster.objects.kinds import Kind
from podid.localcluster.objects.metadata import clone, metadata, name_of, timestamp, uid_of
from podid.localcluster.objects.store import holds
from podid.localcluster.ports import Object

ORPHAN: Final = "orphan"
FOREGROUND: Final = "foregroundDeletion"


class DeleteOptions(Struct, frozen=True, kw_only=True):
    """What the client asks for. `propagation` is Background, Foreground, Orphan or "" (the kind's own way: Background)."""

    grace: int | None = None
    propagation: str = ""
    dry_run: bool = False
    uid: str = ""
    revision: str = ""


def read_delete_options(body: dict[str, Any]) -> DeleteOptions:
    """From a conforming DeleteOptions object. Raises Invalid or BadRequest."""
    propagation = body.get("propagationPolicy") or ""
    if body.get("orphanDependents") is not None:
        if propagation:
            raise BadRequest("orphanDependents and deletionPropagation cannot be both set")
        propagation = "Orphan" if body["orphanDependents"] else "Background"
    causes = []
    if propagation not in ("", "Background", "Foreground", "Orphan"):
        known = '"Foreground", "Background", "Orphan", "nil"'
        text = f'Unsupported value: "{propagation[:50]}": supported values: {known}'
        causes.append(Cause("FieldValueNotSupported", text, "propagationPolicy"))
    if body.get("dryRun") not in (None, [], ["All"]):
        causes.append(Cause("FieldValueNotSupported", 'Unsupported value: supported values: "All"', "dryRun"))
    if causes:
        raise Invalid.of("DeleteOptions", "meta.k8s.io", "", causes)
    preconditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds")
    return DeleteOptions(
        grace=None if grace is None else max(1 if grace < 0 else 0, grace),
        propagation=propagation,
        dry_run=bool(body.get("dryRun")),
        uid=preconditions.get("uid") or "",
        revision=preconditions.get("resourceVersion") or "",
    )


def check_preconditions(kind: Kind, obj: Object, options: DeleteOptions) -> None:
    """Raises Conflict where the object is not the one that was meant."""
    meta = metadata(obj)
    for what, wanted, found in (
        ("UID", options.uid, uid_of(obj)),
        ("ResourceVersion", options.revision, str(meta.get("resourceVersion"))),
    ):
        if wanted and wanted != found:
            why = f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"
            raise Conflict.of(kind.resource, kind.group, name_of(obj), why)


def plan_deletion(kind: Kind, obj: Object, options: DeleteOptions, now: datetime) -> Object | None:
    """The object as it is marked for deletion, or None where it goes at once. An already marked one may come back unchanged."""
    marked = clone(obj)
    meta = marked["metadata"]
    _hold_for_dependents(meta, options.propagation)
    grace = _grace(kind, obj, options)
    if not grace and not holds(marked):
        return None
    left = meta.get("deletionGracePeriodSeconds")
    if "deletionTimestamp" not in meta or (left is not None and grace < left):
        meta["deletionTimestamp"] = timestamp(now + timedelta(seconds=grace))
        meta["deletionGracePeriodSeconds"] = grace
        if kind.generation:
            meta["generation"] = meta.get("generation", 1) + 1
    if kind.resource == "namespaces":
        marked.setdefault("status", {})["phase"] = "Terminating"
    return marked


def _grace(kind: Kind, obj: Object, options: DeleteOptions) -> int:
    if kind.resource != "pods":
        return 0
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return 0
    grace = options.grace if options.grace is not None else spec.get("terminationGracePeriodSeconds", 30)
    return int(grace)


def _hold_for_dependents(meta: dict[str, Any], propagation: str) -> None:
    if not propagation:
        return
    kept = [one for one in meta.get("finalizers") or () if one not in (ORPHAN, FOREGROUND)]
    if propagation == "Orphan":
        kept.append(ORPHAN)
    elif propagation == "Foreground":
        kept.append(FOREGROUND)
    if kept:
        meta["finalizers"] = kept
    else:
        meta.pop("finalizers", None)
