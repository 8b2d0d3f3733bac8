"""Strategic merge patch: a merge patch that knows by which key each list is merged.

Source: the Kubernetes API conventions, "Strategic Merge Patch", and k8s.io/apimachinery `pkg/util/strategicpatch`. Directives:

    "$patch": "replace" | "delete" | "merge"     in an object: how it is taken; as an element of a list: of that list or element
    "$setElementOrder/FIELD": [...]              the order of the merged list: of keys ({KEY: value}) or of scalars
    "$deleteFromPrimitiveList/FIELD": [...]      scalars to take out
    "$retainKeys": [...]                         keys that stay; all others of the object go

The list's keys come from `objects.fields`; a type that is unknown there (None) merges like RFC 7386.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from podid.localcluster.objects.fields import Field, Type, find_type

_ORDER: Final = "$setElementOrder/"
_DELETE: Final = "$deleteFromPrimitiveList/"
_RETAIN: Final = "$retainKeys"
_PATCH: Final = "$patch"


class PatchProblem(ValueError):
    """The patch cannot be understood; the text says why."""


def strategic_patch(target: dict[str, Any], patch: dict[str, Any], type_: Type | None) -> dict[str, Any]:
    """The target after the patch. Raises PatchProblem."""
    directive = patch.get(_PATCH)
    if directive == "replace":
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != _PATCH}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise PatchProblem(f"unknown $patch directive {str(directive)[:100]!r}")
    merged = dict(target)
    if (retained := patch.get(_RETAIN)) is not None:
        if not isinstance(retained, list):
            raise PatchProblem("$retainKeys is a list")
        merged = {key: value for key, value in merged.items() if key in retained}
    for key in patch:
        field = key.partition("/")[2] if key.startswith((_ORDER, _DELETE)) else ""
        if field and field not in patch:
            _merge_member(merged, field, None, patch, type_, given=False)
    for key, value in patch.items():
        if key in (_PATCH, _RETAIN) or key.startswith((_ORDER, _DELETE)):
            continue
        _merge_member(merged, key, value, patch, type_, given=True)
    return merged


def _merge_member(
    merged: dict[str, Any], key: str, value: Any, patch: dict[str, Any], type_: Type | None, *, given: bool
) -> None:
    field = type_.fields.get(key) if type_ else None
    current = merged.get(key)
    if given and value is None:
        merged.pop(key, None)
    elif field is not None and field.many and field.merge_key is not None and (not given or isinstance(value, list)):
        order, gone = patch.get(_ORDER + key), patch.get(_DELETE + key)
        base = current if isinstance(current, list) else []
        if field.merge_key == "":
            merged[key] = _merge_scalars(base, value or [], gone or [], order)
        else:
            merged[key] = _merge_objects(base, value or [], field, order)
        if not given and not merged[key] and current is None:
            del merged[key]
    elif not given:
        return
    elif isinstance(value, dict):
        inner = find_type(field.type) if field is not None and not field.many and not field.by_name else None
        merged[key] = strategic_patch(current if isinstance(current, dict) else {}, value, inner)
    else:
        merged[key] = copy.deepcopy(value)


def _merge_scalars(current: list[Any], added: list[Any], gone: list[Any], order: list[Any] | None) -> list[Any]:
    kept = [value for value in current if value not in gone]
    kept += [value for value in added if value not in kept]
    return _ordered(kept, [str(value) for value in order], str) if order else kept


def _merge_objects(current: list[Any], patch: list[Any], field: Field, order: list[Any] | None) -> list[Any]:
    key = field.merge_key or ""
    if not all(isinstance(element, dict) for element in patch):
        raise PatchProblem(f"{field.name} is a list of objects")
    if any(element.get(_PATCH) == "replace" and set(element) == {_PATCH} for element in patch):
        return [copy.deepcopy(element) for element in patch if element.get(_PATCH) != "replace"]
    inner = find_type(field.type)
    merged = [element for element in current if isinstance(element, dict)]
    for element in patch:
        if key not in element:
            raise PatchProblem(f"map: {_shown(element)} does not contain declared merge key: {key}")
        same = next((index for index, one in enumerate(merged) if one.get(key) == element[key]), None)
        if element.get(_PATCH) == "delete":
            if same is not None:
                merged = [one for one in merged if one.get(key) != element[key]]
        elif same is None:
            merged.append(strategic_patch({}, element, inner))
        else:
            merged[same] = strategic_patch(merged[same], element, inner)
    if order:
        wanted = [str(one.get(key)) for one in order if isinstance(one, dict)]
        return _ordered(merged, wanted, lambda one: str(one.get(key)))
    return merged


def _ordered(items: list[Any], wanted: list[str], key: Any) -> list[Any]:
    """The items in the wanted order; those that it does not name stay behind the one they followed."""
    place = {name: index for index, name in enumerate(wanted)}
    ranked: list[tuple[int, int, Any]] = []
    last = -1
    for index, item in enumerate(items):
        last = place.get(key(item), last)
        ranked.append((last, index, item))
    return [item for _, _, item in sorted(ranked, key=lambda one: (one[0], one[1]))]


def _shown(element: dict[str, Any]) -> str:
    return str(sorted(element))[:200]
