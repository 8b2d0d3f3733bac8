"""Condition operators, after the IAM user guide's "Condition operators", "Conditions with multiple context keys or values" and "Single-valued
vs. multivalued context keys". One key, `k`, unless said otherwise.
"""

from __future__ import annotations

import pytest
from tests.unit.policy.conftest import Applies

Values = str | list[str] | list[int] | list[bool] | int | bool | float

ARN = "arn:aws:sns:us-east-2:111122223333:topic"
SHORT, LONG = "203.0.113.0/24", "2001:DB8:1234:5678::/64"

# operator, the policy's values, the request's value, whether the condition holds
SINGLE: list[tuple[str, Values, str, bool]] = [
    ("StringEquals", "abc", "abc", True),
    ("StringEquals", "abc", "ABC", False),
    ("StringEquals", "abc", "abcd", False),
    ("StringEquals", "a*", "abc", False),
    ("StringEquals", "a*", "a*", True),
    ("StringEquals", "a?c", "abc", False),
    ("StringEquals", ["x", "abc"], "abc", True),
    ("StringEquals", "", "", True),
    ("StringEquals", "", "a", False),
    ("StringEquals", 5, "5", True),
    ("StringEquals", True, "true", True),
    ("StringNotEquals", "abc", "abc", False),
    ("StringNotEquals", "abc", "ABC", True),
    ("StringNotEquals", ["x", "abc"], "abc", False),
    ("StringNotEquals", ["x", "y"], "abc", True),
    ("StringEqualsIgnoreCase", "aBc", "AbC", True),
    ("StringEqualsIgnoreCase", "abc", "abd", False),
    ("StringEqualsIgnoreCase", ["x", "ABC"], "abc", True),
    ("StringEqualsIgnoreCase", "a*", "ABC", False),
    ("StringNotEqualsIgnoreCase", "aBc", "AbC", False),
    ("StringNotEqualsIgnoreCase", "abc", "abd", True),
    ("StringNotEqualsIgnoreCase", ["x", "ABC"], "abc", False),
    ("StringLike", "a*", "abc", True),
    ("StringLike", "a*", "Abc", False),
    ("StringLike", "a?c", "abc", True),
    ("StringLike", "a?c", "ac", False),
    ("StringLike", "*", "", True),
    ("StringLike", "?", "", False),
    ("StringLike", "", "", True),
    ("StringLike", "*b*", "abc", True),
    ("StringLike", ["x*", "*c"], "abc", True),
    ("StringLike", "home/*", "home/a/b", True),
    ("StringLike", "arn:aws:*:111122223333:finance/*", "arn:aws:s:us:999:store/abc:111122223333:finance/d", True),
    ("StringNotLike", "a*", "abc", False),
    ("StringNotLike", "a*", "bc", True),
    ("StringNotLike", ["x*", "a*"], "abc", False),
    ("NumericEquals", "10", "10", True),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "10", True),
    ("NumericEquals", 1.2, "1.2", True),
    ("NumericEquals", "10", "11", False),
    ("NumericEquals", "1e1", "10", True),
    ("NumericEquals", ["1", "10"], "10", True),
    ("NumericEquals", "10", "ten", False),
    ("NumericEquals", "ten", "ten", False),
    ("NumericEquals", "nan", "nan", False),
    ("NumericNotEquals", "10", "10.00", False),
    ("NumericNotEquals", "10", "11", True),
    ("NumericNotEquals", ["10", "11"], "11", False),
    ("NumericNotEquals", "10", "ten", True),
    ("NumericLessThan", "10", "9.99", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "-1", "-2", True),
    ("NumericLessThan", ["1", "10"], "5", True),
    ("NumericLessThan", "100000000000000000001", "100000000000000000000", True),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericLessThanEquals", "10", "10.1", False),
    ("NumericGreaterThan", "10", "10", False),
    ("NumericGreaterThan", "10", "10.1", True),
    ("NumericGreaterThan", "9", "10", True),
    ("NumericGreaterThan", "0", "inf", False),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericGreaterThanEquals", "10", "9", False),
    ("DateEquals", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z", True),
    ("DateEquals", "2024-02-29T12:00:00Z", "1709208000", True),
    ("DateEquals", "1709208000", "2024-02-29T12:00:00Z", True),
    ("DateEquals", "2024-02-29T13:00:00+01:00", "2024-02-29T12:00:00Z", True),
    ("DateEquals", "2024-02-29T07:00:00-05:00", "2024-02-29T12:00:00Z", True),
    ("DateEquals", "2024-02-29T12:00Z", "2024-02-29T12:00:00Z", True),
    ("DateEquals", "2024-02-29", "2024-02-29T00:00:00Z", True),
    ("DateEquals", "2024-02", "2024-02-01T00:00:00Z", True),
    ("DateEquals", "2024", "2024-01-01T00:00:00Z", True),
    ("DateEquals", "2024-02-29T12:00:00.500Z", "2024-02-29T12:00:00.5Z", True),
    ("DateEquals", "2024-02-29T12:00:00.500Z", "2024-02-29T12:00:00Z", False),
    ("DateNotEquals", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z", False),
    ("DateNotEquals", "2024-02-29T12:00:00Z", "2024-02-29T12:00:01Z", True),
    ("DateLessThan", "2024-03-01T00:00:00Z", "2024-02-29T23:59:59Z", True),
    ("DateLessThan", "2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z", False),
    ("DateLessThan", "2024-03-01T00:00:00Z", "soon", False),
    ("DateLessThanEquals", "2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z", True),
    ("DateLessThanEquals", "2024-03-01T00:00:00Z", "2024-03-01T00:00:01Z", False),
    ("DateGreaterThan", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01Z", False),
    ("DateGreaterThan", "2020-01-01T00:00:01Z", "2020-01-01T00:00:02Z", True),
    ("DateGreaterThan", "2024-01", "2024-06-01T00:00:00Z", True),
    ("DateGreaterThanEquals", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01Z", True),
    ("DateGreaterThanEquals", "2020-01-01T00:00:01Z", "2020-01-01T00:00:00Z", False),
    ("Bool", "true", "true", True),
    ("Bool", "true", "false", False),
    ("Bool", "false", "false", True),
    ("Bool", "TRUE", "true", True),
    ("Bool", "true", "True", True),
    ("Bool", True, "true", True),
    ("Bool", False, "true", False),
    ("Bool", ["true", "false"], "false", True),
    ("Bool", "true", "yes", False),
    ("Bool", "yes", "yes", False),
    ("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", True),
    ("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "BinaryValueInBase64", True),
    ("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "SomethingElse", False),
    ("BinaryEquals", "not base64!", "not base64!", False),
    ("IpAddress", SHORT, "203.0.113.7", True),
    ("IpAddress", SHORT, "203.0.113.0", True),
    ("IpAddress", SHORT, "203.0.113.255", True),
    ("IpAddress", SHORT, "203.0.114.1", False),
    ("IpAddress", "203.0.113.7", "203.0.113.7", True),
    ("IpAddress", "203.0.113.7", "203.0.113.8", False),
    ("IpAddress", "203.0.113.7/24", "203.0.113.99", True),
    ("IpAddress", "0.0.0.0/0", "8.8.8.8", True),
    ("IpAddress", "0.0.0.0/0", "::1", False),
    ("IpAddress", LONG, "2001:db8:1234:5678::1", True),
    ("IpAddress", LONG, "2001:DB8:1234:5678:FFFF:FFFF:FFFF:FFFF", True),
    ("IpAddress", LONG, "2001:db8:1234:5679::1", False),
    ("IpAddress", "2001:db8::1", "2001:0db8:0:0::1", True),
    ("IpAddress", "2001:db8::1", "2001:db8::2", False),
    ("IpAddress", [SHORT, LONG], "2001:db8:1234:5678::1", True),
    ("IpAddress", [SHORT, LONG], "203.0.113.1", True),
    ("IpAddress", [SHORT, LONG], "192.0.2.1", False),
    ("IpAddress", SHORT, "no address", False),
    ("IpAddress", "no network", "203.0.113.1", False),
    ("NotIpAddress", SHORT, "203.0.113.7", False),
    ("NotIpAddress", SHORT, "192.0.2.1", True),
    ("NotIpAddress", [SHORT, "192.0.2.0/24"], "192.0.2.1", False),
    ("NotIpAddress", [SHORT, "192.0.2.0/24"], "198.51.100.1", True),
    ("NotIpAddress", SHORT, "no address", True),
    ("ArnEquals", ARN, ARN, True),
    ("ArnEquals", ARN, ARN.upper(), False),
    ("ArnEquals", "arn:aws:sns:*:111122223333:*", ARN, True),
    ("ArnEquals", "arn:aws:sns:us-east-?:111122223333:topic", ARN, True),
    ("ArnEquals", "arn:aws:sns:us-west-2:111122223333:topic", ARN, False),
    ("ArnLike", "arn:aws:sns:*:*:*", ARN, True),
    ("ArnLike", "arn:*:*:*:*:*", ARN, True),
    ("ArnLike", "*", ARN, True),
    ("ArnLike", "*", "no arn", False),
    ("ArnLike", "arn:aws:sns:*", ARN, False),
    ("ArnLike", "arn:aws:sns", "arn:aws:sns", False),
    ("ArnEquals", "topic", "topic", False),
    ("ArnLike", "arn:aws:s:*:111122223333:finance/*", "arn:aws:s:us:999:store/abc:111122223333:finance/d", False),
    ("ArnLike", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a:b/c", True),
    ("ArnLike", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:role/path/name", True),
    ("ArnLike", ["arn:aws:sqs:*:*:*", "arn:aws:sns:*:*:*"], ARN, True),
    ("ArnNotEquals", ARN, ARN, False),
    ("ArnNotEquals", "arn:aws:sns:*:999999999999:*", ARN, True),
    ("ArnNotLike", "arn:aws:sns:*:*:*", ARN, False),
    ("ArnNotLike", ["arn:aws:sqs:*:*:*", "arn:aws:sns:*:*:*"], ARN, False),
    ("ArnNotLike", "arn:aws:sns:*:*:*", "no arn", True),
]


@pytest.mark.parametrize(("operator", "wanted", "given", "holds"), SINGLE)
def test_operator(applies: Applies, operator: str, wanted: Values, given: str, holds: bool) -> None:
    condition = {"Condition": {operator: {"k": wanted}}}
    assert applies(condition, context={"k": (given,)}) is holds


@pytest.mark.parametrize(("operator", "wanted", "given", "holds"), SINGLE)
def test_if_exists_changes_nothing_for_a_key_that_is_there(
    applies: Applies, operator: str, wanted: Values, given: str, holds: bool
) -> None:
    condition = {"Condition": {f"{operator}IfExists": {"k": wanted}}}
    assert applies(condition, context={"k": (given,)}) is holds


@pytest.mark.parametrize("quantifier", ["ForAllValues", "ForAnyValue"])
@pytest.mark.parametrize(("operator", "wanted", "given", "holds"), [case for case in SINGLE if case[2]])
def test_a_set_of_one_value_is_as_that_value(
    applies: Applies, quantifier: str, operator: str, wanted: Values, given: str, holds: bool
) -> None:
    condition = {"Condition": {f"{quantifier}:{operator}": {"k": wanted}}}
    assert applies(condition, context={"k": (given,)}) is holds


POSITIVE = {
    "StringEquals": "x",
    "StringEqualsIgnoreCase": "x",
    "StringLike": "x*",
    "NumericEquals": "1",
    "NumericLessThan": "1",
    "NumericLessThanEquals": "1",
    "NumericGreaterThan": "1",
    "NumericGreaterThanEquals": "1",
    "DateEquals": "2024-01-01",
    "DateLessThan": "2024-01-01",
    "DateLessThanEquals": "2024-01-01",
    "DateGreaterThan": "2024-01-01",
    "DateGreaterThanEquals": "2024-01-01",
    "Bool": "true",
    "BinaryEquals": "eA==",
    "IpAddress": "203.0.113.0/24",
    "ArnEquals": ARN,
    "ArnLike": ARN,
}
NEGATED = {
    "StringNotEquals": "x",
    "StringNotEqualsIgnoreCase": "x",
    "StringNotLike": "x*",
    "NumericNotEquals": "1",
    "DateNotEquals": "2024-01-01",
    "NotIpAddress": "203.0.113.0/24",
    "ArnNotEquals": ARN,
    "ArnNotLike": ARN,
}


@pytest.mark.parametrize("context", [{}, {"k": ()}], ids=["absent", "without values"])
@pytest.mark.parametrize(("operator", "wanted"), [*POSITIVE.items(), *NEGATED.items()])
def test_a_missing_key(applies: Applies, operator: str, wanted: str, context: dict[str, tuple[str, ...]]) -> None:
    def holds(name: str) -> bool:
        return applies({"Condition": {name: {"k": wanted}}}, context=context)

    assert holds(operator) is (operator in NEGATED)
    assert holds(f"{operator}IfExists")
    assert holds(f"ForAllValues:{operator}")
    assert holds(f"ForAllValues:{operator}IfExists")
    assert not holds(f"ForAnyValue:{operator}")
    assert not holds(f"ForAnyValue:{operator}IfExists")


# operator, the policy's values, the request's values, whether the condition holds
SETS = [
    ("ForAllValues:StringEquals", ["a", "b"], ("a",), True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
    ("ForAllValues:StringEquals", ["a", "b"], ("b", "a", "a"), True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "c"), False),
    ("ForAllValues:StringEquals", ["a", "b"], ("c",), False),
    ("ForAllValues:StringEquals", ["a", "b"], ("",), True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", ""), False),
    ("ForAllValues:StringLike", ["Post*", "Tags"], ("PostDateTime", "Tags"), True),
    ("ForAllValues:StringLike", ["Post*", "Tags"], ("PostDateTime", "UserName"), False),
    ("ForAllValues:StringNotEquals", ["a", "b"], ("c", "d"), True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ("c", "a"), False),
    ("ForAllValues:StringNotLike", ["secret*"], ("public", "open"), True),
    ("ForAllValues:StringNotLike", ["secret*"], ("public", "secret1"), False),
    ("ForAllValues:ArnLike", ["arn:aws:iam::*:role/*"], ("arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"), True),
    ("ForAllValues:NumericLessThan", ["10"], ("1", "9"), True),
    ("ForAllValues:NumericLessThan", ["10"], ("1", "11"), False),
    ("ForAllValues:Bool", ["true"], ("true", "true"), True),
    ("ForAllValues:Bool", ["true"], ("true", "false"), False),
    ("ForAllValues:IpAddress", ["203.0.113.0/24"], ("203.0.113.1", "203.0.113.2"), True),
    ("ForAnyValue:StringEquals", ["a", "b"], ("a", "c"), True),
    ("ForAnyValue:StringEquals", ["a", "b"], ("c", "d"), False),
    ("ForAnyValue:StringEquals", ["a", "b"], ("",), False),
    ("ForAnyValue:StringEquals", [""], ("",), False),
    ("ForAnyValue:StringLike", ["ID", "Post*"], ("UserName", "PostDateTime"), True),
    ("ForAnyValue:StringLike", ["ID", "Post*"], ("UserName",), False),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ("a", "c"), True),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ("a", "b"), False),
    ("ForAnyValue:StringNotLike", ["secret*"], ("secret1", "public"), True),
    ("ForAnyValue:ArnEquals", ["arn:aws:iam::*:role/a"], ("arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"), True),
    ("ForAnyValue:NumericGreaterThan", ["10"], ("1", "11"), True),
    ("ForAnyValue:DateLessThan", ["2024-01-01"], ("2025-01-01", "2023-01-01"), True),
    # "Multivalued context keys require a condition set operator": without one, several values match nothing, and none may where it is negated
    ("StringEquals", ["a"], ("a", "c"), False),
    ("StringEquals", ["a"], ("a", "a"), False),
    ("StringEquals", ["a", "c"], ("a", "c"), False),
    ("StringLike", ["*"], ("a", "c"), False),
    ("StringEqualsIfExists", ["a"], ("a", "c"), False),
    ("ArnLike", ["arn:aws:iam::*:role/*"], ("arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"), False),
    ("NumericLessThan", ["10"], ("1", "2"), False),
    ("Bool", ["true"], ("true", "true"), False),
    ("StringEquals", ["a"], ("a",), True),
    ("StringNotEquals", ["a"], ("a", "c"), False),
    ("StringNotEquals", ["a"], ("b", "c"), True),
    ("StringNotEqualsIfExists", ["a"], ("a", "c"), False),
]


@pytest.mark.parametrize(("operator", "wanted", "given", "holds"), SETS)
def test_set_operators(applies: Applies, operator: str, wanted: list[str], given: tuple[str, ...], holds: bool) -> None:
    assert applies({"Condition": {operator: {"k": wanted}}}, context={"k": given}) is holds


# what Null says, the request's values (None: no such key), whether the condition holds
NULLS = [
    ("true", None, True),
    ("true", (), True),
    ("true", ("",), True),
    ("true", ("x",), False),
    ("false", None, False),
    ("false", (), False),
    ("false", ("",), False),
    ("false", ("x",), True),
    ("false", ("x", "y"), True),
    (True, None, True),
    (False, ("x",), True),
    (["true", "false"], None, True),
    (["true", "false"], ("x",), True),
    ("maybe", None, False),
]


@pytest.mark.parametrize("operator", ["Null", "ForAllValues:Null", "ForAnyValue:Null"])
@pytest.mark.parametrize(("wanted", "given", "holds"), NULLS)
def test_null(applies: Applies, operator: str, wanted: Values, given: tuple[str, ...] | None, holds: bool) -> None:
    context = {} if given is None else {"k": given}
    assert applies({"Condition": {operator: {"k": wanted}}}, context=context) is holds


def test_null_guards_a_set_operator_against_a_missing_key(applies: Applies) -> None:
    condition = {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["env"]}, "Null": {"aws:TagKeys": "false"}}}
    assert applies(condition, context={"aws:TagKeys": ("env",)})
    assert not applies(condition, context={"aws:TagKeys": ("env", "other")})
    assert not applies(condition)


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("aws:SourceIp", "AWS:sourceip"),
        ("AWS:SOURCEIP", "aws:SourceIp"),
        ("aws:PrincipalTag/Team", "aws:PrincipalTag/Team"),
        ("aws:principaltag/team", "aws:PrincipalTag/Team"),
        ("aws:PrincipalTag/cost center", "aws:PrincipalTag/Cost Center"),
        ("s3:ExistingObjectTag/a:b", "s3:existingobjecttag/A:B"),
    ],
)
def test_key_names_have_no_case(applies: Applies, written: str, given: str) -> None:
    assert applies({"Condition": {"StringEquals": {written: "v"}}}, context={given: ("v",)})


def test_keys_and_operators_all_have_to_hold(applies: Applies) -> None:
    condition = {
        "Condition": {
            "StringEquals": {"aws:PrincipalTag/a": "1", "aws:PrincipalTag/b": ["2", "3"]},
            "StringNotEquals": {"aws:PrincipalTag/c": ["4", "5"]},
        }
    }
    good = {"aws:PrincipalTag/a": ("1",), "aws:PrincipalTag/b": ("3",), "aws:PrincipalTag/c": ("6",)}
    assert applies(condition, context=good)
    for key, bad in (("a", "2"), ("b", "4"), ("c", "5")):
        assert not applies(condition, context={**good, f"aws:PrincipalTag/{key}": (bad,)})
