"""From a policy's text to a `Policy`, or to AWS's refusal of it."""

from __future__ import annotations

from podid.core.policy.document import PolicyKind
from podid.core.policy.malformed import MalformedPolicy
from podid.core.policy.policy import Policy
from podid.core.policy.reading import Source, read_document
from podid.core.policy.rules import check, check_resources

LONGEST_STORED = 131_072
"""Characters: the most that IAM's API takes for any policy document. Every kind of policy has a lower quota of its own (`sizes.py`)."""
LONGEST_READ = 262_144
"""Characters: AWS's own policies are longer than what it takes from others; the longest has 152 000."""

_NO_LEADING_SPACES = {
    PolicyKind.IDENTITY: "The policy failed legacy parsing",
    PolicyKind.BOUNDARY: "The policy failed legacy parsing",
    PolicyKind.TRUST: "JSON strings must not have leading spaces",
}
"""IAM's answers to a document that begins with a blank; a line break there it is not known to refuse."""


def parse_policy(text: str, kind: PolicyKind = PolicyKind.IDENTITY, *, managed: bool = False) -> Policy:
    """Read a policy that is to be stored: what AWS refuses to store as a policy of this kind is refused.

    `managed` says that it is to be a managed policy, which must have Version 2012-10-17. Whether the principals it names exist is for the
    caller to find out (`Policy.principals`). Raises MalformedPolicy.
    """
    source = _bounded(text, LONGEST_STORED)
    if text[:1] in (" ", "\t") and kind in _NO_LEADING_SPACES:
        raise MalformedPolicy(_NO_LEADING_SPACES[kind], hint="expected '{' as the first character")
    document = read_document(source, kind)
    check(source, document, kind, managed=managed)
    return Policy(document, kind)


def read_policy(text: str, kind: PolicyKind = PolicyKind.IDENTITY) -> Policy:
    """Read a policy that is only to be evaluated: whatever has the form of a policy is taken.

    For policies that somebody else stores, and for questions of the kind "what if". Elements that do not belong to this kind are kept and
    count: a `Resource` in a trust policy has to match. But a statement without one is taken only where the policy hangs on what it is about
    (a resource, a role): anywhere else it would say something about every resource, which nobody wrote. Raises MalformedPolicy.
    """
    source = _bounded(text, LONGEST_READ)
    document = read_document(source, kind, lenient=True)
    check_resources(source, document, kind)
    return Policy(document, kind)


def _bounded(text: str, longest: int) -> Source:
    if len(text) > longest:
        raise MalformedPolicy("Syntax errors in policy.", hint=f"longer than {longest} characters")
    return Source(text)
