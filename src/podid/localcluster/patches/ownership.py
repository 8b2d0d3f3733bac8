"""Who owns which fields: `metadata.managedFields`, read and kept. Pure.

An entry is known by manager, operation (Apply or Update), apiVersion and subresource. A write takes over what it changes; what it
removes, nobody owns any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from podid.localcluster.objects.fields import find_type
from podid.localcluster.objects.kinds import Kind
from podid.localcluster.objects.metadata import metadata
from podid.localcluster.patches.field_sets import NOTHING, Path, Paths, as_fields, leaves, read_fields
from podid.localcluster.ports import Object


class Manager(Struct, frozen=True):
    """Who owns fields."""

    name: str
    operation: Literal["Apply", "Update"]
    api_version: str
    subresource: str = ""

    def shown(self) -> str:
        """As conflicts name it."""
        told = f'"{self.name}"'
        if self.subresource:
            told += f' with subresource "{self.subresource}"'
        return f"{told} using {self.api_version}" if self.operation == "Update" else told


class Owned(Struct, frozen=True):
    """What a manager owns, and since when."""

    paths: Paths
    time: str


Owners = dict[Manager, Owned]


def read_owners(obj: Object) -> Owners:
    """The owners that an object names; entries that cannot be read are left out."""
    owners: Owners = {}
    entries = metadata(obj).get("managedFields")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.get("operation") not in ("Apply", "Update") or not entry.get("manager"):
            continue
        manager = Manager(
            str(entry["manager"]),
            entry["operation"],
            str(entry.get("apiVersion") or ""),
            str(entry.get("subresource") or ""),
        )
        owners[manager] = Owned(read_fields(entry.get("fieldsV1")), str(entry.get("time") or ""))
    return owners


def write_owners(obj: Object, owners: Owners) -> None:
    """Put the owners into the object; those that own nothing are left out."""
    entries: list[dict[str, Any]] = []
    # Applying managers first, as Kubernetes sorts them; then by time.
    for manager, owned in sorted(
        owners.items(), key=lambda one: (one[0].operation != "Apply", one[1].time, one[0].name)
    ):
        if not owned.paths:
            continue
        entry: dict[str, Any] = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": manager.api_version,
            "time": owned.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": as_fields(owned.paths),
        }
        if manager.subresource:
            entry["subresource"] = manager.subresource
        entries.append(entry)
    meta = obj.setdefault("metadata", {})
    if entries:
        meta["managedFields"] = entries
    else:
        meta.pop("managedFields", None)


def own(owners: Owners, manager: Manager, paths: Paths, now: str) -> None:
    """Let a manager own exactly these paths; the time moves only where they are others than before."""
    former = owners.get(manager)
    if former is None or former.paths != paths:
        owners[manager] = Owned(paths, now)


def ownable(obj: Object, kind: Kind, *, containers: bool, subresource: str = "") -> dict[Path, Any]:
    """The paths that a write through this door can own: of kinds with a status, the status is owned through its own door only."""
    found = leaves(obj, find_type(kind.kind), containers=containers)
    if kind.subresource("status") is None:
        return found
    return {path: value for path, value in found.items() if (path[0] == "f:status") is (subresource == "status")}


def track_update(kind: Kind, new: Object, old: Object | None, manager_name: str, subresource: str, now: str) -> None:
    """Note in `new` what an update (or a creation) changed. Entries that the client itself changed are taken as it wrote them."""
    manager = Manager(manager_name, "Update", kind.api_version, subresource)
    owners = read_owners(new)
    if old is not None and metadata(new).get("managedFields") != metadata(old).get("managedFields"):
        given = metadata(new).get("managedFields")
        # An empty list, or one empty entry, is how a client says: forget it all. Nothing at all is one who does not know.
        owners = owners if given else read_owners(old) if given is None else {}
    before: Mapping[Path, Any] = {}
    if old is not None:
        before = ownable(old, kind, containers=True, subresource=subresource)
    after = ownable(new, kind, containers=True, subresource=subresource)
    changed = frozenset(path for path, value in after.items() if path not in before or before[path] != value)
    removed = frozenset(path for path in before if path not in after)
    for other, owned in list(owners.items()):
        left = owned.paths - removed - (changed if other != manager else NOTHING)
        owners[other] = Owned(left, owned.time)
    if changed:
        former = owners.get(manager)
        own(owners, manager, changed | (former.paths if former else NOTHING), now)
    write_owners(new, owners)
