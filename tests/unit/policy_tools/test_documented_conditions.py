"""Condition operators as AWS documents them, asked through lines of JSON.

Source: the IAM user guide, "Condition operators", "Conditions with multiple context keys or values", "Single-valued vs. multivalued context
keys"; the W3C note on date and time formats; RFC 4632 and RFC 4291 for address blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Holds = Callable[..., bool]
ABSENT = object()

# operator, values of the policy, value of the request, whether it matches. The negated operator answers the opposite.
MATCHING: list[tuple[str, Any, Any, bool]] = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", ["b", "a"], "a", True),
    ("StringEquals", "a*", "abc", False),
    ("StringEquals", "a*", "a*", True),
    ("StringEquals", "", "", True),
    ("StringEquals", "true", True, True),
    ("StringEquals", "5", 5, True),
    ("StringEquals", 5, "5", True),
    ("StringEquals", "a ", "a", False),
    ("StringEqualsIgnoreCase", "a", "A", True),
    ("StringEqualsIgnoreCase", "ab", "A", False),
    ("StringEqualsIgnoreCase", ["x", "QUEUE"], "Queue", True),
    ("StringLike", "a*", "abc", True),
    ("StringLike", "a*", "Abc", False),
    ("StringLike", "a?c", "abc", True),
    ("StringLike", "a?c", "ac", False),
    ("StringLike", "abc", "ab", False),
    ("StringLike", "*", "", True),
    ("StringLike", ["", "home/", "home/jane/*"], "home/jane/x", True),
    ("StringLike", ["", "home/", "home/jane/*"], "", True),
    ("StringLike", ["", "home/", "home/jane/*"], "home/john/x", False),
    ("NumericEquals", "5", 5, True),
    ("NumericEquals", 5, "5.0", True),
    ("NumericEquals", "5", 6, False),
    ("NumericEquals", ["4", "6"], 6, True),
    ("NumericEquals", "-1", -1, True),
    ("NumericEquals", "5", "five", False),
    ("DateEquals", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z", True),
    ("DateEquals", "2024-02-29T12:00:00Z", "2024-02-29T13:00:00+01:00", True),
    ("DateEquals", "2024-02-29", "2024-02-29T00:00:00Z", True),
    ("DateEquals", "2024-02-29T12:00:00Z", "1709208000", True),
    ("DateEquals", "1709208000", 1709208000, True),
    ("DateEquals", "2024-02-29T12:00:00Z", "2024-02-29T12:00:01Z", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.0", True),
    ("IpAddress", "203.0.113.0/24", "203.0.113.255", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.0", False),
    ("IpAddress", "203.0.113.7", "203.0.113.7", True),
    ("IpAddress", "203.0.113.7", "203.0.113.8", False),
    ("IpAddress", "0.0.0.0/0", "8.8.8.8", True),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", True),
    ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5679::1", False),
    ("IpAddress", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "2001:db8:1234:5678:0:0:0:9", True),
    ("IpAddress", "203.0.113.0/24", "not an address", False),
    ("ArnEquals", "arn:aws:sns:us-east-1:1:t", "arn:aws:sns:us-east-1:1:t", True),
    ("ArnEquals", "arn:aws:sns:us-east-1:1:t", "arn:aws:sns:us-east-1:1:T", False),
    ("ArnEquals", "arn:aws:sns:*:1:t*", "arn:aws:sns:eu-west-1:1:topic", True),
    ("ArnLike", "arn:aws:sns:*:1:t", "arn:aws:sns:us-east-1:1:t", True),
    ("ArnLike", "arn:aws:sns:us-east-?:1:t", "arn:aws:sns:us-east-1:1:t", True),
    # "each of the six colon-delimited components is checked separately"
    (
        "ArnLike",
        "arn:aws:someservice:*:111122223333:finance/*",
        "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
        False,
    ),
    (
        "StringLike",
        "arn:aws:someservice:*:111122223333:finance/*",
        "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
        True,
    ),
    ("ArnLike", "arn:aws:lambda:*:*:function:f", "arn:aws:lambda:us-east-1:1:function:f", True),
    ("ArnLike", "arn:aws:lambda:*:*:function:*", "arn:aws:lambda:us-east-1:1:function:f:1", True),
    ("ArnLike", "arn:aws:sns:*", "arn:aws:sns:us-east-1:1:t", False),
    ("ArnLike", "arn:aws:sns:us-east-1:1:t", "t", False),
]
NEGATED = {
    "StringEquals": ["StringNotEquals"],
    "StringEqualsIgnoreCase": ["StringNotEqualsIgnoreCase"],
    "StringLike": ["StringNotLike"],
    "NumericEquals": ["NumericNotEquals"],
    "DateEquals": ["DateNotEquals"],
    "IpAddress": ["NotIpAddress"],
    "ArnEquals": ["ArnNotEquals", "ArnNotLike"],
    "ArnLike": ["ArnNotEquals", "ArnNotLike"],
}
SAME = {"ArnEquals": "ArnLike", "ArnLike": "ArnEquals"}


@pytest.mark.parametrize(("operator", "values", "given", "expected"), MATCHING)
def test_matching_and_its_negation(holds: Holds, operator: str, values: Any, given: Any, expected: bool) -> None:
    context = {"x:Key": given}
    for name in (operator, SAME.get(operator, operator), f"{operator}IfExists"):
        assert holds({"Condition": {name: {"x:key": values}}}, context=context) is expected
    for name in NEGATED[operator]:
        assert holds({"Condition": {name: {"X:KEY": values}}}, context=context) is not expected
        assert holds({"Condition": {f"{name}IfExists": {"x:key": values}}}, context=context) is not expected


ORDERED: list[tuple[str, str, Any, str]] = [
    ("Numeric", "10", 9, "<"),
    ("Numeric", "10", 10, "="),
    ("Numeric", "10", "10.0", "="),
    ("Numeric", "10", 10.5, ">"),
    ("Numeric", "9", "10", ">"),
    ("Numeric", "-5", "-6", "<"),
    ("Numeric", "10", "ten", ""),
    ("Date", "2020-01-01T00:00:01Z", "2020-01-01T00:00:00Z", "<"),
    ("Date", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01Z", "="),
    ("Date", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01.500Z", ">"),
    ("Date", "2020-01-01", "2019-12-31T23:59:59Z", "<"),
    ("Date", "2020-01-01T00:00:00Z", "1577836801", ">"),
    ("Date", "1577836800", "2020-01-01T00:00:00Z", "="),
    ("Date", "2020-01-01T00:00:00-05:00", "2020-01-01T00:00:00Z", "<"),
    ("Date", "2020-01-01T00:00:00Z", "yesterday", ""),
]


@pytest.mark.parametrize(("kind", "wanted", "given", "order"), ORDERED)
def test_order(holds: Holds, kind: str, wanted: str, given: Any, order: str) -> None:
    for operator, orders in (
        ("LessThan", "<"),
        ("LessThanEquals", "<="),
        ("GreaterThan", ">"),
        ("GreaterThanEquals", ">="),
        ("Equals", "="),
    ):
        condition = {f"{kind}{operator}": {"x:key": wanted}}
        assert holds({"Condition": condition}, context={"x:key": given}) is (bool(order) and order in orders)


BOOLEANS: list[tuple[Any, Any, bool]] = [
    ("true", "true", True),
    ("true", True, True),
    (True, "true", True),
    ("false", False, True),
    ("true", "false", False),
    ("True", "TRUE", True),
    ("true", "yes", False),
    (["true", "false"], "false", True),
]


@pytest.mark.parametrize(("wanted", "given", "expected"), BOOLEANS)
def test_bool(holds: Holds, wanted: Any, given: Any, expected: bool) -> None:
    assert (
        holds({"Condition": {"Bool": {"aws:SecureTransport": wanted}}}, context={"aws:SecureTransport": given})
        is expected
    )


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        ("QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", True),
        ("QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NQ==", False),
    ],
)
def test_binary(holds: Holds, wanted: str, given: str, expected: bool) -> None:
    assert holds({"Condition": {"BinaryEquals": {"x:key": wanted}}}, context={"x:key": given}) is expected


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        ("true", ABSENT, True),
        ("false", ABSENT, False),
        ("true", "x", False),
        ("false", "x", True),
        (True, ABSENT, True),
        ("false", ["x", "y"], True),
        ("true", [], True),
    ],
)
def test_null(holds: Holds, wanted: Any, given: Any, expected: bool) -> None:
    context = {} if given is ABSENT else {"aws:TokenIssueTime": given}
    assert holds({"Condition": {"Null": {"aws:TokenIssueTime": wanted}}}, context=context) is expected


# "If the key that you specify in a policy condition is not present in the request context, the values do not match and the condition is false.
#  If the policy condition requires that the key is not matched …, and the right key is not present, the condition is true."
@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("StringEquals", "a"),
        ("StringEqualsIgnoreCase", "a"),
        ("StringLike", "*"),
        ("NumericEquals", "1"),
        ("NumericLessThan", "1"),
        ("NumericLessThanEquals", "1"),
        ("NumericGreaterThan", "1"),
        ("NumericGreaterThanEquals", "1"),
        ("DateEquals", "2020-01-01"),
        ("DateLessThan", "2020-01-01"),
        ("DateLessThanEquals", "2020-01-01"),
        ("DateGreaterThan", "2020-01-01"),
        ("DateGreaterThanEquals", "2020-01-01"),
        ("Bool", "false"),
        ("BinaryEquals", "YQ=="),
        ("IpAddress", "0.0.0.0/0"),
        ("ArnEquals", "*"),
        ("ArnLike", "arn:*:*:*:*:*"),
    ],
)
def test_a_missing_key(holds: Holds, operator: str, value: str) -> None:
    assert not holds({"Condition": {operator: {"x:key": value}}})
    assert holds({"Condition": {f"{operator}IfExists": {"x:key": value}}})
    for negated in NEGATED.get(operator, ()):
        assert holds({"Condition": {negated: {"x:key": value}}})
        assert holds({"Condition": {f"{negated}IfExists": {"x:key": value}}})
    assert holds({"Condition": {f"ForAllValues:{operator}": {"x:key": value}}})
    assert not holds({"Condition": {f"ForAnyValue:{operator}": {"x:key": value}}})


# operator, values of the policy, values of the request, whether it matches
SETS: list[tuple[str, Any, Any, bool]] = [
    ("ForAllValues:StringLike", ["PostDateTime", "Message", "Tags"], ["PostDateTime", "Message"], True),
    ("ForAllValues:StringLike", ["PostDateTime", "Message", "Tags"], ["PostDateTime", "UserName"], False),
    ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
    ("ForAllValues:StringEquals", ["a", "b"], "a", True),
    ("ForAllValues:StringEquals", ["a", "b"], ["c"], False),
    ("ForAllValues:StringEquals", ["a"], [], True),
    ("ForAllValues:StringEquals", ["a"], "", True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["a", "d"], False),
    ("ForAllValues:StringNotEquals", ["a"], [], True),
    ("ForAnyValue:StringLike", ["ID", "PostDateTime"], ["UserName", "Message", "PostDateTime"], True),
    ("ForAnyValue:StringLike", ["ID", "PostDateTime"], ["UserName"], False),
    ("ForAnyValue:StringEquals", ["a"], ["a", "b"], True),
    ("ForAnyValue:StringEquals", ["a"], ["b", "c"], False),
    ("ForAnyValue:StringEquals", ["a"], [], False),
    ("ForAnyValue:StringEquals", ["a", ""], "", False),
    ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], False),
    ("ForAnyValue:StringNotEquals", ["a"], [], False),
    ("ForAnyValue:StringEqualsIgnoreCase", ["A"], ["a"], True),
    ("ForAnyValue:ArnLike", ["arn:aws:sns:*:1:*"], ["arn:aws:sns:us-east-1:1:t", "x"], True),
    ("ForAllValues:ArnLike", ["arn:aws:sns:*:1:*"], ["arn:aws:sns:us-east-1:1:t", "arn:aws:sns:us-east-1:2:t"], False),
    ("ForAllValues:NumericLessThan", ["10"], [1, 9], True),
    ("ForAllValues:NumericLessThan", ["10"], [1, 10], False),
    ("ForAnyValue:Bool", ["true"], [False, True], True),
    ("ForAnyValue:IpAddress", ["10.0.0.0/8"], ["192.0.2.1", "10.1.1.1"], True),
    ("ForAllValues:IpAddress", ["10.0.0.0/8"], ["192.0.2.1", "10.1.1.1"], False),
    ("ForAllValues:StringEqualsIfExists", ["a"], ["a", "b"], False),
    ("ForAnyValue:StringEqualsIfExists", ["a"], ["b"], False),
    # a set operator is heeded before the suffix: without a value there is none that matches
    ("ForAnyValue:StringEqualsIfExists", ["a"], [], False),
    ("ForAnyValue:StringNotLikeIfExists", ["a"], None, False),
    ("ForAllValues:StringEqualsIfExists", ["a"], None, True),
]


@pytest.mark.parametrize(("operator", "values", "given", "expected"), SETS)
def test_set_operators(holds: Holds, operator: str, values: Any, given: Any, expected: bool) -> None:
    assert holds({"Condition": {operator: {"aws:TagKeys": values}}}, context={"aws:TagKeys": given}) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        # several keys and operators have all to match, of several values one
        ({"StringEquals": {"x:a": "1", "x:b": "2"}}, True),
        ({"StringEquals": {"x:a": "1", "x:b": "3"}}, False),
        ({"StringEquals": {"x:a": ["9", "1"]}, "StringLike": {"x:b": ["9", "2*"]}}, True),
        ({"StringEquals": {"x:a": "1"}, "StringNotEquals": {"x:b": "2"}}, False),
        # of several values of a negated operator none may match
        ({"StringNotEquals": {"x:a": ["2", "3"]}}, True),
        ({"StringNotEquals": {"x:a": ["1", "3"]}}, False),
        ({"StringNotLike": {"x:a": ["2*", "1*"]}}, False),
        ({"NotIpAddress": {"x:ip": ["10.0.0.0/8", "192.168.0.0/16"]}}, False),
        ({"NotIpAddress": {"x:ip": ["172.16.0.0/12", "192.168.0.0/16"]}}, True),
        ({}, True),
        # the same key under two operators
        ({"NumericGreaterThan": {"x:a": "0"}, "NumericLessThan": {"x:a": "2"}}, True),
        ({"NumericGreaterThan": {"x:a": "1"}, "NumericLessThan": {"x:a": "2"}}, False),
        # tags: the key's prefix has no case
        ({"StringEquals": {"aws:principaltag/Team": "Red"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/Team": "red"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/Team": "${aws:RequestTag/Team}"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/Team": "${aws:RequestTag/Other}"}}, False),
        ({"StringNotEquals": {"aws:PrincipalTag/Team": "${aws:RequestTag/Other}"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/Team": "${aws:RequestTag/Other, 'Red'}"}}, True),
        ({"ArnLike": {"x:arn": "arn:aws:iam::*:role/${aws:PrincipalTag/Team}-*"}}, True),
        ({"ArnNotLike": {"x:arn": "arn:aws:iam::*:role/${aws:PrincipalTag/Team}-*"}}, False),
        # under MFA or not: absent for long-term keys
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False),
        ({"Null": {"aws:MultiFactorAuthAge": "true"}}, True),
    ],
)
def test_a_block_of_conditions(holds: Holds, condition: Any, expected: bool) -> None:
    context = {
        "x:a": "1",
        "x:b": "2",
        "x:ip": "10.1.2.3",
        "x:arn": "arn:aws:iam::111122223333:role/Red-app",
        "aws:PrincipalTag/Team": "Red",
        "aws:RequestTag/Team": "Red",
    }
    assert holds({"Condition": condition}, context=context) is expected
