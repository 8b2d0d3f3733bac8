"""What each kind of policy may say and what it has to: trust, resources, organizations, sessions, boundaries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.policy.written import BUCKET, GOOD, with_elements, with_statement

from podid.core.policy import MalformedPolicy, PolicyKind, parse_policy, read_policy

TRUSTED: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
STS_ONLY = "AssumeRole policy may only specify STS AssumeRole actions."


def trusting(**elements: Any) -> str:
    statement = {**TRUSTED, **elements}
    return with_statement({name: value for name, value in statement.items() if value is not None})


COGNITO = {"Federated": "cognito-identity.amazonaws.com"}

TRUST_REFUSED = [
    (" " + with_statement(TRUSTED), "JSON strings must not have leading spaces"),
    ("{invalid json", "This policy contains invalid Json"),
    (json.dumps({"Version": "2020-01-01", "Statement": TRUSTED}), "The policy must contain a valid version string"),
    (json.dumps({"Version": "2012-10-17", "Statement": []}), "Could not parse the policy: Statement is empty!"),
    (json.dumps({"Version": "2012-10-17"}), "Could not parse the policy: Statement is empty!"),
    (trusting(Effect="Maybe"), "Invalid effect: Maybe"),
    (trusting(Effect=None), "Missing required field Effect"),
    (trusting(Principal=None), "Missing required field Principal"),
    (trusting(Principal={}), "Missing required field Principal cannot be empty!"),
    (trusting(Principal="*"), "Principal must be a JSON object."),
    (trusting(Principal="arn:aws:iam::111122223333:root"), "Principal must be a JSON object."),
    (trusting(Principal=["a"]), "Syntax error in policy."),
    (trusting(Principal={"CanonicalUser": "abc"}), 'Invalid principal in policy: "CanonicalUser"'),
    (trusting(Principal={"Group": "abc"}), 'Invalid principal in policy: "Group"'),
    (trusting(Principal=None, NotPrincipal={"AWS": "*"}), "Allow with NotPrincipal is not allowed."),
    (
        trusting(Effect="Deny", Principal=None, NotPrincipal={"AWS": "*"}),
        "AssumeRole policy must not contain NotPrincipal field.",
    ),
    (trusting(Action=None), "Missing required field Action"),
    (trusting(Action=[]), "Missing required field Action"),
    (trusting(NotAction="sts:TagSession"), "Syntax error in policy."),
    (trusting(Action="*"), STS_ONLY),
    (trusting(Action="s3:GetObject"), STS_ONLY),
    (trusting(Action="sts:TagSessions"), STS_ONLY),
    (trusting(Action="sts:assumeRoleWithWebIdendity"), STS_ONLY),
    (trusting(Action=["sts:AssumeRole", "ec2:*"]), STS_ONLY),
    (trusting(Action=None, NotAction="s3:GetObject", Effect="Deny"), STS_ONLY),
    (trusting(Resource="*"), "Has prohibited field Resource"),
    (trusting(NotResource="*"), "AssumeRole policy must not contain resources."),
    (
        with_statement({**TRUSTED, "Sid": "Dup"}, {**TRUSTED, "Sid": "Dup"}),
        "The Statement Ids in the policy are not unique",
    ),
    (trusting(Principal=COGNITO), "A condition block must be present for the Cognito provider"),
    (
        trusting(Principal=COGNITO, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        "A condition block must be present for the Cognito provider",
    ),
    (
        trusting(Principal=COGNITO, Condition={"StringEquals": {"cognito-identity.amazonaws.com:aud": "*"}}),
        "A condition block must be present for the Cognito provider",
    ),
]


@pytest.mark.parametrize(("text", "message"), TRUST_REFUSED)
def test_trust_refused(text: str, message: str) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(text, PolicyKind.TRUST)
    assert refused.value.message == message


TRUST_TAKEN = [
    trusting(),
    json.dumps({"Statement": TRUSTED}),
    json.dumps({"Version": "2008-10-17", "Statement": TRUSTED}),
    trusting(Principal={"AWS": "arn:aws:iam::111122223333:root"}),
    trusting(Principal={"AWS": ["111122223333", "arn:aws:iam::111122223333:role/r"], "Service": "ec2.amazonaws.com"}),
    trusting(Principal={"Service": "pods.eks.amazonaws.com"}, Action=["sts:AssumeRole", "sts:TagSession"]),
    trusting(Principal={"Federated": "arn:aws:iam::1:oidc-provider/x"}, Action="sts:AssumeRoleWithWebIdentity"),
    trusting(Action="sts:SetSourceIdentity"),
    trusting(Action="sts:*"),
    trusting(Action="STS:assumeRole"),
    trusting(Action="sts:AssumeRole*"),
    trusting(Effect="Deny", Action=None, NotAction="sts:AssumeRole"),
    trusting(
        Principal=COGNITO,
        Action="sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:abc"}},
    ),
]


@pytest.mark.parametrize("text", TRUST_TAKEN)
def test_trust_taken(text: str) -> None:
    assert parse_policy(text, PolicyKind.TRUST).document.statements


@pytest.mark.parametrize("kind", [PolicyKind.RESOURCE, PolicyKind.RCP])
def test_policies_of_resources_name_a_principal(kind: PolicyKind) -> None:
    with pytest.raises(MalformedPolicy, match="Missing required field Principal"):
        parse_policy(with_statement(GOOD), kind)
    assert parse_policy(with_elements(Principal="*", Effect="Deny"), kind).principals() == (("*", "*"),)


ORGANIZATIONS = "The provided policy document does not meet the requirements of the specified policy type."
DENIES = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
FULL = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def without_version(statement: dict[str, Any]) -> str:
    return json.dumps({"Statement": [statement]})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (with_statement({**DENIES, "Effect": "Allow"}), '"Allow"'),
        (with_statement({**FULL, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}), '"Allow"'),
        (with_statement(FULL, DENIES), '"Allow"'),
        (with_statement(DENIES, {**FULL, "Resource": BUCKET}), '"Allow"'),
        (with_statement({**DENIES, "Principal": {"AWS": "111122223333"}}), '{"AWS"'),
        (with_statement({**DENIES, "Principal": {"AWS": ["*", "111122223333"]}}), '{"AWS"'),
        (with_statement({"Effect": "Deny", "NotPrincipal": "*", "Action": "s3:*", "Resource": "*"}), '"*", "Action"'),
        (with_statement({"Effect": "Deny", "Principal": "*", "NotAction": "s3:*", "Resource": "*"}), '"s3:*"'),
        (with_statement({**DENIES, "Action": "*"}), '"*", "Resource"'),
        (with_statement({**DENIES, "Action": ["s3:*", "*:Get"]}), '"*:Get"'),
        (without_version(DENIES), "{"),
    ],
)
def test_what_a_resource_control_policy_must_not_say(text: str, place: str) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(text, PolicyKind.RCP)
    assert refused.value.message == ORGANIZATIONS
    assert text[refused.value.position.offset :].startswith(place)
    assert refused.value.hint
    assert read_policy(text, PolicyKind.RCP).document.statements


@pytest.mark.parametrize(
    "text",
    [
        with_statement(FULL),
        with_statement(DENIES, {**DENIES, "Action": ["sqs:Send*", "sts:?et*"]}),
        with_statement({**DENIES, "Principal": {"AWS": "*"}}),
        with_statement({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "NotResource": BUCKET}),
        with_statement({**DENIES, "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}),
    ],
)
def test_what_a_resource_control_policy_may_say(text: str) -> None:
    assert parse_policy(text, PolicyKind.RCP).kind is PolicyKind.RCP


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*Object", "NotResource": BUCKET},
        {
            "Effect": "Allow",
            "Action": "*:Get*",
            "Resource": BUCKET,
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        },
        {"Effect": "Deny", "NotAction": "s3:*", "NotResource": BUCKET},
    ],
)
def test_a_service_control_policy_may_say_what_a_managed_policy_may(statement: dict[str, Any]) -> None:
    assert parse_policy(with_statement(statement), PolicyKind.SCP).kind is PolicyKind.SCP
    with pytest.raises(MalformedPolicy, match="requirements of the specified policy type"):
        parse_policy(without_version(statement), PolicyKind.SCP)


@pytest.mark.parametrize("kind", [PolicyKind.SESSION, PolicyKind.BOUNDARY, PolicyKind.SCP])
def test_policies_of_principals_name_none(kind: PolicyKind) -> None:
    with pytest.raises(MalformedPolicy, match="should not specify a principal"):
        parse_policy(with_elements(Principal="*"), kind)
    assert parse_policy(with_statement(GOOD), kind).kind is kind


def test_a_resource_policy_may_leave_out_its_resource() -> None:
    text = with_statement({"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"})
    assert parse_policy(text, PolicyKind.RESOURCE).document.statements[0].resources is None
