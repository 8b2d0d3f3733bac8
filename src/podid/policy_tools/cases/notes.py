"""What stands beside the members of a case: people note there what they like, and it bears on nothing.

But a member that is misspelt, or that holds a policy under another tool's name, would be left out of the answer without a word: it is an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from typing import Any

from podid.policy_tools.cases.problem import BadCase, quoted

_LIKE = 0.8


def refuse_what_bears(members: Mapping[str, Any], known: Set[str], what: str) -> None:
    """Raise BadCase where a member that is not known looks as if it was meant to bear on the answer. Empty ones cannot."""
    for name in members.keys() - known:
        value = members[name]
        if value not in (None, "", [], {}) and (_holds_policy(value) or _is_like(name, frozenset(known))):
            raise BadCase(f"{what}: unknown member {quoted(name)}")


def _holds_policy(value: Any) -> bool:
    if isinstance(value, dict):
        return "Statement" in value or any(map(_holds_policy, value.values()))
    if isinstance(value, list):
        return any(map(_holds_policy, value))
    return isinstance(value, str) and value.lstrip().startswith("{") and '"Statement"' in value


@lru_cache(maxsize=1000)
def _is_like(name: str, known: Iterable[str]) -> bool:
    return bool(difflib.get_close_matches(name, known, n=1, cutoff=_LIKE))
