"""Reading and writing `metadata`, and the forms of time that Kubernetes uses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from podid.localcluster.ports import Object

_ENCODER = msgspec.json.Encoder()


def clone(obj: Object) -> Object:
    """A copy that shares nothing."""
    return cast(Object, msgspec.json.decode(_ENCODER.encode(obj)))


def encode(obj: Any) -> bytes:
    """JSON, compact."""
    return _ENCODER.encode(obj)


def metadata(obj: Object) -> dict[str, Any]:
    """The object's metadata, an empty one where it has none or something else there."""
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def namespace_of(obj: Object) -> str:
    return str(metadata(obj).get("namespace") or "")


def name_of(obj: Object) -> str:
    return str(metadata(obj).get("name") or "")


def uid_of(obj: Object) -> str:
    return str(metadata(obj).get("uid") or "")


def labels_of(obj: Object) -> dict[str, str]:
    return metadata(obj).get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    return metadata(obj).get("annotations") or {}


def revision_of(obj: Object) -> str:
    return str(metadata(obj).get("resourceVersion") or "")


def is_deleted(obj: Object) -> bool:
    """Whether its deletion has begun."""
    return bool(metadata(obj).get("deletionTimestamp"))


def timestamp(instant: datetime) -> str:
    """RFC 3339 in whole seconds, as metav1.Time is written."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(instant: datetime) -> str:
    """RFC 3339 with microseconds, as metav1.MicroTime is written."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_timestamp(text: object) -> datetime | None:
    """The instant, or None where the text is not RFC 3339 with a zone."""
    if not isinstance(text, str):
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def owner_reference(owner: Object, *, controller: bool = True) -> dict[str, Any]:
    """A reference by which `owner` owns another object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": controller,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Object) -> dict[str, Any] | None:
    """The reference to the one owner that manages the object, or None."""
    for reference in metadata(obj).get("ownerReferences") or []:
        if reference.get("controller"):
            return cast(dict[str, Any], reference)
    return None
