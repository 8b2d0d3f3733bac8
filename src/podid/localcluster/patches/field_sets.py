"""Sets of field paths: which parts of an object someone owns (FieldsV1 of `metadata.managedFields`).

A path is a tuple of steps: `f:NAME` a field or a key of a map, `k:{"name":"a"}` the element of a list with those keys, `v:"x"` the member
of a set. A list, map or struct that is atomic is one path. A set of paths is a frozenset: union and difference are Python's own.
Source: sigs.k8s.io/structured-merge-diff, and the form that Kubernetes documents for FieldsV1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from podid.localcluster.objects.fields import Field, Type, find_type
from podid.localcluster.ports import Object

Path = tuple[str, ...]
Paths = frozenset[Path]

NOTHING: Final[Paths] = frozenset()
_KEY_DEFAULTS: Final = {"protocol": "TCP"}
"""Keys of list elements that may be left out, and what they then are."""
_NEVER_OWNED: Final = frozenset(
    ("f:metadata", f"f:{name}")
    for name in (
        "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion",
        "deletionTimestamp", "deletionGracePeriodSeconds",
    )
)  # fmt: skip


class MissingKey(ValueError):
    """An element of a list lacks the keys by which the list is merged."""


def element_step(element: Any, field: Field, path: str = "") -> str:
    """The step to an element of a list with keys. Raises MissingKey."""
    if not isinstance(element, dict):
        raise MissingKey(f"{path}{field.name}: an element is not an object")
    keys = {}
    for key in field.keys:
        value = element.get(key, _KEY_DEFAULTS.get(key))
        if value is None:
            if len(field.keys) == 1:
                raise MissingKey(
                    f"{path}{field.name}: associative list with keys has an element that omits key field {key!r}"
                )
            continue
        keys[key] = value
    return "k:" + json.dumps(keys, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def value_step(value: Any) -> str:
    """The step to a member of a set."""
    return "v:" + json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def leaves(obj: Object, type_: Type | None, *, containers: bool) -> dict[Path, Any]:
    """Every owned path of an object and the value there. With `containers` also maps and lists themselves, as an update owns them.

    Elements of keyed lists are paths of their own, with the value None.
    """
    return {
        path: value
        for path, value in _walk(obj, type_, (), containers)
        if path[:2] not in _NEVER_OWNED and path[0] not in ("f:apiVersion", "f:kind")
    }


def _walk(obj: Mapping[str, Any], type_: Type | None, at: Path, containers: bool) -> Iterator[tuple[Path, Any]]:
    for name, value in obj.items():
        path = (*at, f"f:{name}")
        field = type_.fields.get(name) if type_ else None
        if field is None:
            yield path, value
        else:
            yield from _walk_field(value, field, path, containers)


def _walk_field(value: Any, field: Field, path: Path, containers: bool) -> Iterator[tuple[Path, Any]]:
    if field.atomic or not value:
        yield path, value
    elif field.many:
        if not isinstance(value, list) or not (field.keys or field.is_set):
            yield path, value
            return
        if containers:
            yield path, None
        for element in value:
            if field.is_set:
                yield (*path, value_step(element)), None
            else:
                step = (*path, element_step(element, field))
                yield step, None
                yield from _walk(element, find_type(field.type), step, containers)
    elif not isinstance(value, dict):
        yield path, value
    elif field.by_name:
        if containers:
            yield path, None
        for key, inner in value.items():
            step = (*path, f"f:{key}")
            type_ = find_type(field.type)
            if type_ is None or not isinstance(inner, dict):
                yield step, inner
            else:
                yield from _walk(inner, type_, step, containers)
    else:
        type_ = find_type(field.type)
        if type_ is None or type_.atomic:
            yield path, value
        else:
            yield from _walk(value, type_, path, containers)


def as_fields(paths: Iterable[Path]) -> dict[str, Any]:
    """The nested form. A path that others go through is marked by `.` there."""
    nested: dict[str, Any] = {}
    for path in sorted(paths):
        node = nested
        for step in path:
            node = node.setdefault(step, {})
        node["."] = {}
    return _without_lone_dots(nested)


def _without_lone_dots(node: dict[str, Any]) -> dict[str, Any]:
    return {step: {} if set(inner) == {"."} else _without_lone_dots(inner) for step, inner in node.items()}


def read_fields(nested: Any, depth: int = 0) -> Paths:
    """The set of a nested form; what is not one is empty."""
    return frozenset(_read(nested, (), depth))


def _read(node: Any, at: Path, depth: int) -> Iterator[Path]:
    if not isinstance(node, dict) or depth > 64:
        return
    for step, inner in node.items():
        if step == ".":
            yield at
        elif not inner:
            yield (*at, step)
        else:
            yield from _read(inner, (*at, step), depth + 1)


def path_text(path: Path) -> str:
    """As conflicts show it: `.spec.containers[name="a"].image`."""
    text = ""
    for step in path:
        kind, _, rest = step.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            keys = json.loads(rest)
            text += (
                "[" + ",".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()) + "]"
            )
        else:
            text += f"[{rest}]"
    return text


def without(obj: Object, gone: Paths, kept: Paths, type_: Type | None) -> Object:
    """The object without the paths `gone`, sparing what `kept` has. What becomes empty by it goes too."""
    return _prune(obj, type_, (), gone, kept)


def _prune(obj: dict[str, Any], type_: Type | None, at: Path, gone: Paths, kept: Paths) -> dict[str, Any]:
    left: dict[str, Any] = {}
    for name, value in obj.items():
        path = (*at, f"f:{name}")
        if not _touches(path, gone):
            left[name] = value
            continue
        field = type_.fields.get(name) if type_ else None
        if field is None or not isinstance(value, dict | list) or not value:
            if path not in gone or path in kept:
                left[name] = value
            continue
        pruned = _prune_field(value, field, path, gone, kept)
        if pruned or (path in kept):
            left[name] = pruned
    return left


def _prune_field(value: Any, field: Field, path: Path, gone: Paths, kept: Paths) -> Any:
    if field.many and field.is_set:
        return [one for one in value if (*path, value_step(one)) not in gone or (*path, value_step(one)) in kept]
    if field.many and field.keys:
        left = []
        for element in value:
            step = (*path, element_step(element, field))
            if step in gone and not _touches(step, kept):
                continue
            left.append(_prune(element, find_type(field.type), step, gone, kept) if _touches(step, gone) else element)
        return left
    if field.by_name and not field.atomic:
        return {
            key: inner for key, inner in value.items() if (*path, f"f:{key}") not in gone or (*path, f"f:{key}") in kept
        }
    inner_type = find_type(field.type)
    if path in gone or field.many or inner_type is None:
        return value if path not in gone or path in kept else None
    return _prune(value, inner_type, path, gone, kept)


def _touches(path: Path, paths: Paths) -> bool:
    """Whether the set has the path or one below it."""
    size = len(path)
    return any(one[:size] == path for one in paths)
