"""What the controllers of workloads share: owned pods, template hashes, availability, and a patience that grows with each failure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from podid.localcluster.admission.dialling import is_ready
from podid.localcluster.objects.metadata import (
    clone,
    controller_of,
    is_deleted,
    metadata,
    namespace_of,
    owner_reference,
    parse_timestamp,
    uid_of,
)
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import Object, Resource

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_WAIT: Final = 60.0


def owned(store: ObjectStore, owner: Object, resource: Resource) -> list[Object]:
    """The objects of a kind whose controller is `owner`."""
    uid = uid_of(owner)
    return [
        obj
        for obj in store.list(resource, namespace_of(owner))
        if (reference := controller_of(obj)) is not None and reference.get("uid") == uid
    ]


def template_hash(template: Any) -> str:
    """Ten letters that change with the template. What is empty is as good as absent: clients send templates back either way."""
    digest = hashlib.sha256(msgspec.json.encode(_without_empty(template), order="deterministic")).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:10])


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        pruned = {name: _without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in pruned.items() if inner not in (None, "", {}, [])}
    if isinstance(value, list):
        return [_without_empty(inner) for inner in value]
    return value


def pod_of(template: dict[str, Any], owner: Object, labels: dict[str, str]) -> Object:
    """A pod made from a template, named when it passes admission."""
    made = clone(template)
    meta = made.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{metadata(owner)['name']}-",
            "namespace": namespace_of(owner),
            "labels": {**(meta.get("labels") or {}), **labels},
            **({"annotations": meta["annotations"]} if meta.get("annotations") else {}),
            **({"finalizers": meta["finalizers"]} if meta.get("finalizers") else {}),
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": made["spec"],
    }


def is_active(pod: Object) -> bool:
    """Whether it runs or will: neither ended nor being deleted."""
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed") and not is_deleted(pod)


def available(pods: Iterable[Object], seconds: int, now: datetime) -> int:
    """How many have been ready for at least so many seconds."""
    count = 0
    for pod in pods:
        if not is_ready(pod):
            continue
        conditions = (pod.get("status") or {}).get("conditions") or ()
        since = next((one.get("lastTransitionTime") for one in conditions if one.get("type") == "Ready"), None)
        instant = parse_timestamp(since)
        if not seconds or (instant is not None and instant + timedelta(seconds=seconds) <= now):
            count += 1
    return count


def share(value: Any, total: int, *, up: bool) -> int:
    """A number, or a percentage of `total` rounded up or down."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        parts = int(value[:-1]) * total
        return -(-parts // 100) if up else parts // 100
    return value if isinstance(value, int) else 0


class Patience:
    """How long to wait after failures: 1 s, 2 s, 4 s, … for each object by itself."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, datetime]] = {}

    def may_try(self, uid: str, now: datetime) -> bool:
        count, last = self._failures.get(uid, (0, now))
        return not count or now >= last + timedelta(seconds=min(2.0 ** (count - 1), _LONGEST_WAIT))

    def failed(self, uid: str, now: datetime) -> None:
        self._failures[uid] = (min(self._failures.get(uid, (0, now))[0] + 1, 20), now)

    def succeeded(self, uid: str) -> None:
        self._failures.pop(uid, None)
