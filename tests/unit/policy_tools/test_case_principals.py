"""Who asks: the forms in which principals and contexts are written."""

from __future__ import annotations

from typing import Any

import pytest

from podid.core.policy import Principal
from podid.policy_tools.cases import BadCase, read_context, read_pairs, read_principal

HERE = "111122223333"
ROLE = f"arn:aws:iam::{HERE}:role/team/app"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/app/s1"
SAML = f"arn:aws:iam::{HERE}:saml-provider/corp"
OIDC = f"arn:aws:iam::{HERE}:oidc-provider/example.com/id"

READ: list[tuple[Any, Principal]] = [
    (
        f"arn:aws:iam::{HERE}:user/a/b",
        Principal(
            kind="user",
            account=HERE,
            arn=f"arn:aws:iam::{HERE}:user/a/b",
            issuer_arn=f"arn:aws:iam::{HERE}:user/a/b",
        ),
    ),
    (ROLE, Principal(kind="role-session", account=HERE, issuer_arn=ROLE)),
    (
        SESSION,
        Principal(kind="role-session", account=HERE, arn=SESSION, issuer_arn=f"arn:aws:iam::{HERE}:role/app"),
    ),
    # AWS's session ARNs have no path; whoever writes one means the role's
    (
        f"arn:aws:sts::{HERE}:assumed-role/team/app/s1",
        Principal(kind="role-session", account=HERE, arn=SESSION, issuer_arn=ROLE),
    ),
    (
        f"arn:aws-cn:sts::{HERE}:assumed-role/app/s1",
        Principal(
            kind="role-session",
            account=HERE,
            arn=f"arn:aws-cn:sts::{HERE}:assumed-role/app/s1",
            issuer_arn=f"arn:aws-cn:iam::{HERE}:role/app",
        ),
    ),
    (
        f"arn:aws:sts::{HERE}:federated-user/f",
        Principal(kind="federated-user", account=HERE, arn=f"arn:aws:sts::{HERE}:federated-user/f"),
    ),
    (SAML, Principal(kind="saml", provider=SAML, arn=SAML)),
    (OIDC, Principal(kind="web-identity", provider=OIDC, arn=OIDC)),
    ({"Federated": OIDC}, Principal(kind="web-identity", provider=OIDC, arn=OIDC)),
    ("lambda.amazonaws.com", Principal(kind="service", service="lambda.amazonaws.com", arn="lambda.amazonaws.com")),
    (
        {"Service": "ec2.amazonaws.com.cn"},
        Principal(kind="service", service="ec2.amazonaws.com.cn", arn="ec2.amazonaws.com.cn"),
    ),
    (
        {"type": "Service", "value": "x.amazonaws.com"},
        Principal(kind="service", service="x.amazonaws.com", arn="x.amazonaws.com"),
    ),
    # without an action of federation this is the service
    (
        "cognito-identity.amazonaws.com",
        Principal(kind="service", service="cognito-identity.amazonaws.com", arn="cognito-identity.amazonaws.com"),
    ),
]


@pytest.mark.parametrize(("given", "expected"), READ)
def test_read_principal(given: Any, expected: Principal) -> None:
    assert read_principal(given) == expected


@pytest.mark.parametrize(
    "given",
    [HERE, f"arn:aws:iam::{HERE}:root", {"AWS": HERE}, {"type": "AWS", "id": HERE}, {"type": "Account", "id": HERE}],
)
def test_the_accounts_root(given: Any) -> None:
    assert (read_principal(given).kind, read_principal(given).account) == ("root", HERE)


@pytest.mark.parametrize("given", ["*", "anonymous", "Anonymous", {"type": "Anonymous"}, {"type": "anonymous"}])
def test_nobody_in_particular(given: Any) -> None:
    assert read_principal(given).kind == "anonymous"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "alice",
        "12345",
        None,
        5,
        [],
        {},
        {"type": "Anonymous", "arn": SESSION},
        {"type": "Martian", "arn": SESSION},
        {"type": "AWS"},
        {"type": 5},
        {"AWS": ["a", "b"]},
        {"AWS": SESSION, "Service": "x.amazonaws.com"},
        {"AWS": "lambda.amazonaws.com"},
        {"AWS": OIDC},
        {"Service": SESSION},
        {"Federated": SESSION},
        {"Service": HERE},
        {"canonicalUser": "x"},
        {"AWS": SESSION, "canonicalUser": 5},
        f"arn:aws:iam::{HERE}:group/g",
        f"arn:aws:iam::{HERE}:role/",
        f"arn:aws:iam::{HERE}:policy/p",
        f"arn:aws:sts::{HERE}:assumed-role/app",
        "arn:aws:sts::1:assumed-role/app/s",
        "arn:aws:s3:::bucket",
        "arn:aws:iam::aws:root",
        "arn:nonsense",
        "http://example.com/",
    ],
)
def test_what_is_no_principal(given: Any) -> None:
    with pytest.raises(BadCase, match=r"^principal: "):
        read_principal(given)


def test_the_roles_path_and_ids_come_from_the_context() -> None:
    context = {"aws:principalarn": (ROLE,), "aws:userid": ("AROAEXAMPLE:s1",)}
    found = read_principal(SESSION, context=context)
    assert (found.arn, found.issuer_arn, found.user_id, found.issuer_id) == (
        SESSION,
        ROLE,
        "AROAEXAMPLE:s1",
        "AROAEXAMPLE",
    )
    # a key that contradicts the principal is a key of the context, and no more
    other = read_principal(SESSION, context={"aws:principalarn": (f"arn:aws:iam::{HERE}:role/other",)})
    assert other.issuer_arn == f"arn:aws:iam::{HERE}:role/app"


def test_a_providers_host_belongs_to_the_account_of_the_role() -> None:
    def provider(given: str, resource: str = f"arn:aws:iam::{HERE}:role/target") -> str:
        return read_principal(given, action="sts:AssumeRoleWithWebIdentity", resource=resource).provider

    assert provider("https://example.com/id") == OIDC
    assert provider("example.com/id") == OIDC
    assert provider("www.amazon.com") == "www.amazon.com"
    with pytest.raises(BadCase, match="give its ARN"):
        provider("example.com/id", "*")


def test_context_of_json_and_of_flags() -> None:
    assert read_context({"aws:SourceIp": "1", "X": [True, "b"], "n": 1.5, "none": []}) == {
        "aws:sourceip": ("1",),
        "x": ("true", "b"),
        "n": ("1.5",),
        "none": (),
    }
    assert read_pairs(["a=1", "A=2", "b=x=y", "c="]) == {"a": ("1", "2"), "b": ("x=y",), "c": ("",)}
    for wrong in ("a", "=1", ""):
        with pytest.raises(BadCase, match="KEY=VALUE"):
            read_pairs([wrong])
    with pytest.raises(BadCase, match="more than"):
        read_context({"a": ["x"] * 1_001})
