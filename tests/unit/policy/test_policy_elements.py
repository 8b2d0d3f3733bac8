"""Version, Effect, Action, NotAction, Resource and NotResource, after the IAM user guide's "JSON policy element reference"."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Applies = Callable[..., bool]

ACTIONS = [
    # pattern, action, matches
    ("s3:GetObject", "s3:GetObject", True),
    ("s3:getobject", "s3:GetObject", True),
    ("S3:GETOBJECT", "s3:GetObject", True),
    ("s3:GetObject", "S3:getObject", True),
    ("s3:GetObject", "s3:GetObjectAcl", False),
    ("s3:GetObject", "s3:PutObject", False),
    ("s3:Get*", "s3:GetObject", True),
    ("s3:Get*", "s3:Get", True),
    ("s3:Get*", "s3:PutObject", False),
    ("s3:*", "s3:GetObject", True),
    ("s3:*", "s3-outposts:GetObject", False),
    ("s3:*", "s3express:CreateSession", False),
    ("s3:*Object", "s3:GetObject", True),
    ("s3:*Object", "s3:GetObjectAcl", False),
    ("iam:*AccessKey*", "iam:CreateAccessKey", True),
    ("iam:*AccessKey*", "iam:ListAccessKeys", True),
    ("iam:*AccessKey*", "iam:GetUser", False),
    ("iam:*access*", "iam:CreateAccessKey", True),
    ("s3:GetObjec?", "s3:GetObject", True),
    ("s3:GetObject?", "s3:GetObject", False),
    ("s3:?etObject", "s3:GetObject", True),
    ("s3:G?tO*t", "s3:GetObject", True),
    ("s3:??tObject", "s3:PutObject", True),
    ("*", "anything:Whatever", True),
    ("*:*", "anything:Whatever", True),
    ("**", "anything:Whatever", True),
    ("**:**", "anything:Whatever", True),
    # the service is written out, or it is no action
    ("*:GetObject", "s3:GetObject", False),
    ("s?:GetObject", "s3:GetObject", False),
    ("s*:GetObject", "s3:GetObject", False),
    ("s3*", "s3:GetObject", False),
    ("s3:", "s3:GetObject", False),
    ("GetObject", "s3:GetObject", False),
    # and a list of names is one name
    ("s3:Get*,Put*", "s3:GetObject", False),
    ("s3:GetObject,PutObject", "s3:GetObject", False),
    ("s3:GetObject ", "s3:GetObject", False),
    ("s3: GetObject", "s3:GetObject", False),
    ("ec2:Describe*", "ec2:DescribeInstances", True),
    ("ec2:Describe*", "ec2:RunInstances", False),
]


@pytest.mark.parametrize(("pattern", "action", "matches"), ACTIONS)
def test_action(applies: Applies, pattern: str, action: str, matches: bool) -> None:
    assert applies({"Action": pattern}, action=action) is matches
    assert applies({"Action": ["sqs:SendMessage", pattern]}, action=action) is matches


@pytest.mark.parametrize(("pattern", "action", "matches"), ACTIONS)
def test_not_action_matches_what_action_does_not(applies: Applies, pattern: str, action: str, matches: bool) -> None:
    assert applies({"NotAction": pattern}, action=action) is not matches
    assert applies({"NotAction": ["sqs:SendMessage", pattern]}, action=action) is not matches


RESOURCES = [
    # pattern, resource, matches
    ("*", "arn:aws:s3:::bucket/key", True),
    ("*", "*", True),
    ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket", True),
    ("arn:aws:s3:::bucket", "arn:aws:s3:::Bucket", False),
    ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket/key", False),
    ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
    ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/", True),
    ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b/c", True),
    ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket2/a", False),
    ("arn:aws:s3:::bucket*", "arn:aws:s3:::bucket2/a", True),
    ("arn:aws:s3:::*", "arn:aws:s3:::bucket/key", True),
    ("arn:aws:s3:::*", "*", False),
    ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test/3/object.jpg", True),
    ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/test/object.jpg", True),
    ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1-test/object.jpg", False),
    ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/test/object.jpg", False),
    ("arn:aws:s3:::bucket/file?.txt", "arn:aws:s3:::bucket/file1.txt", True),
    ("arn:aws:s3:::bucket/file?.txt", "arn:aws:s3:::bucket/file12.txt", False),
    ("arn:aws:s3:::bucket/file?.txt", "arn:aws:s3:::bucket/file.txt", False),
    ("arn:aws:s3:::bucket/??", "arn:aws:s3:::bucket/ab", True),
    ("arn:aws:s3:::*/*.jpg", "arn:aws:s3:::bucket/a.jpg", True),
    ("arn:aws:s3:::*/*.jpg", "arn:aws:s3:::bucket/a.png", False),
    ("arn:aws:iam::111122223333:user/Bob", "arn:aws:iam::111122223333:user/Bob", True),
    ("arn:aws:iam::111122223333:user/Bob", "arn:aws:iam::111122223333:user/bob", False),
    ("arn:aws:iam::111122223333:user/accounting/*", "arn:aws:iam::111122223333:user/accounting/eu/Bob", True),
    ("arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/Admin", True),
    ("arn:aws:sqs:*:111122223333:queue", "arn:aws:sqs:eu-west-1:111122223333:queue", True),
    ("arn:aws:sqs:us-*:*:queue?", "arn:aws:sqs:us-east-1:111122223333:queue1", True),
    ("arn:aws:sqs:us-*:*:queue?", "arn:aws:sqs:eu-west-1:111122223333:queue1", False),
    # a star that ends a segment reaches beyond the colon
    ("arn:aws:dynamodb:*", "arn:aws:dynamodb:us-east-1:111122223333:table/T", True),
    ("arn:aws:logs:*:*:*", "arn:aws:logs:us-east-1:111122223333:log-group:/aws/x:log-stream:y", True),
    ("arn:aws:*", "arn:aws:s3:::bucket", True),
    ("arn:*:s3:::bucket", "arn:aws-cn:s3:::bucket", True),
    ("arn:aws:s3:::bucket", "arn:aws-cn:s3:::bucket", False),
    ("arn:aws:s3:::a*b*c", "arn:aws:s3:::a1b2c", True),
    ("arn:aws:s3:::a*b*c", "arn:aws:s3:::abc", True),
    ("arn:aws:s3:::a*b*c", "arn:aws:s3:::acb", False),
    ("arn:aws:s3:::a**c", "arn:aws:s3:::abc", True),
    ("arn:aws:s3:::[ab]", "arn:aws:s3:::a", False),
    ("arn:aws:s3:::[ab]", "arn:aws:s3:::[ab]", True),
    ("arn:aws:s3:::a.c", "arn:aws:s3:::abc", False),
    ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/line\nbreak", True),
]


@pytest.mark.parametrize(("pattern", "resource", "matches"), RESOURCES)
def test_resource(applies: Applies, pattern: str, resource: str, matches: bool) -> None:
    assert applies({"Resource": pattern}, resource=resource) is matches
    assert applies({"Resource": ["arn:aws:sns:::other", pattern]}, resource=resource) is matches


@pytest.mark.parametrize(("pattern", "resource", "matches"), RESOURCES)
def test_not_resource_matches_what_resource_does_not(
    applies: Applies, pattern: str, resource: str, matches: bool
) -> None:
    assert applies({"NotResource": pattern}, resource=resource) is not matches
    assert applies({"NotResource": ["arn:aws:sns:::other", pattern]}, resource=resource) is not matches


VARIABLES = [
    # pattern, resource, context, matches
    ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/alice/k", {"aws:username": ("alice",)}, True),
    ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bob/k", {"aws:username": ("alice",)}, False),
    ("arn:aws:s3:::b/${AWS:UserName}/*", "arn:aws:s3:::b/alice/k", {"aws:username": ("alice",)}, True),
    ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/alice/k", {"AWS:USERNAME": ("alice",)}, True),
    ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/Alice/k", {"aws:username": ("alice",)}, False),
    ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/alice/k", {}, False),
    ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b//k", {}, False),
    ("arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::b/${aws:username}", {}, False),
    ("arn:aws:s3:::${aws:PrincipalTag/dept}", "arn:aws:s3:::hr", {"aws:PrincipalTag/dept": ("hr",)}, True),
    ("arn:aws:s3:::${aws:PrincipalTag/Dept}", "arn:aws:s3:::hr", {"aws:PrincipalTag/dept": ("hr",)}, True),
    # a default stands in for a key that is missing, not for one that is there
    ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'company'}/*", "arn:aws:s3:::b/company/k", {}, True),
    (
        "arn:aws:s3:::b/${aws:PrincipalTag/team, 'company'}/*",
        "arn:aws:s3:::b/company/k",
        {"aws:principaltag/team": ("red",)},
        False,
    ),
    (
        "arn:aws:s3:::b/${aws:PrincipalTag/team, 'company'}/*",
        "arn:aws:s3:::b/red/k",
        {"aws:principaltag/team": ("red",)},
        True,
    ),
    # the characters themselves
    ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", {}, True),
    ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/anything", {}, False),
    ("arn:aws:s3:::b/${?}", "arn:aws:s3:::b/?", {}, True),
    ("arn:aws:s3:::b/${?}", "arn:aws:s3:::b/x", {}, False),
    ("arn:aws:s3:::b/${$}", "arn:aws:s3:::b/$", {}, True),
    ("arn:aws:s3:::b/${$}{aws:username}", "arn:aws:s3:::b/${aws:username}", {"aws:username": ("a",)}, True),
    # what a variable stands for is text, not a pattern
    ("arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::b/anything", {"aws:username": ("*",)}, False),
    ("arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::b/*", {"aws:username": ("*",)}, True),
    ("arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::b/ab", {"aws:username": ("a?",)}, False),
    # keys with several values are no variables
    ("arn:aws:s3:::b/${aws:TagKeys}", "arn:aws:s3:::b/a", {"aws:TagKeys": ("a", "b")}, False),
    # variables stand after the fifth colon only
    (
        "arn:aws:iam::${aws:PrincipalAccount}:role/r",
        "arn:aws:iam::111122223333:role/r",
        {"aws:PrincipalAccount": ("111122223333",)},
        False,
    ),
    (
        "arn:aws:sns:*:*:${aws:PrincipalTag/project}-${aws:PrincipalTag/env}-*",
        "arn:aws:sns:us-east-1:111122223333:web-prod-1",
        {"aws:PrincipalTag/project": ("web",), "aws:PrincipalTag/env": ("prod",)},
        True,
    ),
    ("arn:aws:s3:::b/${unclosed", "arn:aws:s3:::b/${unclosed", {}, True),
    ("arn:aws:s3:::b/$aws:username", "arn:aws:s3:::b/$aws:username", {"aws:username": ("a",)}, True),
]


@pytest.mark.parametrize(("pattern", "resource", "context", "matches"), VARIABLES)
def test_variables_in_resource(
    applies: Applies, pattern: str, resource: str, context: dict[str, tuple[str, ...]], matches: bool
) -> None:
    assert applies({"Resource": pattern}, resource=resource, context=context) is matches
    assert applies({"NotResource": pattern}, resource=resource, context=context) is not matches


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_before_2012_variables_are_text(applies: Applies, version: str | None) -> None:
    pattern = "arn:aws:s3:::b/${aws:username}"
    context = {"aws:username": ("alice",)}
    assert not applies({"Resource": pattern}, resource="arn:aws:s3:::b/alice", context=context, version=version)
    assert applies({"Resource": pattern}, resource=pattern, context=context, version=version)
    condition = {"Condition": {"StringEquals": {"s3:prefix": "${aws:username}"}}}
    assert not applies(condition, context={**context, "s3:prefix": ("alice",)}, version=version)
    assert applies(condition, context={**context, "s3:prefix": ("${aws:username}",)}, version=version)


def test_every_element_has_to_match(applies: Applies) -> None:
    statement = {
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::bucket/*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    }
    context = {"aws:SecureTransport": ("true",), "aws:RequestedRegion": ("eu-west-1",)}
    assert applies(statement, context=context)
    assert not applies(statement, context=context, action="s3:PutObject")
    assert not applies(statement, context=context, resource="arn:aws:s3:::other/key")
    assert not applies(statement, context={**context, "aws:SecureTransport": ("false",)})
    assert not applies(statement, context={"aws:SecureTransport": ("true",)})


def test_an_empty_condition_always_holds(applies: Applies) -> None:
    assert applies({"Condition": {}})
    assert applies({"Condition": {"StringEquals": {}}})


def test_an_empty_list_of_actions_matches_nothing(applies: Applies) -> None:
    assert not applies({"Action": []})
    assert applies({"NotAction": []})
