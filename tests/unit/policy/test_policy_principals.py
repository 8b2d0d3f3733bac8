"""Principal and NotPrincipal in resource policies, after the IAM user guide's pages on both elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from podid.core.policy import (
    Decision,
    NamedPolicy,
    Outcome,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    read_policy,
)

Ask = Callable[[Request, PolicySet], Decision]

HERE, THERE = "111122223333", "444455556666"


def user(name: str, account: str = HERE, path: str = "/") -> Principal:
    arn = f"arn:aws:iam::{account}:user{path}{name}"
    identity = f"AIDA{name.upper()}"
    return Principal(kind="user", account=account, arn=arn, issuer_arn=arn, user_id=identity, issuer_id=identity)


def session(role: str, name: str, account: str = HERE, path: str = "/") -> Principal:
    return Principal(
        kind="role-session",
        account=account,
        arn=f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        issuer_arn=f"arn:aws:iam::{account}:role{path}{role}",
        user_id=f"AROA{role.upper()}:{name}",
        issuer_id=f"AROA{role.upper()}",
    )


def federated(name: str, issuer: str, account: str = HERE) -> Principal:
    return Principal(
        kind="federated-user",
        account=account,
        arn=f"arn:aws:sts::{account}:federated-user/{name}",
        issuer_arn=f"arn:aws:iam::{account}:user/{issuer}",
        user_id=f"{account}:{name}",
        issuer_id=f"AIDA{issuer.upper()}",
    )


def root(account: str = HERE) -> Principal:
    return Principal(kind="root", account=account, arn=f"arn:aws:iam::{account}:root", user_id=account)


def service(name: str) -> Principal:
    return Principal(kind="service", service=name)


ANYBODY = Principal(kind="anonymous", arn="anonymous")
COGNITO = Principal(kind="web-identity", provider="cognito-identity.amazonaws.com")
OIDC = Principal(kind="web-identity", provider=f"arn:aws:iam::{HERE}:oidc-provider/oidc.example.com")
SAML = Principal(kind="saml", provider=f"arn:aws:iam::{HERE}:saml-provider/corp")

EVERYONE = [
    user("alice"),
    user("bob", THERE),
    session("app", "s1"),
    session("app", "s1", THERE),
    federated("fed", "alice"),
    root(),
    service("sns.amazonaws.com"),
    ANYBODY,
    COGNITO,
    OIDC,
    SAML,
]


def policy_of(statement: dict[str, Any]) -> NamedPolicy:
    import json

    text = json.dumps({"Version": "2012-10-17", "Statement": {"Action": "*", "Resource": "*", **statement}})
    return NamedPolicy("resource", read_policy(text, PolicyKind.RESOURCE))


def denied(ask: Ask, element: dict[str, Any], who: Principal, boundary: NamedPolicy | None = None) -> bool:
    """Whether a Deny statement of a resource policy takes in the caller."""
    request = Request(principal=who, action="s3:GetObject", resource="arn:aws:s3:::b/k")
    policies = PolicySet(resource=policy_of({"Effect": "Deny", **element}), boundary=boundary)
    return ask(request, policies).outcome is Outcome.EXPLICITLY_DENIED


# the Principal element, the caller, whether it is named
NAMED: list[tuple[Any, Principal, bool]] = [
    *[("*", who, True) for who in EVERYONE],
    *[({"AWS": "*"}, who, True) for who in EVERYONE],
    ({"AWS": HERE}, user("alice"), True),
    ({"AWS": HERE}, user("alice", THERE), False),
    ({"AWS": HERE}, session("app", "s"), True),
    ({"AWS": HERE}, federated("fed", "alice"), True),
    ({"AWS": HERE}, root(), True),
    ({"AWS": HERE}, service("sns.amazonaws.com"), False),
    ({"AWS": HERE}, ANYBODY, False),
    ({"AWS": f"arn:aws:iam::{HERE}:root"}, user("alice"), True),
    ({"AWS": f"arn:aws:iam::{HERE}:root"}, session("app", "s"), True),
    ({"AWS": f"arn:aws:iam::{HERE}:root"}, root(), True),
    ({"AWS": f"arn:aws:iam::{HERE}:root"}, root(THERE), False),
    ({"AWS": [THERE, HERE]}, user("alice"), True),
    ({"AWS": f"arn:aws:iam::{HERE}:user/alice"}, user("alice"), True),
    ({"AWS": f"arn:aws:iam::{HERE}:user/Alice"}, user("alice"), False),
    ({"AWS": f"arn:aws:iam::{HERE}:user/alice"}, user("bob"), False),
    ({"AWS": f"arn:aws:iam::{HERE}:user/alice"}, user("alice", THERE), False),
    ({"AWS": f"arn:aws:iam::{HERE}:user/eu/alice"}, user("alice", path="/eu/"), True),
    ({"AWS": f"arn:aws:iam::{HERE}:user/alice"}, user("alice", path="/eu/"), False),
    ({"AWS": f"arn:aws:iam::{HERE}:user/alice"}, federated("fed", "alice"), True),
    ({"AWS": f"arn:aws:iam::{HERE}:user/*"}, user("alice"), False),
    ({"AWS": f"arn:aws:iam::{HERE}:role/app"}, session("app", "s"), True),
    ({"AWS": f"arn:aws:iam::{HERE}:role/app"}, session("app2", "s"), False),
    ({"AWS": f"arn:aws:iam::{HERE}:role/app"}, session("app", "s", THERE), False),
    ({"AWS": f"arn:aws:iam::{HERE}:role/team/app"}, session("app", "s", path="/team/"), True),
    ({"AWS": f"arn:aws:iam::{HERE}:role/app"}, session("app", "s", path="/team/"), False),
    ({"AWS": f"arn:aws:sts::{HERE}:assumed-role/app/s"}, session("app", "s"), True),
    ({"AWS": f"arn:aws:sts::{HERE}:assumed-role/app/s"}, session("app", "t"), False),
    ({"AWS": f"arn:aws:sts::{HERE}:assumed-role/app/*"}, session("app", "s"), False),
    ({"AWS": f"arn:aws:sts::{HERE}:federated-user/fed"}, federated("fed", "alice"), True),
    ({"AWS": f"arn:aws:sts::{HERE}:federated-user/fed"}, federated("other", "alice"), False),
    ({"AWS": "AROAAPP"}, session("app", "s"), True),
    ({"AWS": "AROAOTHER"}, session("app", "s"), False),
    ({"AWS": "AIDAALICE"}, user("alice"), True),
    ({"AWS": ""}, ANYBODY, False),
    ({"AWS": ""}, Principal(kind="user", account=HERE, arn="arn:aws:iam::1:user/x"), False),
    ({"Service": "sns.amazonaws.com"}, service("sns.amazonaws.com"), True),
    ({"Service": ["sqs.amazonaws.com", "sns.amazonaws.com"]}, service("sns.amazonaws.com"), True),
    ({"Service": "sqs.amazonaws.com"}, service("sns.amazonaws.com"), False),
    ({"Service": "sns.amazonaws.com"}, user("alice"), False),
    ({"AWS": "sns.amazonaws.com"}, service("sns.amazonaws.com"), False),
    ({"Federated": "cognito-identity.amazonaws.com"}, COGNITO, True),
    ({"Federated": "accounts.google.com"}, COGNITO, False),
    ({"Federated": f"arn:aws:iam::{HERE}:oidc-provider/oidc.example.com"}, OIDC, True),
    ({"Federated": f"arn:aws:iam::{HERE}:saml-provider/corp"}, SAML, True),
    ({"Federated": f"arn:aws:iam::{HERE}:saml-provider/corp"}, OIDC, False),
    ({"AWS": f"arn:aws:iam::{HERE}:saml-provider/corp"}, SAML, False),
    ({"CanonicalUser": "79a59d"}, Principal(kind="root", account=HERE, canonical_id="79a59d"), True),
    ({"CanonicalUser": "79a59d"}, Principal(kind="user", account=HERE, arn="a", canonical_id="79a59d"), True),
    ({"CanonicalUser": "79a59d"}, user("alice"), False),
    ({"AWS": THERE, "Service": "sns.amazonaws.com"}, service("sns.amazonaws.com"), True),
    ({"AWS": THERE, "Service": "sns.amazonaws.com"}, user("bob", THERE), True),
    ({"AWS": THERE, "Service": "sns.amazonaws.com"}, user("alice"), False),
]


@pytest.mark.parametrize(("element", "who", "named"), NAMED)
def test_principal(ask: Ask, element: Any, who: Principal, named: bool) -> None:
    assert denied(ask, {"Principal": element}, who) is named


BOB = [f"arn:aws:iam::{THERE}:user/Bob", f"arn:aws:iam::{THERE}:root"]
AUDIT = [
    f"arn:aws:sts::{THERE}:assumed-role/audit/app",
    f"arn:aws:iam::{THERE}:role/audit",
    f"arn:aws:iam::{THERE}:root",
]

# the NotPrincipal element of a Deny, the caller, whether it is denied
DENIED_BUT: list[tuple[Any, Principal, bool]] = [
    ({"AWS": BOB}, user("Bob", THERE), False),
    ({"AWS": BOB}, user("Alice", THERE), True),
    ({"AWS": BOB}, user("Bob", HERE), True),
    ({"AWS": BOB}, session("audit", "app", THERE), True),
    ({"AWS": BOB}, root(THERE), False),
    ({"AWS": BOB}, root(HERE), True),
    ({"AWS": BOB}, ANYBODY, True),
    ({"AWS": BOB}, service("sns.amazonaws.com"), True),
    # "you must also specify the account ARN of the not-denied principal"
    ({"AWS": BOB[:1]}, user("Bob", THERE), True),
    ({"AWS": AUDIT}, session("audit", "app", THERE), False),
    ({"AWS": AUDIT}, session("audit", "other", THERE), True),
    ({"AWS": AUDIT}, session("other", "app", THERE), True),
    # "if the NotPrincipal element was missing the ARN of the role … or of the account"
    ({"AWS": [AUDIT[0], AUDIT[2]]}, session("audit", "app", THERE), True),
    ({"AWS": AUDIT[:2]}, session("audit", "app", THERE), True),
    ({"Service": "sns.amazonaws.com"}, service("sns.amazonaws.com"), False),
    ({"Service": "sns.amazonaws.com"}, service("sqs.amazonaws.com"), True),
    ({"Federated": "cognito-identity.amazonaws.com"}, COGNITO, False),
    ({"AWS": "*"}, user("alice"), False),
    ("*", ANYBODY, False),
]


@pytest.mark.parametrize(("element", "who", "is_denied"), DENIED_BUT)
def test_not_principal_with_deny(ask: Ask, element: Any, who: Principal, is_denied: bool) -> None:
    assert denied(ask, {"NotPrincipal": element}, who) is is_denied


def test_not_principal_with_deny_always_takes_in_who_has_a_permissions_boundary(ask: Ask) -> None:
    everything = policy_of({"Effect": "Allow"})
    assert not denied(ask, {"NotPrincipal": {"AWS": BOB}}, user("Bob", THERE))
    assert denied(ask, {"NotPrincipal": {"AWS": BOB}}, user("Bob", THERE), boundary=everything)


# the NotPrincipal element of an Allow, the caller, whether it is allowed (in the bucket's own account)
ALLOWED_BUT: list[tuple[Any, Principal, bool]] = [
    ({"AWS": f"arn:aws:iam::{HERE}:user/bob"}, user("alice"), True),
    ({"AWS": f"arn:aws:iam::{HERE}:user/bob"}, user("bob"), False),
    ({"AWS": f"arn:aws:iam::{HERE}:user/bob"}, ANYBODY, True),
    ({"AWS": f"arn:aws:iam::{HERE}:user/bob"}, service("sns.amazonaws.com"), True),
    ({"AWS": HERE}, user("bob"), False),
    ({"AWS": f"arn:aws:iam::{HERE}:role/app"}, session("app", "s"), False),
    ({"AWS": f"arn:aws:iam::{HERE}:role/app"}, session("app2", "s"), True),
]


@pytest.mark.parametrize(("element", "who", "allowed"), ALLOWED_BUT)
def test_not_principal_with_allow(ask: Ask, element: Any, who: Principal, allowed: bool) -> None:
    request = Request(principal=who, action="s3:GetObject", resource="arn:aws:s3:::b/k", resource_account=HERE)
    policies = PolicySet(resource=policy_of({"Effect": "Allow", "NotPrincipal": element}))
    assert ask(request, policies).allowed is allowed


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("kind", [PolicyKind.RESOURCE, PolicyKind.TRUST])
def test_a_statement_that_names_nobody_is_about_nobody(ask: Ask, kind: PolicyKind, effect: str) -> None:
    import json

    text = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "*"}})
    named = NamedPolicy("p", read_policy(text, kind))
    for who in EVERYONE:
        request = Request(
            principal=who, action="s3:GetObject", resource="arn:aws:s3:::b/k", resource_account="777788889999"
        )
        policies = PolicySet(resource=named) if kind is PolicyKind.RESOURCE else PolicySet(trust=named)
        assert ask(request, policies).outcome is Outcome.IMPLICITLY_DENIED
