"""How long policies may be.

Source: the IAM user guide, "IAM and AWS STS quotas": "IAM doesn't count white space when calculating the size of a policy against these
quotas"; inline policies count together, per user, role or group. Exceeding a quota is `LimitExceeded`, not a malformed document.
"""

from __future__ import annotations

from msgspec import Struct

SESSION_POLICY = 2_048
"""Characters, white space included, of a session policy given in plain text (the STS API's own bound)."""


class SizeQuota(Struct, frozen=True):
    """A quota in characters without white space. `message` is IAM's, with `{}` for the name of the user, role or group."""

    limit: int
    message: str


MANAGED_POLICY = SizeQuota(6_144, "Cannot exceed quota for PolicySize: 6144")
TRUST_POLICY = SizeQuota(2_048, "Cannot exceed quota for ACLSizePerRole: 2048")
USER_POLICIES = SizeQuota(2_048, "Maximum policy size of 2048 bytes exceeded for user {}")
ROLE_POLICIES = SizeQuota(10_240, "Maximum policy size of 10240 bytes exceeded for role {}")
GROUP_POLICIES = SizeQuota(5_120, "Maximum policy size of 5120 bytes exceeded for group {}")


def size_of(text: str) -> int:
    """The characters of a policy that count against a quota."""
    return sum(map(len, text.split()))
