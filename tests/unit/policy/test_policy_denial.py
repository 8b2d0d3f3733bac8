"""AWS's AccessDenied sentences: "Troubleshoot access denied error messages" of the IAM and S3 user guides, and public reports."""

from __future__ import annotations

import pytest

from podid.core.policy import (
    Decision,
    DenialStyle,
    Layer,
    Outcome,
    Principal,
    Reason,
    Request,
    StatementRef,
    denial_text,
    style_of,
)

JOHN = Principal(kind="user", account="123456789012", arn="arn:aws:iam::123456789012:user/John")
POD = Principal(kind="role-session", account="123456789012", arn="arn:aws:sts::123456789012:assumed-role/app/eks-1")


def implicit(*layers: Layer) -> Decision:
    return Decision(Outcome.IMPLICITLY_DENIED, tuple(Reason(layer, "implicit") for layer in layers))


def explicit(layer: Layer, arn: str = "") -> Decision:
    return Decision(Outcome.EXPLICITLY_DENIED, (Reason(layer, "explicit"),), (StatementRef(layer, "p", "", 0, arn),))


IMPLICIT = {
    Layer.IDENTITY: "because no identity-based policy allows the codecommit:ListRepositories action",
    Layer.RESOURCE: "because no resource-based policy allows the codecommit:ListRepositories action",
    Layer.SESSION: "because no session policy allows the codecommit:ListRepositories action",
    Layer.BOUNDARY: "because no permissions boundary allows the codecommit:ListRepositories action",
    Layer.TRUST: "because no role trust policy allows the codecommit:ListRepositories action",
    Layer.SCP: "because no service control policy allows the codecommit:ListRepositories action",
    Layer.RCP: "because no resource control policy allows the codecommit:ListRepositories action",
}
EXPLICIT = {
    Layer.IDENTITY: "with an explicit deny in an identity-based policy",
    Layer.RESOURCE: "with an explicit deny in a resource-based policy",
    Layer.SESSION: "with an explicit deny in a session policy",
    Layer.BOUNDARY: "with an explicit deny in a permissions boundary",
    Layer.TRUST: "with an explicit deny in the role trust policy",
    Layer.SCP: "with an explicit deny in a service control policy",
    Layer.RCP: "with an explicit deny in a resource control policy",
}


@pytest.mark.parametrize("layer", list(Layer))
def test_every_layer_has_its_two_reasons(layer: Layer) -> None:
    request = Request(principal=JOHN, action="codecommit:ListRepositories")
    start = (
        "User: arn:aws:iam::123456789012:user/John is not authorized to perform: codecommit:ListRepositories "
        "on resource: * "
    )
    assert denial_text(request, implicit(layer)) == start + IMPLICIT[layer]
    assert denial_text(request, explicit(layer)) == start + EXPLICIT[layer]


def test_one_reason_is_given_the_first() -> None:
    request = Request(principal=JOHN, action="codecommit:ListRepositories")
    assert denial_text(request, implicit(Layer.BOUNDARY, Layer.SESSION)).endswith(IMPLICIT[Layer.BOUNDARY])


def test_an_organizations_policy_is_named_by_its_arn() -> None:
    request = Request(principal=JOHN, action="sqs:SendMessage", resource="arn:aws:sqs:us-east-1:123456789012:q")
    arn = "arn:aws:organizations::999999999999:policy/o-example/service_control_policy/p-guard"
    assert denial_text(request, explicit(Layer.SCP, arn)).endswith(f"explicit deny in a service control policy: {arn}")
    assert denial_text(request, explicit(Layer.IDENTITY, arn)).endswith("explicit deny in an identity-based policy")


# who, action, resource, its owner, decision, the sentence
SENTENCES: list[tuple[Principal, str, str, str, Decision, str]] = [
    (
        POD,
        "s3:ListAllMyBuckets",
        "arn:aws:s3:::*",
        "",
        implicit(Layer.IDENTITY),
        "User: arn:aws:sts::123456789012:assumed-role/app/eks-1 is not authorized to perform: s3:ListAllMyBuckets because no "
        "identity-based policy allows the s3:ListAllMyBuckets action",
    ),
    (
        POD,
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        "123456789012",
        implicit(Layer.IDENTITY),
        "User: arn:aws:sts::123456789012:assumed-role/app/eks-1 is not authorized to perform: s3:GetObject on resource: "
        '"arn:aws:s3:::b/k" because no identity-based policy allows the s3:GetObject action',
    ),
    (POD, "s3:GetObject", "arn:aws:s3:::b/k", "999999999999", implicit(Layer.RESOURCE), "Access Denied"),
    (Principal(kind="anonymous"), "s3:GetObject", "arn:aws:s3:::b/k", "", implicit(Layer.RESOURCE), "Access Denied"),
    (
        POD,
        "lambda:ListFunctions",
        "*",
        "",
        implicit(Layer.IDENTITY),
        "User: arn:aws:sts::123456789012:assumed-role/app/eks-1 is not authorized to perform: lambda:ListFunctions on resource: * "
        "because no identity-based policy allows the lambda:ListFunctions action",
    ),
    (
        JOHN,
        "sts:AssumeRole",
        "arn:aws:iam::123456789012:role/r",
        "",
        implicit(Layer.IDENTITY),
        "User: arn:aws:iam::123456789012:user/John is not authorized to perform: sts:AssumeRole on resource: "
        "arn:aws:iam::123456789012:role/r",
    ),
    (
        JOHN,
        "sts:TagSession",
        "arn:aws:iam::123456789012:role/r",
        "",
        implicit(Layer.TRUST),
        "User: arn:aws:iam::123456789012:user/John is not authorized to perform: sts:TagSession on resource: "
        "arn:aws:iam::123456789012:role/r",
    ),
    (
        JOHN,
        "ec2:DescribeInstances",
        "*",
        "",
        implicit(Layer.IDENTITY),
        "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/John is not authorized to perform: "
        "ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action",
    ),
    (
        JOHN,
        "ec2:RunInstances",
        "arn:aws:ec2:us-east-1:123456789012:instance/*",
        "",
        explicit(Layer.SCP),
        "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/John is not authorized to perform: "
        "ec2:RunInstances on resource: arn:aws:ec2:us-east-1:123456789012:instance/* with an explicit deny in a service control policy",
    ),
    (
        Principal(kind="service", service="sns.amazonaws.com"),
        "sqs:SendMessage",
        "arn:aws:sqs:us-east-1:123456789012:q",
        "",
        implicit(Layer.RESOURCE),
        "User: sns.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:123456789012:q "
        "because no resource-based policy allows the sqs:SendMessage action",
    ),
]


@pytest.mark.parametrize(("who", "action", "resource", "owner", "decision", "sentence"), SENTENCES)
def test_sentence(who: Principal, action: str, resource: str, owner: str, decision: Decision, sentence: str) -> None:
    request = Request(principal=who, action=action, resource=resource, resource_account=owner)
    assert denial_text(request, decision) == sentence


def test_the_style_may_be_chosen() -> None:
    request = Request(principal=JOHN, action="sts:AssumeRole", resource="arn:aws:iam::123456789012:role/r")
    text = denial_text(request, implicit(Layer.TRUST), style=DenialStyle.GENERAL)
    assert text.endswith("role/r because no role trust policy allows the sts:AssumeRole action")


@pytest.mark.parametrize(
    ("action", "style"),
    [
        ("s3:GetObject", DenialStyle.S3),
        ("S3:GetObject", DenialStyle.S3),
        ("ec2:RunInstances", DenialStyle.EC2),
        ("sts:AssumeRole", DenialStyle.ASSUME_ROLE),
        ("sts:GetFederationToken", DenialStyle.GENERAL),
        ("eks:CreateCluster", DenialStyle.GENERAL),
    ],
)
def test_style_of_a_service(action: str, style: DenialStyle) -> None:
    assert style_of(action) is style
