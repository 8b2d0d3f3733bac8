"""What stands beside the members of a case: people note there what they like, and it bears on nothing.

But a member that is misspelt, or that holds a policy under another tool's name, would be left out of the answer without a word: it is an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from typing import Any

from podid.policy_tools.cases.problem import BadCase, quoted

_LIKE = 0.86
_MOST = 100
_LONGEST = 40
"""Characters of a name: no longer one is like a member's."""


def refuse_what_bears(members: Mapping[str, Any], known: Set[str], what: str) -> None:
    """Raise BadCase where a member that is not known looks as if it was meant to bear on the answer. Empty ones cannot.

    A hundred notes are enough: each is held against every member.
    """
    notes = members.keys() - known
    if len(notes) > _MOST:
        raise BadCase(f"{what}: more than {_MOST} members that are not known")
    for name in notes:
        value = members[name]
        if value not in (None, "", [], {}) and (
            _holds_policy(value) or (len(name) <= _LONGEST and _is_like(name, frozenset(known - {"id"})))
        ):
            raise BadCase(f"{what}: unknown member {quoted(name)}")


def _holds_policy(value: Any) -> bool:
    """Whether a policy stands anywhere in a value, as an object or as a text."""
    left = [value]  # not by calling itself: a note may be nested as deep as JSON goes
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if "Statement" in value:
                return True
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and value.lstrip().startswith("{") and '"Statement"' in value:
            return True
    return False


@lru_cache(maxsize=1000)
def _is_like(name: str, known: Iterable[str]) -> bool:
    return bool(difflib.get_close_matches(name, known, n=1, cutoff=_LIKE))
