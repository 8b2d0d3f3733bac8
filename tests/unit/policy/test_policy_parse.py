"""What IAM refuses to store, in its words, and what it takes.

The cases were gathered from IAM's answers in public: issue reports, and the recorded cases of moto and of the Versity S3 gateway.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.policy.written import BUCKET, GOOD, with_elements, with_statement

from podid.core.policy import MalformedPolicy, PolicyKind, Position, parse_policy, read_policy

SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
VERSION = "Policy document must be version 2012-10-17 or greater."
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
COLONS = "Actions/Condition can contain only one colon."
ACTIONS = "Policy statement must contain actions."
RESOURCES = "Policy statement must contain resources."
SIDS = "Statement IDs (SID) in a single policy must be unique."
PATHS = (
    'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, '
    "server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/."
)


def without(element: str) -> str:
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}
    del statement[element]
    return with_statement(statement)


def with_condition(condition: Any) -> str:
    return with_elements(Condition=condition)


def dated(value: str) -> str:
    return with_condition({"DateLessThan": {"aws:CurrentTime": value}})


REFUSED = [
    ("This is not a json document", SYNTAX),
    ("", SYNTAX),
    ("{", SYNTAX),
    ("[]", SYNTAX),
    ("null", SYNTAX),
    ('"text"', SYNTAX),
    ('{"Version": "2012-10-17", "Statement": NaN}', SYNTAX),
    (with_statement(GOOD) + "x", SYNTAX),
    (" " + with_statement(GOOD), LEGACY),
    ("\t" + with_statement(GOOD), LEGACY),
    # twice the same key
    ('{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', SYNTAX),
    (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}}',
        SYNTAX,
    ),
    # top
    (json.dumps({"Version": "2013-10-17", "Statement": GOOD}), SYNTAX),
    (json.dumps({"Version": 2012, "Statement": GOOD}), SYNTAX),
    (json.dumps({"Version": "2012-10-17"}), SYNTAX),
    (json.dumps({"Version": "2012-10-17", "Statement": []}), SYNTAX),
    (json.dumps({"Version": "2012-10-17", "Statement": ["afd"]}), SYNTAX),
    (json.dumps({"Version": "2012-10-17", "Statement": "afd"}), SYNTAX),
    (with_statement(GOOD, Id=["a"]), SYNTAX),
    (with_statement(GOOD, Id={}), SYNTAX),
    (with_statement(GOOD, Extra="x"), SYNTAX),
    (with_statement(GOOD, version="2012-10-17"), SYNTAX),
    # statement
    (with_elements(Extra="x"), SYNTAX),
    (with_elements(action="s3:*"), SYNTAX),
    (without("Effect"), SYNTAX),
    (with_elements(Effect="invalid"), SYNTAX),
    (with_elements(Effect=["Allow"]), SYNTAX),
    (with_elements(Sid={}), SYNTAX),
    (with_elements(Sid=[]), SYNTAX),
    (with_elements(Sid=1), SYNTAX),
    (with_elements(NotAction="iam:dsf"), SYNTAX),
    (with_elements(NotAction=[]), SYNTAX),
    (with_elements(NotResource="*"), SYNTAX),
    (with_elements(NotResource=[]), SYNTAX),
    (with_elements(Action=[[]]), SYNTAX),
    (with_elements(Action={}), SYNTAX),
    (with_elements(Action=1), SYNTAX),
    (with_elements(Action=True), SYNTAX),
    (with_elements(Resource={"a": BUCKET}), SYNTAX),
    (with_elements(Resource=["adfdf", {}]), SYNTAX),
    # condition
    (with_condition([]), SYNTAX),
    (with_condition("a"), SYNTAX),
    (with_condition({"a": "b"}), SYNTAX),
    (with_condition({"DateGreaterThan": "b"}), SYNTAX),
    (with_condition({"DateGreaterThan": []}), SYNTAX),
    (with_condition({"DateGreaterThan": {"a": {}}}), SYNTAX),
    (with_condition({"StringEquals": {"a": None}}), SYNTAX),
    (with_condition({"StringEquals": {"a": ["b", []]}}), SYNTAX),
    (with_condition({"x": {"a": "1"}}), SYNTAX),
    (with_condition({"stringequals": {"a": "1"}}), SYNTAX),
    (with_condition({"NullIfExists": {"a": "true"}}), SYNTAX),
    (with_condition({"ForAnyValue::StringEqualsIfExists": {"a": "asf"}}), SYNTAX),
    (with_condition({"ForAnyValue:ForAllValues:StringEquals": {"a": "asf"}}), SYNTAX),
    (with_condition([{"ForAllValues:StringEquals": {"aws:TagKeys": "Department"}}]), SYNTAX),
    # legacy parsing
    (with_elements(Effect="denY"), LEGACY),
    (with_elements(Effect="allow", Resource="arn:aws:s3:us-east-1::example_bucket"), LEGACY),
    (with_statement({**GOOD, "Sid": "a", "Effect": "aLLow"}, {**GOOD, "Sid": "a"}), LEGACY),
    (dated("sdfdsf"), LEGACY),
    (dated("234-13"), LEGACY),
    (dated("2016-12-13t2:00:00.593194+1"), LEGACY),
    (dated("2016-12-13t2:00:00.1999999999+10:59"), LEGACY),
    (dated("9223372036854775808"), LEGACY),
    (dated("2016-13-01"), LEGACY),
    (dated("2016-12-32"), LEGACY),
    (dated("2016-12-13T24:00:00Z"), LEGACY),
    (dated("2016-12-13T00:60:00Z"), LEGACY),
    (with_statement({"Effect": "Allow", "Condition": {"DateGreaterThan": {"a": "sdfdsf"}}}), LEGACY),
    (with_elements(Resource="arn:error:s3:::b", Condition={"DateGreaterThan": {"a": "x"}}), LEGACY),
    (with_elements(Resource="arn:aws:s3::example_bucket"), LEGACY),
    (with_statement({"Effect": "Allow", "Resource": "arn:aws:s3::example_bucket"}), LEGACY),
    (with_statement({"Effect": "Allow", "Action": "s3:ListBucket", "NotResource": "arn:aws:s3::b"}), LEGACY),
    (with_elements(Resource="arn:aws::::example_bucket"), LEGACY),
    (with_elements(Resource="arn:aws::fdsasf"), LEGACY),
    # statement ids
    (with_statement({**GOOD, "Sid": "sdf"}, {"Effect": "Allow", "Sid": "sdf"}), SIDS),
    # actions
    (without("Action"), ACTIONS),
    (with_statement({"Effect": "Allow"}), ACTIONS),
    (with_elements(Action=[]), ACTIONS),
    (with_statement({"Effect": "Deny"}, GOOD), ACTIONS),
    (with_elements(Action="invalid"), VENDOR),
    (with_elements(Action=""), VENDOR),
    (with_elements(Action=["s3:Get*", "Get*"]), VENDOR),
    (with_statement({"Effect": "Allow", "NotAction": "", "Resource": BUCKET}), VENDOR),
    (with_statement({"Effect": "Allow", "Action": "invalid"}), VENDOR),
    (with_elements(Action="a a:ListBucket"), "Vendor a a is not valid"),
    (with_elements(Action="s*:ListBucket"), "Vendor s* is not valid"),
    (with_elements(Action=":ListBucket"), "Vendor  is not valid"),
    (with_elements(Action="s3:List:Bucket"), COLONS),
    (with_statement({**GOOD, "Action": "s3s:ListBucket"}, {**GOOD, "Action": "s:3s:ListBucket"}), COLONS),
    # resources
    (without("Resource"), RESOURCES),
    (with_elements(Resource=[]), RESOURCES),
    (with_elements(Resource=[None]), RESOURCES),
    (with_elements(Resource="invalid resource"), 'Resource invalid resource must be in ARN format or "*".'),
    (with_elements(Resource=""), 'Resource  must be in ARN format or "*".'),
    (with_elements(Resource=["adf"]), 'Resource adf must be in ARN format or "*".'),
    (with_elements(Action="s:3:ListBucket", Resource="sdfsadf"), 'Resource sdfsadf must be in ARN format or "*".'),
    (
        with_elements(Resource="a:bsdfdsafsad"),
        'Partition "bsdfdsafsad" is not valid for resource "arn:bsdfdsafsad:*:*:*:*".',
    ),
    (with_elements(Resource="a:b:cadfsdf"), 'Partition "b" is not valid for resource "arn:b:cadfsdf:*:*:*".'),
    (with_elements(Resource="a:b:c:d:e:f:g:h"), 'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".'),
    (
        with_elements(Resource="aws:s3:::example_bucket"),
        'Partition "s3" is not valid for resource "arn:s3:::example_bucket:*".',
    ),
    (
        with_elements(Resource=["arn:error:s3:::example_bucket", "arn:error:s3::example_bucket"]),
        'Partition "error" is not valid for resource "arn:error:s3:::example_bucket".',
    ),
    (with_elements(Resource="arn:aws"), "Resource vendor must be fully qualified and cannot contain regexes."),
    (with_elements(Resource="arn:aws:iam:::example_bucket"), PATHS),
    (
        with_elements(Resource="arn:aws:iam:us-east-1::example_bucket"),
        "IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information.",
    ),
    (
        with_elements(Resource="arn:aws:s3:us-east-1::example_bucket"),
        "Resource arn:aws:s3:us-east-1::example_bucket can not contain region information.",
    ),
    # principals
    (with_elements(Principal="*"), "Policy document should not specify a principal."),
    (with_elements(Principal={"AWS": "*"}), "Policy document should not specify a principal."),
    (with_elements(NotPrincipal={"AWS": "*"}), "Policy document should not specify a principal."),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
@pytest.mark.parametrize("managed", [True, False])
def test_refused(text: str, message: str, managed: bool) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(text, managed=managed)
    assert refused.value.message == message
    assert str(refused.value) == message


WITHOUT_VERSION = [
    json.dumps({"Statement": GOOD}),
    json.dumps({"Version": "2008-10-17", "Statement": GOOD}),
]


@pytest.mark.parametrize("text", WITHOUT_VERSION)
def test_managed_policies_need_the_newer_version(text: str) -> None:
    with pytest.raises(MalformedPolicy, match=VERSION):
        parse_policy(text, managed=True)
    assert parse_policy(text).document.version == "2008-10-17"


@pytest.mark.parametrize(
    "statements",
    [
        [{**GOOD, "Sid": "a"}, {"Sid": "a", "Effect": "Allow"}],
        [{**GOOD, "Effect": "denY"}],
        [{**GOOD, "Condition": {"DateGreaterThan": {"a": "sdfdsf"}}}],
    ],
)
def test_the_version_is_looked_at_before_anything_but_syntax(statements: list[Any]) -> None:
    with pytest.raises(MalformedPolicy, match=VERSION):
        parse_policy(json.dumps({"Statement": statements}), managed=True)


TAKEN = [
    json.dumps({"Version": "2012-10-17", "Statement": GOOD}),
    with_statement(GOOD),
    with_statement(GOOD, Id="anything"),
    with_elements(Action="iam: asdf safdsf af "),
    with_elements(Action="*"),
    with_elements(Action="*:ListBucket"),
    with_elements(Action="service-prefix:action-name"),
    with_elements(Action="s3.s:ListBucket"),
    with_elements(Action="aaaaaadsfdsafsadfsadfaaaaa:ListBucket"),
    with_elements(Resource=[BUCKET, "*"]),
    with_elements(Resource=[BUCKET, None]),
    with_elements(Resource="arn:aws:iam:::user/example_bucket"),
    with_elements(Resource="arn:aws:iam::*:*"),
    with_elements(Resource="arn:aws:iam::111122223333:root"),
    with_elements(Resource="arn:aws:s33:::example_bucket"),
    with_elements(Resource="arn:aws:fdsasf"),
    with_elements(Resource="arn:aws:cloudwatch:us-east-1::example_bucket"),
    with_elements(Resource="arn:aws:invalid-service:us-east-1::example_bucket"),
    with_elements(Resource="arn:aws-cn:s3:::example_bucket"),
    with_elements(Resource="arn:aws-us-gov:s3:::example_bucket"),
    with_elements(Resource="arn:*:s3:::example_bucket"),
    with_elements(Resource="arn:aws:s3:us-west-2:123456789012:accesspoint/my-access-point/object/*"),
    with_elements(Condition={}),
    with_condition({"DateGreaterThan": {}}),
    with_condition({"DateGreaterThan": {"a": []}}),
    with_condition({"a": {}}),
    with_condition({"x": {}, "y": {}}),
    with_condition({"StringEqualsIfExists": {"a": "asf"}}),
    with_condition({"ForAnyValue:StringEqualsIfExists": {"a": "asf"}}),
    with_condition({"ForAllValues:StringEquals": {"aws:TagKeys": "Department"}}),
    with_condition({"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}),
    with_condition({"Bool": {"aws:SecureTransport": True}}),
    with_condition({"NumericEquals": {"a": ["1", 2, 2.5]}}),
    with_condition({"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}}),
    dated("01T"),
    dated("2019-07-01T13:20:15Z"),
    dated("2016-12-13T21:20:37.593194+00:00"),
    dated("2016-12-13t2:00:00.593194+23"),
    dated("-292275054"),
    dated("9223372036854775807"),
    with_statement({"Effect": "Allow", "NotAction": "s3:ListBucket", "NotResource": "*"}),
    with_statement({**GOOD, "Sid": ""}, {**GOOD, "Sid": ""}),
    with_statement({**GOOD, "Sid": "a"}, {**GOOD, "Sid": "b"}, GOOD),
    "\n" + with_statement(GOOD) + "\n ",
]


@pytest.mark.parametrize("text", TAKEN)
def test_taken(text: str) -> None:
    assert parse_policy(text, managed=True).document.statements


@pytest.mark.parametrize(
    "text",
    [
        with_elements(Action="no vendor"),
        with_elements(Resource="no arn"),
        with_elements(Principal="*"),
        with_elements(Effect="allow"),
        without("Action"),
        dated("no date"),
    ],
)
def test_reading_takes_what_has_the_form_of_a_policy(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        parse_policy(text)
    assert read_policy(text).document.statements


@pytest.mark.parametrize("kind", [*PolicyKind])
def test_a_statement_about_nothing_is_read_only_where_it_is_about_what_it_hangs_on(kind: PolicyKind) -> None:
    text = with_statement(GOOD, {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket"})
    if kind in (PolicyKind.RESOURCE, PolicyKind.TRUST):
        assert read_policy(text, kind).document.statements[1].resources is None
        return
    with pytest.raises(MalformedPolicy) as refused:
        read_policy(text, kind)
    assert refused.value.message == RESOURCES
    assert text[refused.value.position.offset :].startswith('{"Effect": "Allow", "Principal"')


# the text up to the fault, the rest, and a part of the hint
PLACES = [
    (
        '{"Version": "2012-10-17",\n "Statement": [\n  {"Effect": "Allow", "Action": ',
        '"List", "Resource": "*"}]}',
        "service:",
    ),
    ('{"Statement": {"Effect": ', '"Maybe", "Action": "s3:*", "Resource": "*"}}', "Allow or Deny"),
    ('{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": ["*", "arn:aws:s3:::b", ', '"c"]}]}', ""),
    ('{"Statement":\n[\n{"Effect": "Allow", "Action": "*", "Resource": "*"},\n', "7]}", "an object"),
    (
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Unknown": ',
        "{}}}",
        "unknown element 'Unknown'",
    ),
    (
        '{"Statement": {"Effect": "Allow", "Action": "*", "Action": ',
        '"s3:*", "Resource": "*"}}',
        "'Action' stands twice",
    ),
    ('{"Version": ', '"1999", "Statement": {}}', "2012-10-17"),
    ('{"Statement": {"Effect": "Allow" ', '"Action": "*"}}', "expecting"),
    (
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"k": "v"}, "x": ',
        '{"k": "v"}}}}',
        "unknown operator 'x'",
    ),
    ('{"Statement": {"Effect": "Allow", "Action": ["a:\\"b", "c,:{}[]", ', '5], "Resource": "*"}}', "a text"),
]


@pytest.mark.parametrize(("before", "after", "hint"), PLACES)
def test_the_place_of_a_fault(before: str, after: str, hint: str) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(before + after)
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    assert refused.value.position == Position(len(before), line, column)
    assert hint in refused.value.hint


def test_the_syntax_tree_says_what_was_written() -> None:
    text = with_statement(
        {"Sid": "One", "Effect": "Deny", "NotAction": ["s3:*", "ec2:Describe*"], "NotResource": "*"},
        {"Effect": "Allow", "Action": "S3:get*", "Resource": [BUCKET], "Condition": {"Bool": {"K": [True, "false"]}}},
        Id="mine",
    )
    document = parse_policy(text).document
    assert (document.id, document.version) == ("mine", "2012-10-17")
    first, second = document.statements
    assert (first.sid, first.effect.value, first.index) == ("One", "Deny", 0)
    assert (first.actions.values, first.actions.negated) == (("s3:*", "ec2:Describe*"), True)
    assert first.resources is not None
    assert first.resources.negated
    assert second.actions.values == ("S3:get*",)
    assert [(test.operator, test.key, test.values) for test in second.conditions] == [("Bool", "K", ("true", "false"))]


def test_the_principals_that_a_policy_names() -> None:
    text = json.dumps(
        {
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": ["1", "2"], "Service": "s"}, "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "NotPrincipal": {"AWS": "2"}, "Action": "*", "Resource": "*"},
            ]
        }
    )
    assert read_policy(text, PolicyKind.RESOURCE).principals() == (("AWS", "1"), ("AWS", "2"), ("Service", "s"))
