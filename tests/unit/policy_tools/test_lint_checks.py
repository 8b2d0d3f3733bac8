"""Every code of lint: a policy that is told so, and one beside it that is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from podid.core.policy import PolicyKind
from podid.policy_tools.lint import CODES, REFUSED, Reference, Report, lint

REFERENCE = Reference.installed()
HERE = "111122223333"
Statement = dict[str, Any]


def report(*statements: Statement, kind: str = "identity", version: str | None = "2012-10-17", **top: Any) -> Report:
    policy = {**({"Version": version} if version else {}), "Statement": list(statements), **top}
    return lint(json.dumps(policy), PolicyKind(kind), reference=REFERENCE)


def codes(*statements: Statement, **options: Any) -> list[str]:
    return [finding.code for finding in report(*statements, **options).findings]


def allow(action: Any = "s3:GetObject", resource: Any = "arn:aws:s3:::b/*", **elements: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: Any = "s3:GetObject", resource: Any = "arn:aws:s3:::b/*", **elements: Any) -> Statement:
    return {**allow(action, resource, **elements), "Effect": "Deny"}


def under(operator: str, key: str, value: Any) -> Statement:
    return {"Condition": {operator: {key: value}}}


def trust(principal: Any, action: Any = "sts:AssumeRole", **elements: Any) -> Statement:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **elements}


def without(statement: Statement, *names: str) -> Statement:
    return {name: value for name, value in statement.items() if name not in names}


SCAN = "dynamodb:Scan", f"arn:aws:dynamodb:us-east-1:{HERE}:table/t"
PODS = {"Service": "pods.eks.amazonaws.com"}
BOTH = ["sts:AssumeRole", "sts:TagSession"]
OIDC = f"arn:aws:iam::{HERE}:oidc-provider/oidc.example.com"
NULL = {"Null": {"aws:TagKeys": "false"}}
ON_SECRET = {
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "secretsmanager:GetSecretValue",
    "Resource": "*",
    "Effect": "Allow",
}

# statements, the kind of policy, the codes
TABLE: list[tuple[list[Statement], str, list[str]]] = [
    ([allow()], "identity", []),
    ([deny("*", "*")], "identity", []),
    # everything, administration
    ([allow("*", "*")], "identity", ["everything"]),
    ([allow("*:*", "*")], "identity", ["everything"]),
    ([allow(["s3:GetObject", "*"], ["arn:aws:s3:::b/*", "*"])], "identity", ["everything"]),
    ([allow("*", "*", **under("Bool", "aws:MultiFactorAuthPresent", "true"))], "identity", []),
    ([allow("*", "*")], "boundary", []),
    ([allow("*", "*")], "scp", []),
    ([allow("*", "*")], "session", []),
    ([allow("iam:*", "*")], "identity", ["administration"]),
    ([allow("s3:*", "*")], "identity", []),
    # NotAction, NotResource
    ([without(allow(NotAction="iam:*"), "Action", "Resource") | {"Resource": "*"}], "identity", ["allow-not-action"]),
    ([without(deny(NotAction="iam:*"), "Action", "Resource") | {"Resource": "*"}], "identity", []),
    ([without(allow(NotResource="arn:aws:s3:::b/*"), "Resource")], "identity", ["allow-not-resource"]),
    ([without(deny(NotResource="arn:aws:s3:::b/*"), "Resource")], "identity", []),
    # passing roles
    ([allow("iam:PassRole", "*")], "identity", ["pass-any-role"]),
    ([allow("iam:Pass*", f"arn:aws:iam::{HERE}:role/*")], "identity", ["pass-any-role"]),
    ([allow("iam:PassRole", "arn:aws:iam::*:role/*")], "identity", ["pass-any-role"]),
    ([allow("iam:PassRole", f"arn:aws:iam::{HERE}:role/app-*")], "identity", []),
    ([allow("iam:PassRole", "*", **under("StringEquals", "iam:PassedToService", "ec2.amazonaws.com"))], "identity", []),
    ([allow("iam:PassRole", "*", **under("StringNotEquals", "iam:PassedToService", "x"))], "identity", ["pass-any-role"]),
    ([deny("iam:PassRole", "*")], "identity", []),
    # whom
    ([allow(Principal="*")], "resource", ["anybody"]),
    ([allow(Principal={"AWS": "*"})], "resource", ["anybody"]),
    ([deny(Principal="*")], "resource", []),
    ([allow(Principal="*", **under("StringEquals", "aws:PrincipalOrgID", "o-1"))], "resource", []),
    ([allow(Principal="*", **under("IpAddress", "aws:SourceIp", "203.0.113.0/24"))], "resource", []),
    ([allow(Principal="*", **under("IpAddress", "aws:SourceIp", "0.0.0.0/0"))], "resource", ["anybody"]),
    ([allow(Principal="*", **under("Bool", "aws:SecureTransport", "true"))], "resource", ["anybody"]),
    ([allow(Principal="*", **under("StringNotEquals", "aws:PrincipalAccount", HERE))], "resource", ["anybody"]),
    ([allow(Principal="*", **under("StringEqualsIfExists", "aws:SourceVpc", "vpc-1"))], "resource", ["anybody"]),
    ([trust({"AWS": "*"})], "trust", ["anybody"]),
    ([allow(NotPrincipal={"AWS": HERE})], "resource", ["not-principal"]),
    ([deny(NotPrincipal={"AWS": HERE})], "resource", ["not-principal"]),
    ([ON_SECRET], "resource", ["service-for-anybody"]),
    ([ON_SECRET | under("StringEquals", "aws:SourceAccount", HERE)], "resource", []),
    ([ON_SECRET | under("ArnLike", "aws:SourceArn", f"arn:aws:lambda:*:{HERE}:function:*")], "resource", []),
    # federation
    ([trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity")], "trust", ["any-federated-identity"]),
    ([trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity", **under("StringEquals", "oidc.example.com:aud", "sts.amazonaws.com"))], "trust", ["any-federated-identity"]),
    ([trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity", **under("StringLike", "oidc.example.com:sub", "*"))], "trust", ["any-federated-identity"]),
    ([trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity", **under("StringEquals", "oidc.example.com:sub", "system:serviceaccount:a:b"))], "trust", []),
    ([trust({"Federated": f"arn:aws:iam::{HERE}:saml-provider/corp"}, "sts:AssumeRoleWithSAML")], "trust", []),
    ([trust({"Federated": OIDC})], "trust", ["wrong-assume-action"]),
    ([trust({"Service": "ec2.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity")], "trust", ["wrong-assume-action"]),
    ([trust({"AWS": HERE}, "sts:AssumeRoleWithSAML")], "trust", ["wrong-assume-action"]),
    ([trust({"AWS": HERE}, ["sts:AssumeRole", "sts:AssumeRoleWithSAML"])], "trust", []),
    ([trust({"AWS": HERE}, "sts:*")], "trust", []),
    # Pod Identity
    ([trust(PODS)], "trust", ["pods-without-tag-session"]),
    ([trust(PODS, BOTH)], "trust", []),
    ([trust(PODS), trust(PODS, "sts:TagSession")], "trust", []),
    ([trust({"Service": "ec2.amazonaws.com"})], "trust", []),
    ([trust(PODS, BOTH, **under("ArnLike", "aws:SourceArn", f"arn:aws:eks:us-east-1:{HERE}:podidentityassociation/c/*"))], "trust", ["association-as-source"]),
    ([trust(PODS, BOTH, **under("ArnEquals", "aws:SourceArn", f"arn:aws:eks:us-east-1:{HERE}:cluster/c"))], "trust", []),
    # conditions
    ([allow(*SCAN, **under("ForAllValues:StringEquals", "dynamodb:Attributes", ["a"]))], "identity", ["for-all-values-of-nothing"]),
    ([allow(*SCAN, Condition={"ForAllValues:StringEquals": {"dynamodb:Attributes": ["a"]}, "Null": {"dynamodb:attributes": "false"}})], "identity", []),
    ([allow(*SCAN, Condition={"ForAllValues:StringEquals": {"dynamodb:Attributes": ["a"]}, "ForAnyValue:StringEquals": {"dynamodb:Attributes": ["a"]}})], "identity", []),
    ([deny(*SCAN, **under("ForAllValues:StringEquals", "dynamodb:Attributes", ["a"]))], "identity", []),
    ([deny(*SCAN, **under("ForAnyValue:StringEqualsIfExists", "dynamodb:Attributes", ["a"]))], "identity", ["if-exists-of-any"]),
    ([deny(*SCAN, **under("ForAllValues:StringEqualsIfExists", "dynamodb:Attributes", ["a"]))], "identity", []),
    ([allow(**under("ForAnyValue:StringEquals", "aws:PrincipalOrgID", ["o-1"]))], "identity", ["set-operator-on-single"]),
    ([allow(**under("StringEquals", "aws:CalledVia", "athena.amazonaws.com"))], "identity", ["no-set-operator"]),
    ([allow(**under("StringEquals", "aws:PrincipalTag/team", "red*"))], "identity", ["wildcard-as-text"]),
    ([allow(**under("StringNotEqualsIgnoreCase", "aws:PrincipalTag/team", "re?"))], "identity", ["wildcard-as-text"]),
    ([allow(**under("StringEquals", "aws:PrincipalTag/team", "${*}"))], "identity", []),
    ([allow(**under("StringLike", "aws:PrincipalTag/team", "red*"))], "identity", []),
    ([allow(**under("Bool", "aws:SecureTransport", "yes"))], "identity", ["never-matches"]),
    ([allow(**under("Null", "aws:SourceVpc", "maybe"))], "identity", ["never-matches"]),
    ([allow(**under("IpAddress", "aws:SourceIp", "300.0.0.1"))], "identity", ["never-matches"]),
    ([allow(**under("NumericLessThan", "aws:MultiFactorAuthAge", "an hour"))], "identity", ["never-matches"]),
    ([allow(**under("NumericLessThan", "aws:MultiFactorAuthAge", 3600))], "identity", []),
    ([allow(**under("ArnLike", "aws:PrincipalArn", "arn:aws:iam::role/x"))], "identity", ["never-matches"]),
    ([allow(**under("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{HERE}:role/x*"))], "identity", []),
    ([allow(**under("StringEquals", "aws:PrincipalTag/team", []))], "identity", ["no-values"]),
    ([allow(Condition={"StringEquals": {"aws:PrincipalTag/a": "1", "AWS:principaltag/a": "2"}})], "identity", ["key-twice"]),
    ([allow(**under("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "203.0.113.0/24"]))], "identity", ["private-source-ip"]),
    ([allow(**under("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"))], "identity", []),
    # what there is
    ([allow("s4:GetObject", "*")], "identity", ["unknown-service"]),
    ([allow("s3:GetObjekt", "*")], "identity", ["unknown-action"]),
    ([allow("s3:Gett*", "*")], "identity", ["unknown-action"]),
    ([allow("S3:getOBJECT", "*")], "identity", []),
    ([deny("s3:GetObjekt", "*")], "identity", ["unknown-action"]),
    ([allow(**under("StringEquals", "aws:PrincipalOrg", "o-1"))], "identity", ["unknown-key"]),
    ([allow(**under("StringEquals", "s3:prefixx", "a"))], "identity", ["unknown-key"]),
    ([allow(**under("StringEquals", "s4:prefix", "a"))], "identity", ["unknown-key"]),
    ([allow(**under("StringEquals", "prefix", "a"))], "identity", ["unknown-key"]),
    ([allow(**under("StringEquals", "s3:ExistingObjectTag/team", "a"))], "identity", []),
    ([allow("aws-marketplace:StartChangeSet", "*", **under("StringEquals", "catalog:ChangeType", "x"))], "identity", []),
    ([allow(**under("StringEquals", "s3:prefix", "a"))], "identity", ["key-of-no-action"]),
    ([allow(**under("StringEquals", "aws:RequestTag/team", "a"))], "identity", ["key-of-no-action"]),
    ([allow("s3:*", "*", **under("StringEquals", "s3:prefix", "a"))], "identity", []),
    ([allow("*", "*", **under("StringEquals", "s3:prefix", "a"))], "identity", []),
    ([allow(["s3:ListBucket", "s3:GetObject"], "*", **under("StringEquals", "s3:prefix", "a"))], "identity", ["key-not-of-all"]),
    ([allow(["s3:ListBucket", "s3:GetObject"], "*", **under("StringEqualsIfExists", "s3:prefix", "a"))], "identity", []),
    ([deny(["s3:ListBucket", "s3:GetObject"], "*", **under("StringEquals", "s3:prefix", "a"))], "identity", []),
    # variables
    ([allow(resource="arn:aws:s3:::b/${aws:PrincipalTg/team}/*")], "identity", ["unknown-variable"]),
    ([allow(resource="arn:aws:s3:::b/${username}/*")], "identity", ["unknown-variable"]),
    ([allow(resource="arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}/${*}/*")], "identity", []),
    # resources
    ([allow("s3:GetObject", "arn:aws:s3:::b")], "identity", ["action-on-no-resource", "resource-of-no-action"]),
    ([allow("s3:ListBucket", "arn:aws:s3:::b/*")], "identity", ["action-on-no-resource", "resource-of-no-action"]),
    ([allow(["s3:ListBucket", "s3:GetObject"], "arn:aws:s3:::b/*")], "identity", ["action-on-no-resource"]),
    ([allow(["s3:ListBucket", "s3:GetObject"], ["arn:aws:s3:::b/*", "arn:aws:s3:::b"])], "identity", []),
    ([allow("s3:Get*", "arn:aws:s3:::b/*")], "identity", []),
    ([allow("s3:GetObject", "arn:aws:s3:::b*")], "identity", []),
    ([allow("ec2:DescribeInstances", f"arn:aws:ec2:us-east-1:{HERE}:instance/*")], "identity", ["action-on-no-resource", "resource-of-no-action"]),
    ([allow(["s3:ListAllMyBuckets", "s3:GetBucketLocation"], "arn:aws:s3:::*")], "identity", []),
    ([allow("sqs:SendMessage", "arn:aws:sns:us-east-1:*:t")], "identity", ["action-on-no-resource", "resource-of-no-action"]),
    ([allow("sqs:SendMessage", "arn:aws:sqs")], "identity", []),
    ([allow("sqs:SendMessage", "arn:aws:sqs:*:q")], "identity", []),
    ([allow("sqs:SendMessage", "arn:aws:sqs:u*3333:q")], "identity", ["wildcard-stops-at-colon"]),
    ([allow("sqs:SendMessage", "arn:aws:sqs:us-east-1?111122223333:q")], "scp", ["action-on-no-resource", "resource-of-no-action", "wildcard-stops-at-colon"]),
    ([allow("sqs:SendMessage", "arn:aws:sqs:us-*-1:*:q*1")], "identity", []),
    ([allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*")], "identity", []),
    ([deny("s3:GetObject", "arn:aws:s3:::b")], "identity", []),
    # statements
    ([allow(), deny("s3:*", "*")], "identity", ["unreachable"]),
    ([allow(), deny("s3:*", "*", **under("Bool", "aws:SecureTransport", "false"))], "identity", []),
    ([allow(), deny("s3:Put*", "*")], "identity", []),
    ([allow("sqs:*", "arn:aws:sqs:us-east-1:*:q"), deny("sqs:*", "arn:aws:sqs:u*1:*:q")], "identity", ["unreachable"]),
    ([allow("sqs:*", "arn:aws:sqs:us-*:*:q"), deny("sqs:*", "arn:aws:sqs:u*:q")], "scp", ["unreachable"]),
    ([allow("sqs:*", "arn:aws:sqs:us-*:q"), deny("sqs:*", "arn:aws:sqs:u*q")], "scp", ["wildcard-stops-at-colon"]),
    ([allow(), deny("s3:*", "arn:aws:s3:::b/private/*")], "identity", []),
    ([allow(), allow("s3:Get*", "arn:aws:s3:::*")], "identity", ["redundant"]),
    ([allow(), allow()], "identity", ["redundant"]),
    ([allow(Principal={"AWS": HERE}), allow("s3:Get*", "*", Principal={"AWS": "444455556666"})], "resource", []),
    ([allow(Principal={"AWS": HERE}), deny(Principal="*")], "resource", ["unreachable"]),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "kind", "expected"), TABLE)
def test_checks(statements: list[Statement], kind: str, expected: list[str]) -> None:
    assert sorted(codes(*statements, kind=kind)) == expected


def test_versions() -> None:
    assert codes(allow(), version=None) == ["old-version"]
    assert codes(allow(), version="2008-10-17") == ["old-version"]
    assert codes(allow(resource="arn:aws:s3:::b/${aws:username}/*"), version=None) == ["variables-as-text"]


def test_sizes() -> None:
    many = [f"arn:aws:s3:::bucket-{number:04}/*" for number in range(300)]
    assert codes(allow(resource=many)) == ["too-long"]
    assert codes(allow(resource=many), kind="scp") == []
    assert "too-long" in codes(trust({"AWS": [f"{number:012}" for number in range(200)]}), kind="trust")
    assert "too-long" in codes(allow(resource=many[:80]), kind="session")


def test_what_is_refused_comes_with_its_place_and_the_rest_is_looked_over_all_the_same() -> None:
    text = '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {"Sid": "a", "Effect": "Allow", "Action": "*", "Resource": "*"},\n    {"Sid": "a", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}\n  ]\n}\n'
    found = lint(text, PolicyKind.IDENTITY)
    [error] = [finding for finding in found.findings if finding.severity == "error"]
    assert (error.code, error.line, error.column) == (REFUSED, 5, 13)
    assert error.message == "Statement IDs (SID) in a single policy must be unique."
    assert [finding.code for finding in found.findings] == ["everything", REFUSED]
    assert (found.errors, found.warnings) == (1, 1)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"Statement": []}', '{"Version": "2012-10-17", "Statement": {"Effect": "Allow"}, "X": 1}']
)
def test_what_is_no_policy_is_refused_alone(text: str) -> None:
    found = lint(text)
    assert [finding.code for finding in found.findings] == [REFUSED]
    assert found.findings[0].line == 1


def test_the_kind_decides_what_is_refused() -> None:
    with_principal = allow(Principal={"AWS": HERE})
    assert codes(with_principal, kind="identity") == [REFUSED]
    assert codes(with_principal, kind="resource") == []
    assert codes(allow(), kind="resource") == [REFUSED]
    assert codes(trust(PODS, "s3:GetObject"), kind="trust") == [REFUSED]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (allow(), "identity"),
        (allow(Principal={"AWS": HERE}), "resource"),
        (trust(PODS, BOTH), "trust"),
        (trust({"AWS": HERE}, "sts:*"), "trust"),
    ],
)
def test_the_kind_is_guessed(statement: Statement, kind: str) -> None:
    found = lint(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    assert (found.kind.value, found.guessed, found.errors) == (kind, True, 0)


def test_findings_point_at_the_very_value() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow(["s3:GetObject", "s3:Nothing"])]}, indent=1)
    [finding] = lint(text, reference=REFERENCE).findings
    assert text.splitlines()[finding.line - 1][finding.column - 1 :].startswith('"s3:Nothing"')
    single = json.dumps({"Version": "2012-10-17", "Statement": allow("s3:Nothing", "*")})
    [finding] = lint(single, reference=REFERENCE).findings
    assert single[finding.column - 1 :].startswith('"s3:Nothing"')


def test_without_the_reference_names_are_not_looked_up() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": allow("s4:Nothing", "arn:aws:s3:::b")})
    assert lint(text).findings == ()


def test_suggestions() -> None:
    hints = {finding.hint for finding in report(allow(["s3:GetObjekt", "dynamodbb:Scan"], "*")).findings}
    assert hints == {"did you mean s3:GetObject?", "did you mean dynamodb?"}


def test_every_code_is_tried_here() -> None:
    tried = {code for _, _, expected in TABLE for code in expected}
    assert tried | {REFUSED, "old-version", "variables-as-text", "too-long"} == set(CODES)


def test_a_hostile_policy_is_looked_over_in_bounded_steps() -> None:
    patterns = ["arn:aws:s3:::" + "*a" * 200 + str(number) for number in range(40)]
    actions = ["s3:*" + "e*" * 20 + str(number) for number in range(200)]
    found = report(*[allow(actions, patterns) for _ in range(5)])
    assert len(found.findings) <= 101


def test_the_page_lists_every_code() -> None:
    page = (Path(__file__).parents[3] / "docs" / "policy.md").read_text(encoding="utf-8")
    for code, regret in CODES.items():
        assert f"| `{code}` | {regret} |" in page
