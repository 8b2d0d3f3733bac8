"""Policies that are only asked about: what IAM would not store is taken all the same, as long as it is plain what it says.

A list of no statements, which storing refuses, allows and denies nothing.
"""

from __future__ import annotations

from podid.core.policy import MalformedPolicy, Policy, PolicyKind, read_policy
from podid.core.policy.syntax import Document, NotJson, read_json


def read_asked(text: str, kind: PolicyKind) -> Policy:
    """The policy of a text, for questions of the kind "what if". Raises MalformedPolicy."""
    try:
        return read_policy(text, kind)
    except MalformedPolicy:
        if _says_nothing(text):
            return Policy(Document(statements=()), kind)
        raise


def _says_nothing(text: str) -> bool:
    """Whether this is a policy but for having no statement."""
    if len(text) > 1_000:  # an Id and a Version are not longer
        return False
    try:
        value = read_json(text)
    except NotJson:
        return False
    return isinstance(value, dict) and value.get("Statement") == [] and set(value) <= {"Version", "Id", "Statement"}
