"""The tags that a request carries, as condition keys: `aws:RequestTag/…` and `aws:TagKeys`.

Services have written tags in a handful of ways: lists of Key and Value (or `key`, `value`, `TagKey`, `TagValue`), a map, and EC2's lists by
kind of resource. Untagging names keys alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_LISTS = (
    "Tags",
    "tags",
    "TagList",
    "tagList",
    "TagSet",
    "ResourceTags",
    "resourceTags",
    "AddTags",
    "tagsMap",
    "TagMap",
    "HostedZoneTags",
    "BackupPlanTags",
    "BackupVaultTags",
    "CertificateTags",
    "FlowTags",
    "FrameworkTags",
    "IdentityPoolTags",
    "RecoveryPointTags",
    "ReportPlanTags",
    "TagsList",
    "TagsToAdd",
    "TagsToUpdate",
    "TieringConfigurationTags",
    "UserPoolTags",
    "botTags",
    "customModelTags",
    "importedModelTags",
    "jobTags",
    "modelTags",
    "targetModelTags",
    "testSetTags",
)
_WITHIN = ("DistributionConfigWithTags", "StreamingDistributionConfigWithTags", "TagsModel")
"""Structures that have tags within."""
_SPECIFICATIONS = ("TagSpecifications", "TagSpecification", "tagSpecifications")
_KEYS = (
    "TagKeys",
    "tagKeys",
    "TagKeyList",
    "tagKeyList",
    "UntagKeys",
    "RemoveTagKeys",
    "TagsToDelete",
    "TagsToRemove",
)
_NAMES = frozenset((*_LISTS, *_SPECIFICATIONS, *_WITHIN, *_KEYS))
"""All members that may have to do with tags: most calls have none."""


def conditions(members: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The condition keys for the tags in an input."""
    if _NAMES.isdisjoint(members):
        return {}
    tags = dict(tags_of(members))
    return keys_for(tags, *(str(key) for name in _KEYS for key in _list(members.get(name))))


def keys_for(tags: Mapping[str, str], *more: str) -> dict[str, tuple[str, ...]]:
    """The condition keys for tags, and for keys of tags without values."""
    keys = (*tags, *more)
    if not keys:
        return {}
    found: dict[str, tuple[str, ...]] = {f"aws:RequestTag/{key}": (value,) for key, value in tags.items()}
    found["aws:TagKeys"] = tuple(dict.fromkeys(keys))
    return found


def by_kind(members: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """EC2's tags for what is being made, by the kind of resource they are for."""
    found: dict[str, dict[str, str]] = {}
    for name in _SPECIFICATIONS:
        for specification in _list(members.get(name)):
            if isinstance(specification, Mapping) and isinstance(specification.get("ResourceType"), str):
                tags = dict(_pairs(specification.get("Tags")))
                if tags:
                    found.setdefault(specification["ResourceType"], {}).update(tags)
    return found


def tags_of(members: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tags of an input, key and value."""
    if _NAMES.isdisjoint(members):
        return
    for name in _LISTS:
        yield from _pairs(members.get(name))
    for name in _WITHIN:
        structure = members.get(name)
        if isinstance(structure, Mapping):
            yield from _pairs(structure.get("Tags") or structure.get("tags"))
    for name in _SPECIFICATIONS:
        for specification in _list(members.get(name)):
            if isinstance(specification, Mapping):
                yield from _pairs(specification.get("Tags") or specification.get("tags"))


def _pairs(tags: Any) -> Iterator[tuple[str, str]]:
    if isinstance(tags, Mapping):
        if "Items" in tags:  # CloudFront
            yield from _pairs(tags["Items"])
            return
        for key, value in tags.items():
            if isinstance(value, str):
                yield str(key), value
        return
    for tag in _list(tags):
        if isinstance(tag, Mapping):
            key = tag.get("Key", tag.get("key", tag.get("TagKey", tag.get("tagKey"))))
            if isinstance(key, str):
                value = tag.get("Value", tag.get("value", tag.get("TagValue", tag.get("tagValue"))))
                yield key, "" if value is None else str(value)


def _list(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
