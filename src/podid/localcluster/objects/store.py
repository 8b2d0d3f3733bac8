"""The objects: dictionaries in memory, every write in the journal before it is seen.

It must not know admission, HTTP, or any one kind beyond its resource name. One counter of revisions serves the whole store, as
`metadata.resourceVersion` (a decimal string). An object in here is never changed in place: a write puts a new one in its stead, so
readers may keep what they were given. Implements `podid.localcluster.ports.Objects`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from podid.core.clock import Clock
from podid.core.ids import RandomBytes, uuid4
from podid.localcluster.objects.changes import Change, ChangeLog, Gone
from podid.localcluster.objects.journal import Journal
from podid.localcluster.objects.metadata import clone, encode, is_deleted, metadata, name_of, namespace_of, timestamp
from podid.localcluster.ports import AlreadyExists, Event, Object, Resource

Key = tuple[str, str]
"""Namespace (empty for cluster-scoped kinds) and name."""


Changes = list[Change]


class ObjectStore:
    """All objects of the cluster. Every call is synchronous: between two awaits of the caller nothing else can come between."""

    def __init__(self, journal: Journal, *, clock: Clock, random: RandomBytes) -> None:
        self._journal = journal
        self._clock = clock
        self._random = random
        self._objects: dict[Resource, dict[Key, Object]] = {}
        self._logs: dict[Resource, ChangeLog] = {}
        self._revision = self._first = max(1, journal.revision())
        for resource, obj in journal.load():
            self._kind(resource)[_key(obj)] = obj

    @property
    def revision(self) -> int:
        """The revision of the newest write."""
        return self._revision

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._kind(resource).get((namespace, name))

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """By namespace, then name."""
        kind = self._kind(resource)
        return [kind[key] for key in sorted(kind) if namespace is None or key[0] == namespace]

    def create(self, resource: Resource, obj: Object) -> Object:
        new = clone(obj)
        key = _key(new)
        if key in self._kind(resource):
            raise AlreadyExists(f'{resource} "{key[1]}" already exists')
        meta = new.setdefault("metadata", {})
        meta["uid"] = uuid4(self._random)
        meta["creationTimestamp"] = timestamp(self._clock())
        return self._put(resource, key, new, None)

    def update(self, resource: Resource, namespace: str, name: str, change: Callable[[Object], None]) -> Object | None:
        key = (namespace, name)
        current = self._kind(resource).get(key)
        if current is None:
            return None
        new = clone(current)
        change(new)
        return self.replace(resource, current, new)

    def replace(self, resource: Resource, current: Object, new: Object) -> Object:
        """Put `new` in the place of `current`, which must be what the store holds. Identity and age of an object cannot be changed.

        An object whose deletion had begun and that nothing holds any more (no finalizers, no grace left) goes.
        """
        key = _key(current)
        if self._kind(resource).get(key) is not current:
            raise ValueError(f"{resource} {key} is not what the store holds")
        meta = new.setdefault("metadata", {})
        for name in ("name", "namespace", "uid", "creationTimestamp", "resourceVersion"):
            if name in metadata(current):
                meta[name] = metadata(current)[name]
        if new == current:
            return current
        if is_deleted(new) and not holds(new) and not metadata(new).get("deletionGracePeriodSeconds"):
            return self._drop(resource, key, new, current)
        return self._put(resource, key, new, current)

    def remove(self, resource: Resource, namespace: str, name: str, uid: str = "") -> bool:
        """As the port says; but an object with finalizers is only marked as deleted, with no grace left, and False is returned."""
        key = (namespace, name)
        current = self._kind(resource).get(key)
        if current is None or (uid and metadata(current).get("uid") != uid):
            return False
        if holds(current):

            def mark(obj: Object) -> None:
                meta = obj["metadata"]
                meta.setdefault("deletionTimestamp", timestamp(self._clock()))
                meta["deletionGracePeriodSeconds"] = 0

            self.update(resource, namespace, name, mark)
            return False
        self._drop(resource, key, clone(current), current)
        return True

    async def watch(self, resource: Resource) -> AsyncIterator[Event]:
        revision = self._revision
        known = dict(self._kind(resource))
        for obj in known.values():
            yield Event("ADDED", obj)
        log = self.log(resource)
        while True:
            try:
                changes = log.since(revision)
            except Gone:
                changes = self._differences(resource, known)
                revision = self._revision
            for change in changes:
                key = _key(change.object)
                if change.type == "DELETED":
                    known.pop(key, None)
                else:
                    known[key] = change.object
                revision = max(revision, change.revision)
                yield Event(change.type, change.object)
            await log.wait(revision)

    def log(self, resource: Resource) -> ChangeLog:
        """The history of a kind since this process began."""
        return self._logs.setdefault(resource, ChangeLog(self._first))

    def close(self) -> None:
        self._journal.close()

    def _kind(self, resource: Resource) -> dict[Key, Object]:
        return self._objects.setdefault(resource, {})

    def _put(self, resource: Resource, key: Key, new: Object, current: Object | None) -> Object:
        revision = self._revision + 1
        new["metadata"]["resourceVersion"] = str(revision)
        self._journal.put(resource, *key, revision, encode(new))
        self._kind(resource)[key] = new
        self._told(resource, Change(revision, "MODIFIED" if current else "ADDED", new, current))
        return new

    def _drop(self, resource: Resource, key: Key, last: Object, current: Object) -> Object:
        revision = self._revision + 1
        last["metadata"]["resourceVersion"] = str(revision)
        self._journal.delete(resource, *key, revision)
        del self._kind(resource)[key]
        self._told(resource, Change(revision, "DELETED", last, current))
        return last

    def _told(self, resource: Resource, change: Change) -> None:
        self._revision = change.revision
        self.log(resource).append(change)

    def _differences(self, resource: Resource, known: dict[Key, Object]) -> Changes:
        now = self._kind(resource)
        gone = [Change(0, "DELETED", obj) for key, obj in known.items() if key not in now]
        new = [
            Change(0, "MODIFIED" if key in known else "ADDED", obj)
            for key, obj in now.items()
            if known.get(key) is not obj
        ]
        return gone + new


def holds(obj: Object) -> bool:
    """Whether finalizers keep the object from going (for a Namespace also those of its spec)."""
    spec: Any = obj.get("spec")
    return bool(
        metadata(obj).get("finalizers")
        or (obj.get("kind") == "Namespace" and isinstance(spec, dict) and spec.get("finalizers"))
    )


def _key(obj: Object) -> Key:
    return namespace_of(obj), name_of(obj)
