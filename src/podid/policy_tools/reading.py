"""Policies that are only asked about: what IAM would not store is taken all the same, as long as it is plain what it says.

Two things are settled here that storing settles by refusing. A list of no statements allows and denies nothing. A statement that names no
resources is refused where its policy hangs on a principal, as it would otherwise say something about every resource; in a policy that hangs on
a resource or a role it is about that one.
"""

from __future__ import annotations

from podid.core.policy import MalformedPolicy, Policy, PolicyKind, read_policy
from podid.core.policy.document import Document
from podid.core.policy.json_text import NotJson, place_of, position_of, read_json

_OF_ONE_RESOURCE = (PolicyKind.RESOURCE, PolicyKind.TRUST)


def read_asked(text: str, kind: PolicyKind) -> Policy:
    """The policy of a text, for questions of the kind "what if". Raises MalformedPolicy."""
    try:
        policy = read_policy(text, kind)
    except MalformedPolicy:
        if _says_nothing(text):
            return Policy(Document(statements=()), kind)
        raise
    if kind not in _OF_ONE_RESOURCE:
        for statement in policy.document.statements:
            if statement.resources is None:
                offset = place_of(text, ("Statement", statement.index))
                message = "Policy statement must contain resources."
                raise MalformedPolicy(message, position_of(text, offset), "expected a Resource or a NotResource")
    return policy


def _says_nothing(text: str) -> bool:
    """Whether this is a policy but for having no statement."""
    if len(text) > 1_000:  # an Id and a Version are not longer
        return False
    try:
        value = read_json(text)
    except NotJson:
        return False
    return isinstance(value, dict) and value.get("Statement") == [] and set(value) <= {"Version", "Id", "Statement"}
