"""The condition operators by name.

Source: the IAM user guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Literal

from msgspec import Struct


class Comparison(Enum):
    """How one value of the request is held against one of the policy. A negated operator denies its comparison."""

    STRING_EQUALS = "StringEquals"
    STRING_EQUALS_IGNORE_CASE = "StringEqualsIgnoreCase"
    STRING_LIKE = "StringLike"
    NUMERIC_EQUALS = "NumericEquals"
    NUMERIC_LESS_THAN = "NumericLessThan"
    NUMERIC_LESS_THAN_EQUALS = "NumericLessThanEquals"
    NUMERIC_GREATER_THAN = "NumericGreaterThan"
    NUMERIC_GREATER_THAN_EQUALS = "NumericGreaterThanEquals"
    DATE_EQUALS = "DateEquals"
    DATE_LESS_THAN = "DateLessThan"
    DATE_LESS_THAN_EQUALS = "DateLessThanEquals"
    DATE_GREATER_THAN = "DateGreaterThan"
    DATE_GREATER_THAN_EQUALS = "DateGreaterThanEquals"
    BOOL = "Bool"
    BINARY_EQUALS = "BinaryEquals"
    IP_ADDRESS = "IpAddress"
    ARN_LIKE = "ArnLike"
    NULL = "Null"


_POSITIVE = {comparison.value: comparison for comparison in Comparison} | {"ArnEquals": Comparison.ARN_LIKE}
_NEGATED = {
    "StringNotEquals": Comparison.STRING_EQUALS,
    "StringNotEqualsIgnoreCase": Comparison.STRING_EQUALS_IGNORE_CASE,
    "StringNotLike": Comparison.STRING_LIKE,
    "NumericNotEquals": Comparison.NUMERIC_EQUALS,
    "DateNotEquals": Comparison.DATE_EQUALS,
    "NotIpAddress": Comparison.IP_ADDRESS,
    "ArnNotEquals": Comparison.ARN_LIKE,
    "ArnNotLike": Comparison.ARN_LIKE,
}

_PREFIXES: dict[str, Literal["all", "any"]] = {"ForAllValues:": "all", "ForAnyValue:": "any"}
_SUFFIX = "IfExists"

WITH_VARIABLES = frozenset(
    {
        Comparison.STRING_EQUALS,
        Comparison.STRING_EQUALS_IGNORE_CASE,
        Comparison.STRING_LIKE,
        Comparison.ARN_LIKE,
        Comparison.BOOL,
    }
)
"""The comparisons whose operands may hold policy variables.

The page on operators says so of Bool, the page on variables denies it; where neither is followed by IAM, nothing is granted by it, as a
variable's text is no boolean.
"""

WITH_WILDCARDS = frozenset({Comparison.STRING_LIKE, Comparison.ARN_LIKE})
"""The comparisons in whose operands `*` and `?` are wildcards."""


class Operator(Struct, frozen=True):
    """An operator taken apart. `quantifier` is None where the key is taken to have one value.

    `if_exists` tells whether it matches for its suffix where the key is missing. With `ForAnyValue` it does not: "the condition returns false" where
    there is no such key, and IAM heeds that first.
    """

    comparison: Comparison
    negated: bool = False
    quantifier: Literal["all", "any"] | None = None
    if_exists: bool = False


@cache
def operators() -> dict[str, Operator]:
    """Every operator that IAM knows, by its full name, prefixes and suffixes included. Names are written exactly so."""
    found: dict[str, Operator] = {}
    for negated, table in ((False, _POSITIVE), (True, _NEGATED)):
        for name, comparison in table.items():
            for prefix, quantifier in (("", None), *_PREFIXES.items()):
                found[prefix + name] = Operator(comparison, negated, quantifier, False)
                if comparison is not Comparison.NULL:  # "IfExists can be added to any operator except Null"
                    found[prefix + name + _SUFFIX] = Operator(comparison, negated, quantifier, quantifier != "any")
    return found


@cache
def spellings() -> dict[str, str]:
    """Every operator's name by its name in lower case."""
    return {name.lower(): name for name in operators()}
