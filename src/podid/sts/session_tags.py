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


class PassedTags(Struct, frozen=True, kw_only=True, gc=False):
    """The tags of a session that is about to be made."""

    own: dict[str, str]
    """Passed with the request."""
    tags: dict[str, str]
    """Transitive tags of the calling session, and its own."""
    transitive: frozenset[str]
    """Lower-cased keys that will travel on."""
    all_transitive: bool
    """Whether these are all keys."""
    size: int
    """Bytes of all keys and values in UTF-8."""

    def session(self) -> SessionTags:
        return SessionTags(self.tags, self.transitive)

    def context(self) -> dict[str, tuple[str, ...]]:
        """The condition keys of the request that passes them."""
        tags = self.tags
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
    own = dict(tags)
    keys = _facts_of(tuple(own))
    # Characters are allowed wherever they stand, so all values are looked through as one.
    values = "".join(own.values())
    if (
        not keys.legal
        or not _ALLOWED.fullmatch(values)
        or (len(values) > MAX_VALUE and max(map(len, own.values())) > MAX_VALUE)
    ):
        raise _illegal(own)
    if keys.reserved:
        raise InvalidParameterValue("Tag keys that begin with aws: are reserved for system use.")
    if len(keys.folded) < len(own):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    handed_down = calling.transitive
    if not handed_down.isdisjoint(keys.folded):
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
            "calling session."
        )
    wanted = _facts_of(tuple(transitive)).folded
    if not wanted <= keys.folded:
        raise ValidationError("The specified transitive tag key must be included in the requested tags.")
    size = keys.size + len(values.encode())
    if not handed_down:
        all_transitive = len(wanted) == len(keys.folded)
        return PassedTags(own=own, tags=own, transitive=wanted, all_transitive=all_transitive, size=size)
    inherited = {key: value for key, value in calling.tags.items() if key.lower() in handed_down}
    both, travelling = {**inherited, **own}, wanted | handed_down
    return PassedTags(
        own=own,
        tags=both,
        transitive=travelling,
        all_transitive=travelling == {key.lower() for key in both},
        size=size + len("".join([*inherited, *inherited.values()]).encode()),
    )


def _illegal(tags: Mapping[str, str]) -> ValidationError:
    """What the first tag that breaks the rules gets."""
    key = next(
        key
        for key, value in tags.items()
        if not _facts_of((key,)).legal or not _ALLOWED.fullmatch(value) or len(value) > MAX_VALUE
    )
    return ValidationError(f"The session tag {key[:MAX_KEY]!r} has characters or a length that tags may not have.")


class _Facts(Struct, frozen=True, gc=False):
    """What a request's keys alone decide."""

    legal: bool
    reserved: bool
    folded: frozenset[str]
    """Without regard to case."""
    size: int
    """Bytes in UTF-8, of legal keys."""


@lru_cache(1024)
def _facts_of(keys: tuple[str, ...]) -> _Facts:
    """Most requests have the six keys of EKS."""
    legal = all(0 < len(key) <= MAX_KEY and _ALLOWED.fullmatch(key) for key in keys)
    return _Facts(
        legal=legal,
        reserved=any(key[:4].lower() == "aws:" for key in keys),
        folded=frozenset(key.lower() for key in keys),
        size=len("".join(keys).encode()) if legal else 0,
    )


def principal_tags(resource: Mapping[str, str], session: Mapping[str, str]) -> dict[str, str]:
    """The tags of a session's principal: session tags beat tags of the role or user of the same key, in any case."""
    folded = {key.lower() for key in session}
    return {**{key: value for key, value in resource.items() if key.lower() not in folded}, **session}
