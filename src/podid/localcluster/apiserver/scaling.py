"""The subresource `scale`: `kubectl scale`. It shows and changes `spec.replicas` of a workload as an autoscaling/v1 Scale."""

from __future__ import annotations

from podid.localcluster.admission.gate import Gate
from podid.localcluster.apiserver.bodies import read_json, read_object
from podid.localcluster.apiserver.http import Answer, Request, json_answer
from podid.localcluster.apiserver.paths import Target
from podid.localcluster.apiserver.writing import MERGE, STRATEGIC, read_context
from podid.localcluster.objects.conform import conform_to
from podid.localcluster.objects.errors import (
    CHANGED_SINCE,
    BadRequest,
    Cause,
    Conflict,
    Invalid,
    NotFound,
    UnsupportedMediaType,
)
from podid.localcluster.objects.metadata import metadata
from podid.localcluster.objects.selectors import selector_text
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.patches.merge import merge_patch
from podid.localcluster.ports import Object
from podid.localcluster.users import User


async def scale(store: ObjectStore, gate: Gate, target: Target, request: Request, user: User) -> Answer:
    """GET, PUT and PATCH. Raises ApiError."""
    kind = target.kind
    current = store.get(kind.resource, target.namespace, target.name)
    if current is None:
        raise NotFound.of(kind.resource, kind.group, target.name)
    if request.method == "GET":
        return json_answer(_shown(current))
    body = await request.body()
    if request.method == "PATCH":
        if request.content_type not in (MERGE, STRATEGIC):
            raise UnsupportedMediaType(f"a scale is patched with {MERGE}")
        patch, _ = read_json(body)
        wanted = merge_patch(_shown(current), patch)
        if not isinstance(wanted, dict):
            raise BadRequest("the patch leaves no object")
        if not isinstance(patch, dict) or "resourceVersion" not in (patch.get("metadata") or {}):
            wanted["metadata"].pop("resourceVersion", None)
    else:
        wanted, _ = read_object(body, request.content_type, type_name="Scale")
    asked, _ = conform_to(wanted, "Scale")
    replicas = int((asked.get("spec") or {}).get("replicas") or 0)
    if replicas < 0:
        cause = Cause(
            "FieldValueInvalid", f"Invalid value: {replicas}: must be greater than or equal to 0", "spec.replicas"
        )
        raise Invalid.of("Scale", "autoscaling", target.name, [cause])
    revision = metadata(asked).get("resourceVersion")

    def change(obj: Object) -> Object:
        if revision and revision != metadata(obj)["resourceVersion"]:
            raise Conflict.of(kind.resource, kind.group, target.name, CHANGED_SINCE)
        obj["spec"]["replicas"] = replicas
        return obj

    context = read_context(request, user, "UpdateOptions")
    return json_answer(_shown(await gate.update_as(kind, target.namespace, target.name, change, context)))


def _shown(obj: Object) -> Object:
    meta = metadata(obj)
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in names if name in meta},
        "spec": {"replicas": int(obj["spec"].get("replicas") or 0)},
        "status": {
            "replicas": int((obj.get("status") or {}).get("replicas") or 0),
            "selector": selector_text(obj["spec"].get("selector")),
        },
    }
