"""What STS's operations need.

Nothing here: GetCallerIdentity and GetSessionToken need no permission, and the others are decided in the sts room, where the role and its
trust policy are known. What that room does not have is left to the reference.
"""

from __future__ import annotations

from collections.abc import Iterator

from podid.gateway.needs.need import Asked, Need, Rule


def _nothing(_asked: Asked) -> Iterator[Need]:
    return iter(())


RULES: dict[str, Rule] = dict.fromkeys(
    (
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "DecodeAuthorizationMessage",
        "GetAccessKeyInfo",
        "GetCallerIdentity",
        "GetFederationToken",
        "GetSessionToken",
    ),
    _nothing,
)
