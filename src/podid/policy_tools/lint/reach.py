"""Statements that change nothing, because another statement of the policy says it all."""

from __future__ import annotations

from collections.abc import Iterator

from podid.core.policy.document import Patterns, Statement
from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.look import Look
from podid.policy_tools.lint.overlap import covers

_MOST_STATEMENTS = 100
_MOST_PATTERNS = 20_000


def check(look: Look) -> Iterator[Remark]:
    parts = look.parts[:_MOST_STATEMENTS]
    for part in parts:
        for other in parts:
            if other is part or not _says_it_all(other.statement, part.statement):
                continue
            if part.allows and not other.allows:
                yield Remark(
                    "unreachable",
                    part.path,
                    f"{part.name} allows nothing: {other.name} denies all of it",
                    "take one of them out",
                )
                break
            if part.allows is other.allows and (
                not _says_it_all(part.statement, other.statement) or other.statement.index < part.statement.index
            ):
                does = "allows" if part.allows else "denies"
                yield Remark("redundant", part.path, f"{other.name} {does} all that {part.name} {does}", "take it out")
                break


def _says_it_all(wide: Statement, narrow: Statement) -> bool:
    """Whether `wide` applies wherever `narrow` does. Conditions that are not the same, or none, are taken to differ."""
    if wide.conditions and sorted(map(repr, wide.conditions)) != sorted(map(repr, narrow.conditions)):
        return False
    return (
        _principals(wide, narrow)
        and _covers(_lowered(wide.actions), _lowered(narrow.actions))
        and _covers(wide.resources, narrow.resources)
    )


def _principals(wide: Statement, narrow: Statement) -> bool:
    if wide.principal is None:
        return narrow.principal is None
    if narrow.principal is None or wide.principal.negated or narrow.principal.negated:
        return wide.principal == narrow.principal
    named = set(wide.principal.entries)
    return bool(named & {("*", "*"), ("AWS", "*")}) or set(narrow.principal.entries) <= named


def _lowered(patterns: Patterns) -> Patterns:
    return Patterns(tuple(value.lower() for value in patterns.values), patterns.negated)


def _covers(wide: Patterns | None, narrow: Patterns | None) -> bool:
    if wide is None or (not wide.negated and "*" in wide.values):
        return True
    if narrow is None or wide.negated or narrow.negated:
        return narrow is not None and wide.negated == narrow.negated and set(wide.values) == set(narrow.values)
    if len(wide.values) * len(narrow.values) > _MOST_PATTERNS:
        return False
    return all(any(covers(one, other) for one in wide.values) for other in narrow.values)
