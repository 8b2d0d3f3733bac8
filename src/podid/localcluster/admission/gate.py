"""Every write that comes from outside, and every object that a controller makes, passes here: the steps stand in the order they happen.

Creating: namespace → type and unknown fields → defaults → service account → webhooks → name → validation → store.
Changing: the change, on a copy → type and unknown fields → what may not change → defaults → webhooks → validation → store, and all
of it again where the object changed meanwhile. Implements `podid.localcluster.ports.Admission`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from podid.core.clock import Clock
from podid.core.ids import RandomBytes, uuid4
from podid.localcluster.admission.attributes import Attributes, Context
from podid.localcluster.admission.deletion import DeleteOptions, check_preconditions, plan_deletion
from podid.localcluster.admission.service_accounts import account_name, missing, run_under, told_name
from podid.localcluster.admission.webhooks.caller import WebhookCaller
from podid.localcluster.objects.conform import conform
from podid.localcluster.objects.defaults import apply_defaults
from podid.localcluster.objects.errors import CHANGED_SINCE, AlreadyExists, BadRequest, Conflict, Forbidden, NotFound
from podid.localcluster.objects.kinds import BY_RESOURCE, Kind
from podid.localcluster.objects.metadata import clone, is_deleted, metadata, name_of, namespace_of, timestamp
from podid.localcluster.objects.pod_defaults import PRIORITIES
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.objects.validation import validate_new, validate_update
from podid.localcluster.patches.apply import apply_patch
from podid.localcluster.patches.field_sets import MissingKey
from podid.localcluster.patches.ownership import track_update
from podid.localcluster.ports import Object, Resource

_ATTEMPTS: Final = 6
_SUFFIX: Final = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated names: without vowels, so that they spell nothing (apimachinery `pkg/util/rand`)."""
_MAX_BASE: Final = 58
_OWN_PARTS: Final = ("apiVersion", "kind", "metadata", "status")

Change = Callable[[Object], Object]
"""Makes the wanted object of (a copy of) the current one. Called again where another write came between."""


class Gate:
    """The way into the store."""

    def __init__(self, store: ObjectStore, webhooks: WebhookCaller, *, clock: Clock, random: RandomBytes) -> None:
        self._store = store
        self._webhooks = webhooks
        self._clock = clock
        self._random = random

    async def create(self, resource: Resource, obj: Object) -> Object:
        """As the port says."""
        kind = BY_RESOURCE[resource]
        return await self.create_as(kind, obj, namespace_of(obj), Context(options=_options("CreateOptions")))

    async def create_as(self, kind: Kind, obj: Object, namespace: str, context: Context) -> Object:
        """Create as a user. Raises ApiError."""
        if kind.namespaced:
            self._check_namespace(kind, obj, namespace)
        new = self._prepare_new(kind, obj, namespace, context)
        self._run_under_account(kind, new)
        attributes = Attributes(operation="CREATE", kind=kind, namespace=self._scope(kind, new), name=name_of(new))
        new = await self._mutate(attributes, context, new, None)
        self._name(new)
        apply_defaults(kind.resource, new)
        validate_new(kind, new)
        # A webhook took its time: what was true before may not be now, and between here and the store nothing can come.
        if kind.namespaced:
            self._check_namespace(kind, new, namespace)
        if self._store.get(kind.resource, namespace_of(new), name_of(new)) is not None:
            raise AlreadyExists.of(kind.resource, kind.group, name_of(new))
        track(kind, new, None, context, "", timestamp(self._clock()))
        if context.dry_run:
            new["metadata"] |= {"uid": uuid4(self._random), "creationTimestamp": timestamp(self._clock())}
            return new
        return self._store.create(kind.resource, new)

    async def update_as(
        self, kind: Kind, namespace: str, name: str, change: Change, context: Context, *, subresource: str = ""
    ) -> Object:
        """Change an object as a user. Raises ApiError, Conflict among them where the wanted object names an older revision."""
        for _ in range(_ATTEMPTS):
            current = self._store.get(kind.resource, namespace, name)
            if current is None:
                raise NotFound.of(kind.resource, kind.group, name)
            wanted = change(clone(current))
            _check_identity(kind, wanted, current)
            new, unknown = conform(wanted, kind)
            context.judge_fields(unknown)
            _keep_server_fields(kind, new, current, subresource)
            apply_defaults(kind.resource, new)
            if new != current:
                attributes = Attributes(
                    operation="UPDATE", kind=kind, namespace=self._scope(kind, new), name=name, subresource=subresource
                )
                new = await self._mutate(attributes, context, new, current)
                if not subresource:
                    validate_update(kind, new, current)
                track(kind, new, current, context, subresource, timestamp(self._clock()))
            if context.dry_run:
                return new
            if self._store.get(kind.resource, namespace, name) is current:
                return self._store.replace(kind.resource, current, new)
        raise Conflict.of(kind.resource, kind.group, name, CHANGED_SINCE)

    async def apply_as(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        applied: Object,
        context: Context,
        *,
        force: bool,
        subresource: str = "",
    ) -> tuple[Object, bool]:
        """Server-side apply as a user: the object, and whether it was made by it. Raises ApiError, Conflict among them."""
        applied, unknown = conform(applied, kind)
        context.judge_fields(unknown)
        context.applies = True

        def change(current: Object | None) -> Object:
            now = timestamp(self._clock())
            try:
                return apply_patch(
                    kind, current, applied, context.manager, force=force, now=now, subresource=subresource
                )
            except MissingKey as problem:
                raise BadRequest(str(problem)) from problem

        if self._store.get(kind.resource, namespace, name) is None and not subresource:
            return await self.create_as(kind, change(None), namespace, context), True
        return await self.update_as(kind, namespace, name, change, context, subresource=subresource), False

    async def delete_as(
        self, kind: Kind, namespace: str, name: str, options: DeleteOptions, context: Context
    ) -> tuple[Object, bool]:
        """Delete as a user: the object as it is marked (or was last), and whether it is gone already. Raises ApiError."""
        current = self._store.get(kind.resource, namespace, name)
        if current is None:
            raise NotFound.of(kind.resource, kind.group, name)
        check_preconditions(kind, current, options)
        if kind.resource == "namespaces" and name in ("default", "kube-system", "kube-public", "kube-node-lease"):
            raise Forbidden(f'namespaces "{name}" is forbidden: this namespace may not be deleted')
        attributes = Attributes(operation="DELETE", kind=kind, namespace=self._scope(kind, current), name=name)
        await self._webhooks.mutate(attributes, context, obj=None, old=current, settle=clone)
        while (current := self._store.get(kind.resource, namespace, name)) is not None:
            check_preconditions(kind, current, options)
            marked = plan_deletion(kind, current, options, self._clock())
            if options.dry_run:
                return marked or current, marked is None
            if marked is not None:
                return self._store.replace(kind.resource, current, marked), False
            if self._store.remove(kind.resource, namespace, name):
                return current, True
        raise NotFound.of(kind.resource, kind.group, name)

    def _check_namespace(self, kind: Kind, obj: Object, namespace: str) -> None:
        found = self._store.get("namespaces", "", namespace)
        if found is None:
            raise NotFound.of("namespaces", "", namespace)
        if is_deleted(found) and kind.resource != "events":
            raise Forbidden(
                f'{kind.resource} "{told_name(obj)}" is forbidden: unable to create new content in namespace {namespace} '
                "because it is being terminated",
                details={"name": told_name(obj), "kind": kind.resource, "causes": [{"reason": "NamespaceTerminating"}]},
            )

    def _prepare_new(self, kind: Kind, obj: Object, namespace: str, context: Context) -> Object:
        new, unknown = conform(obj, kind)
        context.judge_fields(unknown)
        new["apiVersion"], new["kind"] = kind.api_version, kind.kind
        meta = new.setdefault("metadata", {})
        given = meta.get("namespace")
        if kind.namespaced and given not in (None, "", namespace):
            raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
        if meta.get("resourceVersion"):
            raise BadRequest("resourceVersion should not be set on objects to be created")
        for name in (
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "generation",
        ):
            meta.pop(name, None)
        meta.pop("namespace", None)
        if kind.namespaced:
            meta["namespace"] = namespace
        if kind.generation:
            meta["generation"] = 1
        if kind.subresource("status") is not None and kind.resource != "nodes":
            new.pop("status", None)
        self._settle(kind, new)
        if kind.resource == "pods":
            _check_priority(new)
        return new

    def _settle(self, kind: Kind, obj: Object) -> Object:
        apply_defaults(kind.resource, obj)
        return obj

    async def _mutate(self, attributes: Attributes, context: Context, new: Object, old: Object | None) -> Object:
        """Ask the webhooks; where they change a new pod, the service account step has its say again."""

        def settle(patched: Object) -> Object:
            return self._settle(attributes.kind, conform(patched, attributes.kind)[0])

        mutated = await self._webhooks.mutate(attributes, context, obj=new, old=old, settle=settle)
        assert mutated is not None
        if mutated != new and attributes.operation == "CREATE":
            self._run_under_account(attributes.kind, mutated)
        if attributes.name and name_of(mutated) != attributes.name:
            raise BadRequest("a webhook must not change the name of an object")
        return mutated

    def _run_under_account(self, kind: Kind, pod: Object) -> None:
        if kind.resource != "pods":
            return
        name = account_name(pod)
        account = self._store.get("serviceaccounts", namespace_of(pod), name)
        if account is None:
            raise missing(pod, name)
        run_under(pod, account, self._letters(5))

    def _scope(self, kind: Kind, obj: Object) -> str:
        """`request.namespace` of a review: of a Namespace, its own name."""
        return name_of(obj) if kind.resource == "namespaces" else namespace_of(obj)

    def _name(self, obj: Object) -> None:
        meta = metadata(obj)
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = str(meta["generateName"])[:_MAX_BASE] + self._letters(5)

    def _letters(self, count: int) -> str:
        return "".join(_SUFFIX[byte % len(_SUFFIX)] for byte in self._random(count))


def track(kind: Kind, new: Object, old: Object | None, context: Context, subresource: str, now: str) -> None:
    """Note who owns what. An apply has noted it already; the controllers inside the process are not noted."""
    if context.manager and not context.applies:
        track_update(kind, new, old, context.manager, subresource, now)


def _options(kind: str) -> dict[str, Any]:
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1"}


def _check_priority(pod: Object) -> None:
    name = pod["spec"].get("priorityClassName")
    if name and name not in PRIORITIES:
        raise Forbidden(f'pods "{told_name(pod)}" is forbidden: no PriorityClass with name {name} was found')


def _check_identity(kind: Kind, wanted: Object, current: Object) -> None:
    meta = metadata(wanted)
    if meta.get("name", name_of(current)) != name_of(current):
        raise BadRequest(
            f"the name of the object ({meta.get('name')}) does not match the name on the URL ({name_of(current)})"
        )
    if (meta.get("namespace") or namespace_of(current)) != namespace_of(current):
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    for name in ("resourceVersion", "uid"):
        if meta.get(name) and meta[name] != metadata(current)[name]:
            if name == "uid":
                found = metadata(current)["uid"]
                why = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {found}"
            else:
                why = CHANGED_SINCE
            raise Conflict.of(kind.resource, kind.group, name_of(current), why)


def _keep_server_fields(kind: Kind, new: Object, current: Object, subresource: str) -> None:
    """Put back what this request may not change, and count the generation."""
    new["apiVersion"], new["kind"] = kind.api_version, kind.kind
    meta = new.setdefault("metadata", {})
    for name in (
        "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "generation", "generateName",
    ):  # fmt: skip
        meta.pop(name, None)
        if name in metadata(current):
            meta[name] = metadata(current)[name]
    if is_deleted(current):
        # what is being deleted takes no new finalizers (apiserver `ValidateObjectMetaUpdate`)
        before = metadata(current).get("finalizers") or []
        meta["finalizers"] = [one for one in meta.get("finalizers") or () if one in before]
        if not meta["finalizers"]:
            del meta["finalizers"]
    if subresource == "status":
        _keep(new, current, [name for name in current.keys() | new.keys() if name not in _OWN_PARTS])
    elif kind.subresource("status") is not None:
        _keep(new, current, ["status"])
    if kind.resource == "namespaces" and subresource != "finalize":
        _keep(new, current, ["spec"])
    if kind.generation and any(
        new.get(n) != current.get(n) for n in new.keys() | current.keys() if n not in _OWN_PARTS
    ):
        meta["generation"] = metadata(current).get("generation", 1) + 1


def _keep(new: Object, current: Object, names: list[str]) -> None:
    for name in names:
        new.pop(name, None)
        if name in current:
            new[name] = clone({"kept": current[name]})["kept"]
