"""Finds the member of an input that a condition key is named for.

`sagemaker:VolumeKmsKeyArn` is `ResourceConfig.VolumeKmsKeyId`, `eks:endpointPublicAccess` is `resourcesVpcConfig.endpointPublicAccess`: keys
and members read alike without case and punctuation, or differ by an ending (`s`, `Id`, `Arn`). The key may be the member's own name, or that
of the path to it. The shallowest member wins, for deep ones are about something else more often.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from msgspec import Struct

from podid.core.wire import ServiceModel
from podid.core.wire.shapes import Shape

Path = tuple[str, ...]

_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")
_DEEPEST = 4
_MOST_LEAVES = 2000
_FILLERS = re.compile(r"config(?:uration)?|data")
"""Words in the names of structures that keys leave out: `VpcConfig.Subnets` is `VpcSubnets`."""
_PREFIXES = ("request", "enable")
_ENDINGS = ("identifiers", "identifier", "arns", "arn", "ids", "id", "names", "name", "s")


class _Leaf(Struct, frozen=True):
    """A member that can be a value, with the names that it goes by."""

    path: Path
    names: frozenset[str]
    stems: frozenset[str]
    shortened: frozenset[str]
    bare: frozenset[str]


def plain(name: str) -> str:
    """A name without case and punctuation."""
    return _NOT_ALPHANUMERIC.sub("", name.lower())


def paths_for(model: ServiceModel, operation: str, tail: str, *, several: bool) -> tuple[Path, ...]:
    """The paths of the members that a key is named for: one, or all alike where the key may have `several` values."""
    wanted = plain(tail)
    ranked: dict[tuple[int, int], list[Path]] = {}
    for leaf in _leaves(model, operation):
        likeness = _likeness(wanted, leaf)
        if likeness is not None:
            ranked.setdefault((likeness, len(leaf.path)), []).append(leaf.path)
    if not ranked:
        return ()
    best = min(ranked)
    if several:
        return tuple(path for rank, paths in sorted(ranked.items()) if rank[0] == best[0] for path in paths)
    return tuple(ranked[best][:1])


def _likeness(wanted: str, leaf: _Leaf) -> int | None:
    """How well a leaf fits, 0 being best; None where it does not."""
    if wanted in leaf.names:
        return 0
    stem = _stem(wanted)
    if len(stem) > 3 and stem in leaf.stems:
        return 1
    if len(stem) > 5 and (stem in leaf.shortened or _stem(_bare(wanted)) in leaf.bare):
        return 2
    return None


def _bare(name: str) -> str:
    """A name without the word that says only that something is asked for."""
    for prefix in _PREFIXES:
        if name.startswith(prefix) and len(name) > len(prefix) + 3:
            name = name.removeprefix(prefix)
    return name


@cache
def _stem(name: str) -> str:
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) > len(ending):
            name = name.removesuffix(ending)
    return name


def _leaf(path: Path) -> _Leaf:
    named = path[:-1] if path[-1] in ("Value", "value") and len(path) > 1 else path
    names = frozenset({plain(named[-1]), plain("".join(named)), plain("".join(named[-2:]))})
    stems = frozenset(map(_stem, names))
    return _Leaf(
        path,
        names,
        stems,
        frozenset(_FILLERS.sub("", name) for name in stems),
        frozenset(_stem(_bare(name)) for name in names),
    )


@lru_cache(4)
def _leaves(model: ServiceModel, operation: str) -> tuple[_Leaf, ...]:
    """An input's scalars and lists of them, the shallow ones first."""
    shape = model.operations[operation].input if operation in model.operations else None
    if shape is None:
        return ()
    found: list[Path] = []
    level: list[tuple[Path, Shape]] = [((), shape)]
    for _ in range(_DEEPEST):
        below: list[tuple[Path, Shape]] = []
        for path, structure in level:
            for name, inner in _members(structure):
                if inner.type == "structure":
                    below.append(((*path, name), inner))
                elif inner.type != "map":
                    found.append((*path, name))
        level = below
        if len(found) > _MOST_LEAVES:
            break
    return tuple(map(_leaf, found[:_MOST_LEAVES]))


def _members(structure: Shape) -> Iterator[tuple[str, Shape]]:
    for name, member in structure.members.items():
        shape = member.shape
        while shape.type == "list":
            shape = shape.item.shape
        yield name, shape
