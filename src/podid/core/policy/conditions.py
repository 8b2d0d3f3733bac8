"""Conditions compiled: each test of a `Condition` becomes one function of the request, its operands typed beforehand.

Source: the IAM user guide, "Condition operators", "Multiple context keys or values", "Single-valued vs. multivalued context keys". The same
rules, in words, stand in `plain.py`; property tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable

from podid.core.policy import operands
from podid.core.policy.comparisons import Match, match_any
from podid.core.policy.document import ConditionTest
from podid.core.policy.facts import Facts
from podid.core.policy.operators import Comparison, Operator, operators

Test = Callable[[Facts], bool]


def compile_test(test: ConditionTest, *, variables: bool) -> Test:
    """The function of one key of one operator, which exists: no other is let in by the parser."""
    operator = operators()[test.operator]
    key = test.key.lower()
    if operator.comparison is Comparison.NULL:
        return _null(key, test.values)
    return _quantified(key, operator, match_any(operator.comparison, test.values, variables=variables))


def _null(key: str, values: tuple[str, ...]) -> Test:
    wanted = frozenset(operands.boolean(value) for value in values)
    return lambda facts: is_null_set(facts.values(key)) in wanted


def _quantified(key: str, operator: Operator, match: Match) -> Test:
    if operator.quantifier == "all":
        return _for_all(key, match, negated=operator.negated)
    if operator.quantifier == "any":
        return _for_any(key, match, negated=operator.negated)
    return _single(key, match, negated=operator.negated, missing=operator.negated or operator.if_exists)


def _single(key: str, match: Match, *, negated: bool, missing: bool) -> Test:
    """The key is taken to have one value. "Multivalued context keys require a condition set operator": several never match.

    A negated operator asks more of them: none may match.
    """

    def test(facts: Facts) -> bool:
        values = facts.values(key)
        if values is None:
            return missing
        if len(values) == 1:
            return match(values[0], facts) is not negated
        return negated and not any(match(value, facts) for value in values)

    return test


def is_null_set(values: tuple[str, ...] | None) -> bool:
    """Whether set operators and `Null` see no values: the key is absent, or "resolves to a null dataset, such as an empty string".

    For all other operators the empty string is a value like any other: `"s3:prefix": ""` matches the listing of a whole bucket.
    """
    return values is None or not any(values)


def _for_all(key: str, match: Match, *, negated: bool) -> Test:
    def test(facts: Facts) -> bool:
        values = facts.values(key)
        if is_null_set(values):
            return True
        return all(match(value, facts) is not negated for value in values or ())

    return test


def _for_any(key: str, match: Match, *, negated: bool) -> Test:
    """A missing key has no value that could match, and `IfExists` does not change that."""

    def test(facts: Facts) -> bool:
        values = facts.values(key)
        if values is None or is_null_set(values):
            return False
        return any(match(value, facts) is not negated for value in values)

    return test
