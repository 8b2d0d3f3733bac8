"""Variables in the values of conditions."""

from __future__ import annotations

import pytest
from tests.unit.policy.conftest import Applies

# operator, the policy's value, the request's value of k, further keys, whether the condition holds
VARIABLES = [
    ("StringEquals", "${aws:username}", "alice", {"aws:username": ("alice",)}, True),
    ("StringEquals", "home/${aws:username}/x", "home/alice/x", {"aws:username": ("alice",)}, True),
    ("StringEquals", "${aws:username}", "bob", {"aws:username": ("alice",)}, False),
    ("StringEquals", "${aws:username}", "alice", {}, False),
    ("StringEquals", "${aws:username, 'nobody'}", "nobody", {}, True),
    ("StringEquals", "${aws:username, 'nobody'}", "nobody", {"aws:username": ("alice",)}, False),
    ("StringEquals", "${aws:username, ''}", "", {}, True),
    ("StringEquals", "${*}", "*", {}, True),
    ("StringEquals", "${?}", "?", {}, True),
    ("StringEquals", "${$}{a}", "${a}", {}, True),
    ("StringEquals", "${aws:PrincipalTag/Team}", "red", {"aws:principaltag/team": ("red",)}, True),
    ("StringEqualsIgnoreCase", "${aws:username}", "ALICE", {"aws:username": ("alice",)}, True),
    ("StringNotEquals", "${aws:username}", "alice", {"aws:username": ("alice",)}, False),
    ("StringNotEquals", "${aws:username}", "bob", {"aws:username": ("alice",)}, True),
    # a variable with no value equals nothing, so it is unequal to everything
    ("StringNotEquals", "${aws:username}", "alice", {}, True),
    ("StringNotLike", "${aws:username}*", "alice", {}, True),
    ("StringLike", "${aws:username}/*", "alice/doc", {"aws:username": ("alice",)}, True),
    ("StringLike", "${aws:username}/*", "bob/doc", {"aws:username": ("alice",)}, False),
    ("StringLike", "${aws:username}", "anything", {"aws:username": ("*",)}, False),
    ("StringLike", "${aws:username}", "*", {"aws:username": ("*",)}, True),
    ("StringLike", "a${*}c", "abc", {}, False),
    ("StringLike", "a${*}c", "a*c", {}, True),
    ("StringLike", "a${?}c*", "a?cd", {}, True),
    ("StringLike", "a${?}c*", "abcd", {}, False),
    ("ArnEquals", "arn:aws:sns:*:*:${aws:username}", "arn:aws:sns:r:1:alice", {"aws:username": ("alice",)}, True),
    ("ArnLike", "${aws:PrincipalArn}", "arn:aws:iam::1:role/r", {"aws:PrincipalArn": ("arn:aws:iam::1:role/r",)}, True),
    (
        "ArnLike",
        "${aws:PrincipalArn}",
        "arn:aws:iam::1:role/s",
        {"aws:PrincipalArn": ("arn:aws:iam::1:role/r",)},
        False,
    ),
    ("ArnNotEquals", "${aws:PrincipalArn}", "arn:aws:iam::1:role/s", {}, True),
    ("Bool", "${aws:Flag}", "true", {"aws:Flag": ("True",)}, True),
    ("Bool", "${aws:Flag}", "true", {"aws:Flag": ("false",)}, False),
    # the others take it as text, and text is no number, date or address
    ("NumericEquals", "${aws:Number}", "1", {"aws:Number": ("1",)}, False),
    ("DateEquals", "${aws:Date}", "2024-01-01", {"aws:Date": ("2024-01-01",)}, False),
    ("IpAddress", "${aws:VpcSourceIp}", "10.0.0.1", {"aws:VpcSourceIp": ("10.0.0.1",)}, False),
    ("ForAnyValue:StringEquals", "${aws:username}", "alice", {"aws:username": ("alice",)}, True),
    ("ForAllValues:StringLike", "${aws:username}*", "alice2", {"aws:username": ("alice",)}, True),
]


@pytest.mark.parametrize(("operator", "wanted", "given", "others", "holds"), VARIABLES)
def test_variables_in_conditions(
    applies: Applies, operator: str, wanted: str, given: str, others: dict[str, tuple[str, ...]], holds: bool
) -> None:
    assert applies({"Condition": {operator: {"k": wanted}}}, context={"k": (given,), **others}) is holds


def test_a_value_with_a_variable_beside_one_without(applies: Applies) -> None:
    condition = {"Condition": {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}}}
    user = {"aws:username": ("alice",)}
    for prefix, holds in (("", True), ("home/", True), ("home/alice/x", True), ("home/bob/x", False)):
        assert applies(condition, context={"s3:prefix": (prefix,), **user}) is holds
