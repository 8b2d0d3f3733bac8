"""Decisions where the resource is a role, or a key: its own policy always has a say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.policy.callers import (
    ACCOUNT_ARN,
    ALICE,
    ALLOW,
    HERE,
    ROLE_ARN,
    ROOT,
    SESSION,
    SESSION_ARN,
    SILENT,
    SNS,
    THERE,
    Ask,
    granting,
    judge,
    policy,
    reasons,
)

from podid.core.caller import Caller
from podid.core.policy import (
    NamedPolicy,
    PolicyKind,
    Principal,
    read_policy,
)

OIDC = Principal(kind="web-identity", provider=f"arn:aws:iam::{HERE}:oidc-provider/oidc.example.com")


# --- trust policies ------------------------------------------------------------------------------------------------------------------

ROLE = f"arn:aws:iam::{HERE}:role/target"
ELSEWHERE = f"arn:aws:iam::{THERE}:role/target"

# who, the role, the trust policy, the caller's layers, the layers that lack an allow
TRUST: list[tuple[Principal, str, NamedPolicy, dict[str, Any], list[str]]] = [
    # in one account, naming the caller is enough; naming the account needs the caller's own policy, too
    (ALICE, ROLE, granting(ALICE.arn), {}, []),
    (ALICE, ROLE, granting(ACCOUNT_ARN), {}, ["identity"]),
    (ALICE, ROLE, granting(ACCOUNT_ARN), {"identity": (ALLOW,)}, []),
    (SESSION, ROLE, granting(ROLE_ARN), {}, []),
    (SESSION, ROLE, granting(ROLE_ARN), {"boundary": SILENT}, ["boundary"]),
    (SESSION, ROLE, granting(ROLE_ARN), {"session": (SILENT,)}, ["session"]),
    (SESSION, ROLE, granting(SESSION_ARN), {"session": (SILENT,)}, []),
    (SESSION, ROLE, granting("AROAAPP"), {}, []),
    # unlike other resource policies, a trust policy always has to allow
    (ALICE, ROLE, granting(f"arn:aws:iam::{HERE}:user/bob"), {"identity": (ALLOW,)}, ["trust"]),
    (ALICE, ROLE, granting("ec2.amazonaws.com", kind="Service"), {"identity": (ALLOW,)}, ["trust"]),
    (ALICE, ROLE, granting(THERE), {"identity": (ALLOW,)}, ["trust"]),
    (ALICE, ROLE, granting(THERE), {}, ["identity", "trust"]),
    # across accounts both
    (ALICE, ELSEWHERE, granting(ALICE.arn), {"identity": (ALLOW,)}, []),
    (ALICE, ELSEWHERE, granting(ACCOUNT_ARN), {"identity": (ALLOW,)}, []),
    (ALICE, ELSEWHERE, granting(ALICE.arn), {}, ["identity"]),
    (SESSION, ELSEWHERE, granting(SESSION_ARN), {}, ["identity"]),
    (SESSION, ELSEWHERE, granting(ROLE_ARN), {"identity": (ALLOW,), "session": (SILENT,)}, ["session"]),
    (ALICE, ELSEWHERE, granting(THERE), {"identity": (ALLOW,)}, ["trust"]),
    # services and federated callers have nothing but the trust policy
    (SNS, ROLE, granting("sns.amazonaws.com", kind="Service"), {}, []),
    (SNS, ROLE, granting("pods.eks.amazonaws.com", kind="Service"), {}, ["trust"]),
    (SNS, ROLE, granting(HERE), {}, ["trust"]),
    (OIDC, ROLE, granting(OIDC.provider, kind="Federated"), {}, []),
    (OIDC, ROLE, granting("accounts.google.com", kind="Federated"), {}, ["trust"]),
    (ALICE, ROLE, granting(ALICE.arn), {"scps": ((SILENT,),)}, ["scp"]),
    (ROOT, ROLE, granting(HERE), {}, ["identity"]),
    (ROOT, ELSEWHERE, granting(HERE), {}, ["identity"]),
]


@pytest.mark.parametrize(("who", "role", "trust", "layers", "missing"), TRUST)
def test_trust_policy(
    ask: Ask, who: Principal, role: str, trust: NamedPolicy, layers: dict[str, Any], missing: list[str]
) -> None:
    decision = judge(ask, who, "", "sts:AssumeRole", on=role, trust=trust, **layers)
    assert reasons(decision) == [(layer, "implicit") for layer in missing]


def test_tag_session_is_asked_for_like_assume_role(ask: Ask) -> None:
    assume_only = granting(ALICE.arn, action="sts:AssumeRole")
    assert judge(ask, ALICE, "", "sts:AssumeRole", on=ROLE, trust=assume_only).allowed
    assert reasons(judge(ask, ALICE, "", "sts:TagSession", on=ROLE, trust=assume_only, identity=(ALLOW,))) == [
        ("trust", "implicit")
    ]


def test_a_stored_trust_policy_has_no_resource(ask: Ask) -> None:
    text = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": ALICE.arn}, "Action": "sts:*"},
    }
    trust = NamedPolicy("trust", read_policy(json.dumps(text), PolicyKind.TRUST))
    assert judge(ask, ALICE, "", "sts:AssumeRole", on=ROLE, trust=trust).allowed


def test_a_deny_in_the_trust_policy(ask: Ask) -> None:
    trust = policy("Deny", Principal={"AWS": ALICE.arn})
    decision = judge(ask, ALICE, "", "sts:AssumeRole", on=ROLE, trust=trust, identity=(ALLOW,))
    assert reasons(decision) == [("trust", "explicit")]


def test_a_trust_policy_with_unique_ids_means_those_who_had_them(ask: Ask) -> None:
    trust = NamedPolicy("trust", granting(ROLE_ARN).policy.with_principals({ROLE_ARN: "AROAAPP"}))
    assert trust.policy.principals() == (("AWS", "AROAAPP"),)
    assert judge(ask, SESSION, "", "sts:AssumeRole", on=ROLE, trust=trust).allowed
    made_again = Principal(kind="role-session", account=HERE, arn=SESSION.arn, issuer_arn=ROLE_ARN, issuer_id="AROANEW")
    assert reasons(judge(ask, made_again, "", "sts:AssumeRole", on=ROLE, trust=trust, identity=(ALLOW,))) == [
        ("trust", "implicit")
    ]


# --- key policies --------------------------------------------------------------------------------------------------------------------

KEY = f"arn:aws:kms:us-east-1:{HERE}:key/1234"


@pytest.mark.parametrize(
    ("key_policy", "layers", "missing"),
    [
        (granting(ACCOUNT_ARN), {"identity": (ALLOW,)}, []),
        (granting(ACCOUNT_ARN), {}, ["identity"]),
        (granting(ALICE.arn), {}, []),
        (granting(f"arn:aws:iam::{HERE}:user/bob"), {"identity": (ALLOW,)}, ["resource"]),
    ],
)
def test_a_key_policy_always_has_to_allow(
    ask: Ask, key_policy: NamedPolicy, layers: dict[str, Any], missing: list[str]
) -> None:
    decision = judge(ask, ALICE, "", "kms:Decrypt", on=KEY, resource=key_policy, **layers)
    assert reasons(decision) == [(layer, "implicit") for layer in missing]


def test_the_principal_of_a_caller() -> None:
    caller = Caller(
        kind="role-session",
        account=HERE,
        arn=SESSION.arn,
        issuer_arn=ROLE_ARN,
        user_id="AROAAPP:s",
        issuer_id="AROAAPP",
    )
    assert Principal.of(caller) == Principal(
        kind="role-session",
        account=HERE,
        arn=SESSION.arn,
        issuer_arn=ROLE_ARN,
        user_id="AROAAPP:s",
        issuer_id="AROAAPP",
    )
