"""The elements of a statement as AWS documents them, asked through lines of JSON.

Source: the IAM user guide's element reference: Version, Effect, Action, NotAction, Resource, NotResource, "Variables and tags"; "Identify AWS
resources with ARNs" for incomplete ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Holds = Callable[..., bool]
Q = "arn:aws:sqs:us-east-1:111122223333:orders"

ACTIONS: list[tuple[Any, str, bool]] = [
    ("s3:GetObject", "s3:GetObject", True),
    ("s3:GetObject", "s3:PutObject", False),
    # "The prefix and the action name are case insensitive"
    ("S3:getobject", "s3:GetObject", True),
    ("iam:LISTAccessKeys", "IAM:listaccesskeys", True),
    (["s3:PutObject", "s3:GetObject"], "s3:GetObject", True),
    # "You can use multi-character match wildcards (*) and single-character match wildcards (?)"
    ("*", "s3:GetObject", True),
    ("*:*", "s3:GetObject", True),
    ("s3:*", "s3:GetObject", True),
    ("s3:*", "s3express:CreateSession", False),
    ("s3*:*", "s3express:CreateSession", False),
    ("*:CreateSession", "s3express:CreateSession", False),
    ("s3:Get*", "s3:GetObject", True),
    ("s3:Get*", "s3:PutObject", False),
    ("iam:*AccessKey*", "iam:DeleteAccessKey", True),
    ("iam:*AccessKey*", "iam:ListAccessKeys", True),
    ("iam:*AccessKey*", "iam:GetUser", False),
    ("s3:?etObject", "s3:GetObject", True),
    ("s3:?etObject", "s3:etObject", False),
    ("s3:GetObject?", "s3:GetObject", False),
    ("s3:Get*Object*", "s3:GetObjectVersion", True),
    ("s3:Get**", "s3:GetObject", True),
    ("ec2:Describe*s", "ec2:DescribeInstances", True),
    ("ec2:Describe*s", "ec2:DescribeInstanceStatu", False),
]


@pytest.mark.parametrize(("action", "asked", "expected"), ACTIONS)
def test_action(holds: Holds, action: Any, asked: str, expected: bool) -> None:
    assert holds({"Action": action}, action=asked, resource="*") is expected
    assert holds({"NotAction": action}, action=asked, resource="*") is not expected


RESOURCES: list[tuple[Any, str, bool]] = [
    ("*", "*", True),
    ("*", Q, True),
    (Q, Q, True),
    (Q, Q + "x", False),
    (Q.upper(), Q, False),
    ("arn:aws:sqs:us-east-1:111122223333:Orders", Q, False),
    (["arn:aws:sqs:us-east-1:111122223333:other", Q], Q, True),
    ("arn:aws:sqs:*:*:orders", Q, True),
    ("arn:aws:sqs:*:111122223333:*", Q, True),
    ("arn:aws:sqs:eu-*:111122223333:orders", Q, False),
    ("arn:aws:sqs:us-east-?:111122223333:orders", Q, True),
    ("arn:aws:sqs:us-east-?:111122223333:order?", Q, True),
    ("arn:aws:sqs:us-east-1:111122223333:order?", "arn:aws:sqs:us-east-1:111122223333:order", False),
    ("arn:aws:sqs:us-east-1:111122223333:*s", Q, True),
    # an asterisk takes slashes in
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/test/object.jpg", True),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/2/test/object.jpg", True),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/2/test/3/object.jpg", True),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b//test/object.jpg", True),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/test/", True),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1-test/object.jpg", False),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/test/object.jpg", False),
    ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/2/test.jpg", False),
    ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
    ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket/key", False),
    ("arn:aws:s3:::bucket*", "arn:aws:s3:::bucket/key", True),
    ("arn:aws:iam::111122223333:user/division_abc*", "arn:aws:iam::111122223333:user/division_abc/sub/Jane", True),
    ("arn:aws:iam::111122223333:user/division_abc*", "arn:aws:iam::111122223333:user/John", False),
    # the last asterisk of a segment reaches over colons
    ("arn:aws:dynamodb:*:table/prod-*", "arn:aws:dynamodb:us-east-1:111122223333:table/prod-x", True),
    ("arn:aws:dynamodb:*:table/prod-*", "arn:aws:dynamodb:us-east-1:111122223333:table/dev-x", False),
    ("arn:aws:s3:*", "arn:aws:s3:::bucket/key", True),
    ("arn:aws:logs:*:*:log-group:/app/*", "arn:aws:logs:us-east-1:111122223333:log-group:/app/x:log-stream:y", True),
    # what is asked for on "*" is allowed on "*" only
    (Q, "*", False),
    ("arn:aws:sqs:*:*:*", "*", False),
]


@pytest.mark.parametrize(("resource", "asked", "expected"), RESOURCES)
def test_resource(holds: Holds, resource: Any, asked: str, expected: bool) -> None:
    assert holds({"Resource": resource}, resource=asked) is expected
    assert holds({"NotResource": resource}, resource=asked) is not expected


PERSON = {
    "aws:username": "jane",
    "aws:PrincipalTag/team": "red",
    "aws:PrincipalTag/Star": "*",
    "aws:TagKeys": ["a", "b"],
}
BUCKET = "arn:aws:s3:::home/"

VARIABLES: list[tuple[str, str, bool]] = [
    ("${aws:username}/*", "jane/x", True),
    ("${aws:username}/*", "john/x", False),
    ("${AWS:UserName}/*", "jane/x", True),
    ("${aws:PrincipalTag/team}-${aws:username}", "red-jane", True),
    ("a${aws:username}b", "ajaneb", True),
    # no value: the statement does not apply
    ("${aws:userid}/*", "/x", False),
    ("${aws:userid}/*", "${aws:userid}/x", False),
    ("${aws:PrincipalTag/none}", "", False),
    # a default, in single quotes
    ("${aws:userid, 'anonymous'}/*", "anonymous/x", True),
    ("${aws:username, 'anonymous'}/*", "jane/x", True),
    ("${aws:username, 'anonymous'}/*", "anonymous/x", False),
    ("${aws:PrincipalTag/none, 'company-wide'}", "company-wide", True),
    # special characters stand for themselves
    ("${*}", "*", True),
    ("${*}", "anything", False),
    ("${?}", "?", True),
    ("${?}", "x", False),
    ("${$}", "$", True),
    ("a${$}{b}", "a${b}", True),
    # a value's asterisk is no wildcard
    ("${aws:PrincipalTag/Star}", "*", True),
    ("${aws:PrincipalTag/Star}", "anything", False),
    # a key with several values is no value
    ("${aws:TagKeys}", "a", False),
]


@pytest.mark.parametrize(("pattern", "name", "expected"), VARIABLES)
def test_variables_in_resources(holds: Holds, pattern: str, name: str, expected: bool) -> None:
    assert holds({"Resource": BUCKET + pattern}, resource=BUCKET + name, context=PERSON) is expected
    condition = {"StringLike": {"s3:prefix": pattern}}
    assert holds({"Condition": condition}, context={**PERSON, "s3:prefix": name}) is expected


@pytest.mark.parametrize("version", ["2008-10-17", None])
@pytest.mark.parametrize(("name", "expected"), [("jane", False), ("${aws:username}", True)])
def test_before_2012_variables_are_text(holds: Holds, version: str | None, name: str, expected: bool) -> None:
    pattern = BUCKET + "${aws:username}"
    assert holds({"Resource": pattern}, resource=BUCKET + name, context=PERSON, version=version) is expected
    condition = {"StringEquals": {"s3:prefix": "${aws:username}"}}
    context = {**PERSON, "s3:prefix": name}
    assert holds({"Condition": condition}, context=context, version=version) is expected


def test_variables_stand_after_the_fifth_colon_only(holds: Holds) -> None:
    context = {"aws:PrincipalAccount": "111122223333"}
    assert not holds({"Resource": "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:orders"}, resource=Q, context=context)


def test_a_policy_may_be_a_text(ask_case: Callable[..., str]) -> None:
    policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    request = {
        "principal": "arn:aws:iam::111122223333:user/a",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
    }
    assert ask_case(request, identityPolicies=[{"name": "text", "policy": policy}]) == "allowed"
    assert ask_case(request, identityPolicies=[policy], boundary=policy, sessionPolicy=policy) == "allowed"
