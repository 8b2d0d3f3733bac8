"""Statements that change nothing, because another statement of the policy says it all."""

from __future__ import annotations

from collections.abc import Iterator

from podid.core.policy.syntax import Patterns, Statement, is_incomplete
from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.look import Look
from podid.policy_tools.lint.overlap import covers, head_of

_MOST_STEPS = 5_000_000
"""Of comparing patterns in one policy; the policies that people write take some thousands."""


def check(look: Look) -> Iterator[Remark]:
    compare = _Comparison()
    for part in look.parts:
        for other in look.parts:
            if other is part or not compare.says_it_all(other.statement, part.statement):
                continue
            if part.allows and not other.allows:
                message = f"{part.name} allows nothing: {other.name} denies all of it"
                yield Remark("unreachable", part.path, message, "take one of them out")
                break
            if part.allows is other.allows and (
                other.statement.index < part.statement.index or not compare.says_it_all(part.statement, other.statement)
            ):
                does = "allows" if part.allows else "denies"
                yield Remark("redundant", part.path, f"{other.name} {does} all that {part.name} {does}", "take it out")
                break


class _Comparison:
    """Compares statements until it has compared too much: then it knows nothing any more."""

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def says_it_all(self, wide: Statement, narrow: Statement) -> bool:
        """Whether `wide` applies wherever `narrow` does. Conditions that are not the same, or none, are taken to differ."""
        return (
            (not wide.conditions or sorted(map(repr, wide.conditions)) == sorted(map(repr, narrow.conditions)))
            and _principals(wide, narrow)
            and self._covers(_lowered(wide.actions), _lowered(narrow.actions))
            and self._covers(wide.resources, narrow.resources, segments=True)
        )

    def _covers(self, wide: Patterns | None, narrow: Patterns | None, *, segments: bool = False) -> bool:
        if wide is None or (not wide.negated and "*" in wide.values):
            return True
        if narrow is None or wide.negated or narrow.negated:
            return narrow is not None and wide.negated == narrow.negated and set(wide.values) == set(narrow.values)
        exactly = frozenset(wide.values)
        return all(other in exactly or self._covered(other, wide.values, segments) for other in narrow.values)

    def _covered(self, narrow: str, wide: tuple[str, ...], segments: bool) -> bool:
        incomplete = segments and is_incomplete(narrow)
        for one in wide:
            if incomplete and not one.endswith("*"):
                continue  # narrow may be completed with fields of which `one` knows nothing
            self._left -= 1
            if narrow.startswith(head_of(one)) and ("*" in one or "?" in one):
                self._left -= len(one) * len(narrow)
                if self._left < 0:
                    return False
                if covers(one, narrow, segments=segments):
                    return True
        return False


def _principals(wide: Statement, narrow: Statement) -> bool:
    if wide.principal is None:
        return narrow.principal is None
    if narrow.principal is None or wide.principal.negated or narrow.principal.negated:
        return wide.principal == narrow.principal
    named = set(wide.principal.entries)
    return bool(named & {("*", "*"), ("AWS", "*")}) or set(narrow.principal.entries) <= named


def _lowered(patterns: Patterns) -> Patterns:
    return Patterns(tuple(value.lower() for value in patterns.values), patterns.negated)
