"""A request for a role session: its members, the form they must have, and the condition keys they make."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime

from msgspec import Struct

from podid.core.sigv4 import Credentials
from podid.iam import Role
from podid.sts.errors import ValidationError
from podid.sts.session_tags import PassedTags

MIN_DURATION = 900
MAX_DURATION = 43_200
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SOURCE_IDENTITY = re.compile(r"[\w+=,.@-]{2,256}", re.ASCII)
_PATTERN = "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
_OWN_KEYS = ("sts:", "aws:requesttag/", "aws:tagkeys", "aws:resourcetag/", "iam:resourcetag/")

Context = Mapping[str, tuple[str, ...]]


class Wish(Struct, frozen=True, kw_only=True, gc=False):
    """What a caller asks for. `duration` in seconds."""

    role_arn: str
    session_name: str
    duration: int
    tags: Mapping[str, str] = {}
    transitive: Collection[str] = ()
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    external_id: str = ""
    source_identity: str = ""
    token_size: int = 0
    """Characters that the session token must have at least."""

    def check(self) -> None:
        """What the service model says of the members; podid's own callers do not pass through its reader. Raises ValidationError."""
        if not MIN_DURATION <= self.duration <= MAX_DURATION:
            limit = f"Member must have value between {MIN_DURATION} and {MAX_DURATION}"
            raise _refused(self.duration, "durationSeconds", limit)
        if not _NAME.fullmatch(self.session_name):
            raise _refused(self.session_name, "roleSessionName", _PATTERN)
        if self.source_identity and (
            not _SOURCE_IDENTITY.fullmatch(self.source_identity) or self.source_identity[:4].lower() == "aws:"
        ):
            raise _refused(self.source_identity, "sourceIdentity", _PATTERN)

    def context(
        self, given: Context, role: Role, passed: PassedTags, source_identity: str
    ) -> dict[str, tuple[str, ...]]:
        """The condition keys of the request: those of the call, and those that only STS can say, whatever the call claims of them."""
        keys = {key: values for key, values in given.items() if not key.lower().startswith(_OWN_KEYS)}
        keys["sts:RoleSessionName"] = (self.session_name,)
        keys.update(passed.context())
        if self.external_id:
            keys["sts:ExternalId"] = (self.external_id,)
        if source_identity:
            keys["sts:SourceIdentity"] = (source_identity,)
        for key, value in role.tags.items():
            keys[f"aws:ResourceTag/{key}"] = (value,)
            keys[f"iam:ResourceTag/{key}"] = (value,)
        return keys


class IssuedSession(Struct, frozen=True, kw_only=True, gc=False):
    """A role session that was made."""

    credentials: Credentials
    expiration: datetime
    assumed_role_arn: str
    assumed_role_id: str
    """AROA…:SESSION."""
    role_arn: str
    packed_policy_size: int | None
    """Percent; None where neither policies nor tags were passed."""
    source_identity: str = ""


def _refused(value: object, member: str, constraint: str) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{str(value)[:300]}' at '{member}' failed to satisfy constraint: {constraint}"
    )
