"""Policy documents as IAM takes and gives them: checked when stored, compiled once, percent-encoded when shown."""

from __future__ import annotations

import urllib.parse
from functools import lru_cache

from podid.core.policy import (
    GROUP_POLICIES,
    MANAGED_POLICY,
    ROLE_POLICIES,
    TRUST_POLICY,
    USER_POLICIES,
    MalformedPolicy,
    Policy,
    PolicyKind,
    parse_policy,
    read_policy,
    size_of,
)
from podid.iam.errors import LimitExceeded, MalformedPolicyDocument

INLINE_QUOTAS = {"role": ROLE_POLICIES, "user": USER_POLICIES, "group": GROUP_POLICIES}
"""For all inline policies of one owner together."""

_COMPILED = 4096
"""Documents kept parsed and compiled. After a change of anything in IAM, only texts that are new are parsed again."""


def check(text: str, kind: PolicyKind) -> None:
    """Raises MalformedPolicyDocument, with IAM's own sentence, for what IAM would not store."""
    _check(text, kind, managed=False)


def check_managed(text: str) -> None:
    """The same for a managed policy; raises LimitExceeded where it is too large."""
    _check(text, PolicyKind.IDENTITY, managed=True)
    if size_of(text) > MANAGED_POLICY.limit:
        raise LimitExceeded(MANAGED_POLICY.message)


def check_trust_size(text: str) -> None:
    """Raises LimitExceeded for a trust policy that is too large."""
    if size_of(text) > TRUST_POLICY.limit:
        raise LimitExceeded(TRUST_POLICY.message)


@lru_cache(maxsize=_COMPILED)
def stored(text: str, kind: PolicyKind) -> Policy:
    """A document that was checked when it was stored, or that AWS stores. That one does not parse now would be our fault."""
    return read_policy(text, kind)


def shown(text: str) -> str:
    """A document as answers carry it: percent-encoded (RFC 3986)."""
    return urllib.parse.quote(text, safe="")


def _check(text: str, kind: PolicyKind, *, managed: bool) -> None:
    try:
        parse_policy(text, kind, managed=managed)
    except MalformedPolicy as problem:
        raise MalformedPolicyDocument(problem.message) from problem
