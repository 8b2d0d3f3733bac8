"""Server-side apply: a manager says all that it wants of an object; the rest is left to others. Pure.

    1. merge what is applied into the object, lists by their keys
    2. a field with another value that someone else owns is a conflict, unless `force` takes it over
    3. a field that the manager owned, no longer applies, and nobody else owns, goes
    4. the manager owns exactly what it applied

Source: Kubernetes documentation, "Server-Side Apply"; sigs.k8s.io/structured-merge-diff `merge/update.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from podid.localcluster.objects.errors import Conflict
from podid.localcluster.objects.fields import Field, Type, find_type
from podid.localcluster.objects.kinds import Kind
from podid.localcluster.objects.metadata import clone, metadata
from podid.localcluster.patches.field_sets import NOTHING, Path, Paths, element_step, path_text, without
from podid.localcluster.patches.ownership import Manager, Owned, Owners, own, ownable, read_owners, write_owners
from podid.localcluster.ports import Object

BEFORE_FIRST_APPLY = "before-first-apply"


def apply_patch(
    kind: Kind,
    current: Object | None,
    applied: Object,
    manager_name: str,
    *,
    force: bool,
    now: str,
    subresource: str = "",
) -> Object:
    """The object after the apply, managedFields included. `applied` fits its kind. Raises Conflict, or MissingKey."""
    type_ = find_type(kind.kind)
    manager = Manager(manager_name, "Apply", kind.api_version, subresource)
    wanted = ownable(applied, kind, containers=False, subresource=subresource)
    current = current or {"metadata": {}}
    owners = read_owners(current)
    if not owners and metadata(current).get("uid"):
        first = Manager(BEFORE_FIRST_APPLY, "Update", kind.api_version)
        owners[first] = Owned(frozenset(ownable(current, kind, containers=True)), now)
    live = ownable(current, kind, containers=False, subresource=subresource)
    changed = frozenset(path for path, value in wanted.items() if path not in live or live[path] != value)
    conflicts = {
        other: found
        for other, owned in owners.items()
        if other != manager and (found := frozenset(path for path in changed & owned.paths if path in live))
    }
    if conflicts and not force:
        raise _conflict(conflicts)
    for other, found in conflicts.items():
        owners[other] = Owned(owners[other].paths - found, owners[other].time)
    merged = _merge(current, _only(applied, kind, subresource), type_)
    former = owners.get(manager)
    given_up = (former.paths if former else NOTHING) - frozenset(wanted)
    others: Paths = NOTHING.union(*(owned.paths for other, owned in owners.items() if other != manager))
    if given_up:
        merged = without(merged, given_up - others, others | frozenset(wanted), type_)
    own(owners, manager, frozenset(wanted), now)
    merged = clone(merged)
    _forget_missing(merged, kind, owners)
    write_owners(merged, owners)
    return merged


def _only(applied: Object, kind: Kind, subresource: str) -> Object:
    """Leave out what this door does not change."""
    if kind.subresource("status") is None:
        return applied
    if subresource == "status":
        return {name: value for name, value in applied.items() if name in ("status", "metadata")}
    return {name: value for name, value in applied.items() if name != "status"}


def _forget_missing(merged: Object, kind: Kind, owners: Owners) -> None:
    """Nobody owns what is no longer there."""
    there = frozenset(ownable(merged, kind, containers=True)) | frozenset(
        ownable(merged, kind, containers=True, subresource="status")
    )
    for other, owned in list(owners.items()):
        owners[other] = Owned(owned.paths & there if other.operation == "Update" else owned.paths, owned.time)


def _conflict(conflicts: dict[Manager, Paths]) -> Conflict:
    every = [
        (manager, path)
        for manager, paths in sorted(conflicts.items(), key=lambda one: one[0].name)
        for path in sorted(paths)
    ]
    if len(every) == 1:
        told = f"conflict with {every[0][0].shown()}: {path_text(every[0][1])}"
    else:
        told = "\n".join(
            _listed(manager, sorted(paths)) for manager, paths in sorted(conflicts.items(), key=lambda one: one[0].name)
        )
    plural = "s" if len(every) > 1 else ""
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager.shown()}", "field": path_text(path)}
        for manager, path in every
    ]
    return Conflict(f"Apply failed with {len(every)} conflict{plural}: {told}", details={"causes": causes})


def _listed(manager: Manager, paths: Sequence[Path]) -> str:
    return f"conflicts with {manager.shown()}:" + "".join(f"\n- {path_text(path)}" for path in paths)


def _merge(live: Any, applied: Any, type_: Type | None) -> Any:
    if type_ is None or type_.atomic or not isinstance(live, dict) or not isinstance(applied, dict):
        return applied
    merged = dict(live)
    for name, value in applied.items():
        field = type_.fields.get(name)
        merged[name] = value if field is None else _merge_field(live.get(name), value, field)
    return merged


def _merge_field(live: Any, value: Any, field: Field) -> Any:
    if live is None or field.atomic:
        return value
    if field.many:
        if field.is_set:
            return [*live, *(one for one in value if one not in live)]
        return _merge_list(live, value, field) if field.keys else value
    if field.by_name:
        type_ = find_type(field.type)
        return {**live, **{key: _merge(live.get(key), one, type_) for key, one in value.items()}}
    return _merge(live, value, find_type(field.type))


def _merge_list(live: list[Any], applied: list[Any], field: Field) -> list[Any]:
    """By keys. Elements stand in the order applied; those of others stay behind the one they followed."""
    type_ = find_type(field.type)
    wanted = {element_step(one, field): one for one in applied}
    place = {step: index for index, step in enumerate(wanted)}
    ranked: list[tuple[int, int, Any]] = []
    last = -1
    for index, element in enumerate(live):
        step = element_step(element, field)
        last = place.get(step, last)
        ranked.append((last, index, _merge(element, wanted.pop(step), type_) if step in wanted else element))
    ranked += [(place[step], len(live), element) for step, element in wanted.items()]
    return [element for _, _, element in sorted(ranked, key=lambda one: (one[0], one[1]))]
