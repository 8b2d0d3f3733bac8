"""The rules of session tags: what may be passed, and what a session inherits from the one before.

Source: IAM user guide, "Pass session tags in AWS STS" and "Chaining roles with session tags"; the STS API's AssumeRole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from podid.core.caller import SessionTags
from podid.sts.errors import InvalidParameterValue, ValidationError

MAX_TAGS = 50
MAX_KEY = 128
MAX_VALUE = 256
_ALLOWED = re.compile(r"[\w\s_.:/=+\-@]*")


class PassedTags(Struct, frozen=True, kw_only=True):
    """The tags of a session that is about to be made."""

    own: dict[str, str]
    """Passed with the request."""
    inherited: dict[str, str]
    """Transitive tags of the calling session."""
    transitive: frozenset[str]
    """Lower-cased keys that will travel on."""

    def all(self) -> dict[str, str]:
        return {**self.inherited, **self.own}

    def session(self) -> SessionTags:
        return SessionTags(self.all(), self.transitive)

    def context(self) -> dict[str, tuple[str, ...]]:
        """The condition keys of the request that passes them."""
        tags = self.all()
        keys: dict[str, tuple[str, ...]] = {f"aws:RequestTag/{key}": (value,) for key, value in tags.items()}
        if tags:
            keys["aws:TagKeys"] = tuple(tags)
        if self.transitive:
            keys["sts:TransitiveTagKeys"] = tuple(key for key in tags if key.lower() in self.transitive)
        return keys


def read_wire_tags(tags: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """The tags of a request. Raises InvalidParameterValue for keys that differ in case only."""
    read: dict[str, str] = {}
    for tag in tags or ():
        key = str(tag["Key"])
        if key.lower() in {other.lower() for other in read}:
            raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        read[key] = str(tag["Value"])
    return read


def pass_tags(tags: Mapping[str, str], transitive: Collection[str], calling: SessionTags) -> PassedTags:
    """Check what a request passes against what its caller's session hands down.

    Raises ValidationError for tags that break the rules, and InvalidParameterValue where one would override an inherited tag.
    """
    if len(tags) > MAX_TAGS:
        raise ValidationError(f"{len(tags)} session tags were passed; a request may pass {MAX_TAGS}.")
    keys = tuple(tags)
    # Characters are allowed wherever they stand, so all values are looked through as one.
    values = tags.values()
    if not _are_legal(keys) or not _ALLOWED.fullmatch("".join(values)) or max(map(len, values), default=0) > MAX_VALUE:
        for key, value in tags.items():
            if not _are_legal((key,)) or not _ALLOWED.fullmatch(value) or len(value) > MAX_VALUE:
                raise ValidationError(
                    f"The session tag {key[:MAX_KEY]!r} has characters or a length that tags may not have."
                )
    folded = _folded(keys)
    if _are_reserved(keys):
        raise InvalidParameterValue("Tag keys that begin with aws: are reserved for system use.")
    if len(folded) < len(tags):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    inherited = {}
    if calling.transitive:
        inherited = {key: value for key, value in calling.tags.items() if key.lower() in calling.transitive}
    if folded & calling.transitive:
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
            "calling session."
        )
    wanted = _folded(tuple(transitive))
    if not wanted <= folded:
        raise ValidationError("The specified transitive tag key must be included in the requested tags.")
    return PassedTags(own=dict(tags), inherited=inherited, transitive=frozenset(wanted | calling.transitive))


@lru_cache(1024)
def _are_legal(keys: tuple[str, ...]) -> bool:
    return all(0 < len(key) <= MAX_KEY and _ALLOWED.fullmatch(key) for key in keys)


@lru_cache(1024)
def _are_reserved(keys: tuple[str, ...]) -> bool:
    return any(key[:4].lower() == "aws:" for key in keys)


@lru_cache(1024)
def _folded(keys: tuple[str, ...]) -> frozenset[str]:
    """Keys without regard to case. Most requests have the six of EKS."""
    return frozenset(key.lower() for key in keys)


def principal_tags(resource: Mapping[str, str], session: Mapping[str, str]) -> dict[str, str]:
    """The tags of a session's principal: session tags beat tags of the role or user of the same key, in any case."""
    folded = {key.lower() for key in session}
    return {**{key: value for key, value in resource.items() if key.lower() not in folded}, **session}
