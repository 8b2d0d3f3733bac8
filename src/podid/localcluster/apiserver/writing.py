"""POST, PUT, PATCH and DELETE of stored objects: reading what is asked, handing it to the gate, answering."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from podid.core.clock import Clock
from podid.localcluster.admission.attributes import Context, FieldValidation
from podid.localcluster.admission.deletion import DeleteOptions, read_delete_options
from podid.localcluster.admission.gate import Gate
from podid.localcluster.apiserver.bodies import read_json, read_object, read_yaml
from podid.localcluster.apiserver.http import Answer, Request, json_answer
from podid.localcluster.apiserver.paths import Target
from podid.localcluster.apiserver.reading import read_filter
from podid.localcluster.apiserver.shapes import choose_shape, manager_of, shape_object
from podid.localcluster.objects.conform import conform_to
from podid.localcluster.objects.errors import BadRequest, Cause, Invalid, NotFound, UnsupportedMediaType
from podid.localcluster.objects.fields import find_type
from podid.localcluster.objects.kinds import Kind
from podid.localcluster.objects.metadata import name_of, namespace_of, uid_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.patches import json_patch as json_patches
from podid.localcluster.patches import strategic
from podid.localcluster.patches.merge import merge_patch
from podid.localcluster.ports import Object
from podid.localcluster.users import User

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


class Writer:
    """Answers what changes stored objects."""

    def __init__(self, store: ObjectStore, gate: Gate, *, clock: Clock) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock

    async def create(self, target: Target, request: Request, user: User) -> Answer:
        kind = target.kind
        context = read_context(request, user, "CreateOptions")
        obj, context.doubled = read_object(await request.body(), request.content_type, type_name=kind.kind)
        check_type(kind, obj)
        namespace = target.namespace
        if kind.namespaced and not namespace:
            raise BadRequest("an empty namespace may not be set during creation")
        made = await self._gate.create_as(kind, obj, namespace, context)
        return self._answer(made, kind, request, context, 201)

    async def replace(self, target: Target, request: Request, user: User) -> Answer:
        kind = target.kind
        context = read_context(request, user, "UpdateOptions")
        obj, context.doubled = read_object(await request.body(), request.content_type, type_name=kind.kind)
        check_type(kind, obj)
        if not name_of(obj):
            raise BadRequest("the name of the object must be set")
        return await self._update(target, request, context, lambda current: obj)

    async def patch(self, target: Target, request: Request, user: User) -> Answer:
        context = read_context(request, user, "PatchOptions")
        body = await request.body()
        if request.content_type == APPLY:
            return await self._apply(target, request, context, body)
        change = _reader_of_patch(request.content_type, body, target.kind, context)
        return await self._update(target, request, context, change)

    async def _apply(self, target: Target, request: Request, context: Context, body: bytes) -> Answer:
        kind, query = target.kind, request.query
        if not query.text("fieldManager"):
            cause = Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
            raise Invalid.of("PatchOptions", "meta.k8s.io", "", [cause])
        value, context.doubled = read_yaml(body)
        if not isinstance(value, dict):
            raise BadRequest("the object applied is not an object")
        check_type(kind, value)
        meta = value.get("metadata")
        meta = meta if isinstance(meta, dict) else {}
        if meta.get("managedFields"):
            raise BadRequest("metadata.managedFields must be nil")
        if meta.get("name", target.name) != target.name:
            raise BadRequest(
                f"the name of the object ({str(meta['name'])[:253]}) does not match the name on the URL ({target.name})"
            )
        value["metadata"] = {**meta, "name": target.name}
        made, new = await self._gate.apply_as(
            kind,
            target.namespace,
            target.name,
            value,
            context,
            force=query.flag("force"),
            subresource=target.subresource,
        )
        return self._answer(made, kind, request, context, 201 if new else 200)

    async def delete(self, target: Target, request: Request, user: User) -> Answer:
        kind = target.kind
        options = await read_options(request)
        context = _delete_context(user, options)
        obj, gone = await self._gate.delete_as(kind, target.namespace, target.name, options, context)
        if gone and kind.resource != "pods":
            return json_answer(_success(kind, obj)).warned(context.warnings)
        return json_answer(obj).warned(context.warnings)

    async def delete_all(self, target: Target, request: Request, user: User) -> Answer:
        """Delete every object of a list."""
        kind = target.kind
        filter_ = read_filter(target, request)
        options = await read_options(request)
        context = _delete_context(user, options)
        found = [obj for obj in self._store.list(kind.resource, target.namespace or None) if filter_.accepts(obj)]
        deleted: list[Object] = []
        for obj in found:
            try:
                deleted.append((await self._gate.delete_as(kind, namespace_of(obj), name_of(obj), options, context))[0])
            except NotFound:
                continue
        told = {
            "kind": f"{kind.kind}List",
            "apiVersion": kind.api_version,
            "metadata": {"resourceVersion": str(self._store.revision)},
            "items": deleted,
        }
        return json_answer(told).warned(context.warnings)

    async def _update(
        self, target: Target, request: Request, context: Context, change: Callable[[Object], Object]
    ) -> Answer:
        new = await self._gate.update_as(
            target.kind, target.namespace, target.name, change, context, subresource=target.subresource
        )
        return self._answer(new, target.kind, request, context, 200)

    def _answer(self, obj: Object, kind: Kind, request: Request, context: Context, status: int) -> Answer:
        shape = choose_shape(request.accept, request.query)
        return json_answer(shape_object(obj, kind, shape, self._clock()), status).warned(context.warnings)


def read_context(request: Request, user: User, options: str) -> Context:
    """The circumstances that the query tells. Raises BadRequest or Invalid."""
    query = request.query
    validation = query.text("fieldValidation") or "Warn"
    causes = []
    if validation not in ("Strict", "Warn", "Ignore"):
        text = f'Unsupported value: "{validation[:50]}": supported values: "Ignore", "Strict", "Warn"'
        causes.append(Cause("FieldValueNotSupported", text, "fieldValidation"))
    if query.all("dryRun") not in ([], ["All"], [""]):
        causes.append(Cause("FieldValueNotSupported", 'Unsupported value: supported values: "All"', "dryRun"))
    if causes:
        raise Invalid.of(options, "meta.k8s.io", "", causes)
    dry_run = query.all("dryRun") == ["All"]
    manager = manager_of(query, request.headers.get("user-agent", ""))
    shown: dict[str, Any] = {"kind": options, "apiVersion": "meta.k8s.io/v1"}
    if dry_run:
        shown["dryRun"] = ["All"]
    if query.text("fieldManager"):
        shown["fieldManager"] = manager
    if query.text("fieldValidation"):
        shown["fieldValidation"] = validation
    return Context(
        user=user,
        dry_run=dry_run,
        field_validation=cast(FieldValidation, validation),
        options=shown,
        manager=manager,
    )


def check_type(kind: Kind, obj: Object) -> None:
    """Refuse an object that says it is of another kind. Raises BadRequest."""
    api_version, name = obj.get("apiVersion") or kind.api_version, obj.get("kind") or kind.kind
    if api_version != kind.api_version:
        raise BadRequest(
            f"the API version in the data ({str(api_version)[:100]}) does not match the expected API version ({kind.api_version})"
        )
    if name != kind.kind:
        raise BadRequest(
            f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: the object is a {str(name)[:100]}'
        )


async def read_options(request: Request) -> DeleteOptions:
    """The options of a DELETE: from its body, else from the query. Raises ApiError."""
    body = await request.body()
    query = request.query
    obj: dict[str, Any] = {}
    if body.strip():
        obj, _ = read_object(body, request.content_type or "application/json", type_name="DeleteOptions")
    if not {name for name in obj if name not in ("apiVersion", "kind")}:
        if (grace := query.integer("gracePeriodSeconds")) is not None:
            obj["gracePeriodSeconds"] = grace
        if query.text("propagationPolicy"):
            obj["propagationPolicy"] = query.text("propagationPolicy")
        if query.text("orphanDependents"):
            obj["orphanDependents"] = query.flag("orphanDependents")
        if query.all("dryRun"):
            obj["dryRun"] = query.all("dryRun")
    return read_delete_options(conform_to(obj, "DeleteOptions")[0])


def _delete_context(user: User, options: DeleteOptions) -> Context:
    shown: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"}
    if options.propagation:
        shown["propagationPolicy"] = options.propagation
    if options.grace is not None:
        shown["gracePeriodSeconds"] = options.grace
    return Context(user=user, dry_run=options.dry_run, options=shown)


def _success(kind: Kind, obj: Object) -> dict[str, Any]:
    details = {"name": name_of(obj), "kind": kind.resource, "uid": uid_of(obj)}
    if kind.group:
        details["group"] = kind.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _reader_of_patch(content_type: str, body: bytes, kind: Kind, context: Context) -> Callable[[Object], Object]:
    """A function that applies the patch of the body. Raises UnsupportedMediaType or BadRequest."""
    if content_type not in (MERGE, JSON_PATCH, STRATEGIC):
        raise UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: "
            f"{JSON_PATCH}, {MERGE}, {STRATEGIC}, {APPLY}"
        )
    patch, context.doubled = read_json(body)
    if content_type != JSON_PATCH and not isinstance(patch, dict):
        raise BadRequest("a merge patch is an object")

    def change(current: Object) -> Object:
        try:
            if content_type == JSON_PATCH:
                changed = json_patches.json_patch(current, patch)
            elif content_type == MERGE:
                changed = merge_patch(current, patch)
            else:
                changed = strategic.strategic_patch(current, patch, find_type(kind.kind))
        except json_patches.PatchProblem as problem:
            cause = Cause("FieldValueInvalid", str(problem), "patch")
            raise Invalid.of(kind.kind, kind.group, name_of(current), [cause]) from problem
        except strategic.PatchProblem as problem:
            raise BadRequest(str(problem)) from problem
        if not isinstance(changed, dict):
            raise BadRequest("the patch leaves no object")
        check_type(kind, changed)
        return changed

    return change
