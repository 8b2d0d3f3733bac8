"""Which layers have to allow, for whom: the IAM user guide's "Policy evaluation logic" (single account and cross-account), "Permissions
boundaries", "Session policies"; AWS Organizations' "SCP evaluation" and "RCP evaluation"; STS's AssumeRole.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.policy.callers import (
    ACCOUNT_ARN,
    ALICE,
    ALLOW,
    BUCKET,
    DENY,
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

from podid.core.policy import (
    Layer,
    NamedPolicy,
    Outcome,
    PolicyKind,
    PolicySet,
    Principal,
    Reason,
    Request,
    StatementRef,
    read_policy,
)

FEDERATED = Principal(
    kind="federated-user", account=HERE, arn=f"arn:aws:sts::{HERE}:federated-user/f", issuer_arn=ALICE.arn
)
NOBODY = Principal(kind="anonymous", arn="anonymous")


# --- one layer after another, in one account -----------------------------------------------------------------------------------------

IMPLICIT = [
    # layers, the layers that lack an allow
    ({}, ["identity"]),
    ({"identity": (SILENT,)}, ["identity"]),
    ({"identity": (ALLOW,)}, []),
    ({"identity": (SILENT, ALLOW)}, []),
    ({"identity": (ALLOW,), "boundary": ALLOW}, []),
    ({"identity": (ALLOW,), "boundary": SILENT}, ["boundary"]),
    ({"identity": (SILENT,), "boundary": ALLOW}, ["identity"]),
    ({"identity": (SILENT,), "boundary": SILENT}, ["identity", "boundary"]),
    ({"identity": (ALLOW,), "session": (ALLOW,)}, []),
    ({"identity": (ALLOW,), "session": (SILENT,)}, ["session"]),
    ({"identity": (ALLOW,), "session": (SILENT, ALLOW)}, []),
    ({"identity": (ALLOW,), "session": ()}, ["session"]),
    ({"identity": (SILENT,), "session": (ALLOW,)}, ["identity"]),
    ({"identity": (ALLOW,), "boundary": SILENT, "session": (SILENT,)}, ["boundary", "session"]),
    ({"identity": (ALLOW,), "scps": ((ALLOW,), (ALLOW,))}, []),
    ({"identity": (ALLOW,), "scps": ((ALLOW,), (SILENT,))}, ["scp"]),
    ({"identity": (ALLOW,), "scps": ((SILENT,), (ALLOW,))}, ["scp"]),
    ({"identity": (ALLOW,), "scps": ((SILENT, ALLOW), (ALLOW, SILENT))}, []),
    ({"identity": (ALLOW,), "scps": ((ALLOW,), ())}, ["scp"]),
    ({"identity": (SILENT,), "scps": ((ALLOW,),)}, ["identity"]),
    ({"identity": (SILENT,), "scps": ((SILENT,),)}, ["scp", "identity"]),
    # RCPFullAWSAccess cannot be detached: resource control policies deny, they need not allow
    ({"identity": (ALLOW,), "rcps": ((ALLOW,), (SILENT,))}, []),
    ({"identity": (ALLOW,), "rcps": ((),)}, []),
    ({"identity": (ALLOW,), "rcps": ((ALLOW,),)}, []),
    ({"identity": (ALLOW,), "rcps": ((SILENT,),), "scps": ((SILENT,),)}, ["scp"]),
]


@pytest.mark.parametrize("who", [ALICE, SESSION], ids=["user", "session"])
@pytest.mark.parametrize(("layers", "missing"), IMPLICIT)
def test_every_layer_that_is_there_has_to_allow(
    ask: Ask, who: Principal, layers: dict[str, Any], missing: list[str]
) -> None:
    decision = judge(ask, who, **layers)
    assert reasons(decision) == [(layer, "implicit") for layer in missing]
    assert decision.outcome is (Outcome.IMPLICITLY_DENIED if missing else Outcome.ALLOWED)


EVERYTHING: dict[str, Any] = {
    "identity": (ALLOW,),
    "boundary": ALLOW,
    "session": (ALLOW,),
    "resource": granting("*"),
    "scps": ((ALLOW,), (ALLOW,)),
    "rcps": ((ALLOW,),),
}


@pytest.mark.parametrize(
    ("layers", "layer"),
    [
        ({"identity": (ALLOW, DENY)}, "identity"),
        ({"boundary": DENY}, "boundary"),
        ({"session": (ALLOW, DENY)}, "session"),
        ({"resource": policy("Deny", Principal="*")}, "resource"),
        ({"scps": ((ALLOW,), (ALLOW, DENY))}, "scp"),
        ({"scps": ((DENY,), (ALLOW,))}, "scp"),
        ({"rcps": ((ALLOW, DENY),)}, "rcp"),
    ],
)
def test_an_explicit_deny_in_any_layer_beats_every_allow(ask: Ask, layers: dict[str, Any], layer: str) -> None:
    assert judge(ask, SESSION, **EVERYTHING).allowed
    decision = judge(ask, SESSION, **{**EVERYTHING, **layers})
    assert decision.outcome is Outcome.EXPLICITLY_DENIED
    assert reasons(decision) == [(layer, "explicit")]
    assert [reference.layer.value for reference in decision.decided_by] == [layer]


def test_a_deny_that_does_not_apply_changes_nothing(ask: Ask) -> None:
    elsewhere = policy("Deny", "s3:PutObject")
    assert judge(ask, ALICE, identity=(ALLOW, elsewhere)).allowed
    assert judge(ask, ALICE, action="s3:PutObject", identity=(ALLOW, elsewhere)).outcome is Outcome.EXPLICITLY_DENIED


def test_the_statements_that_decided(ask: Ask) -> None:
    text = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Other", "Effect": "Allow", "Action": "sqs:*", "Resource": "*"},
            {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"},
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Sid": "NoDeletes", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
        ],
    }
    own = NamedPolicy("own", read_policy(json.dumps(text)), "arn:aws:iam::1:policy/own")
    allowed = judge(ask, ALICE, identity=(own,))
    assert set(allowed.decided_by) == {
        StatementRef(Layer.IDENTITY, "own", "Read", 1, own.arn),
        StatementRef(Layer.IDENTITY, "own", "", 2, own.arn),
    }
    denied = judge(ask, ALICE, action="s3:DeleteObject", identity=(own,))
    assert denied.decided_by == (StatementRef(Layer.IDENTITY, "own", "NoDeletes", 3, own.arn),)
    assert denied.reasons == (Reason(Layer.IDENTITY, "explicit"),)


# --- resource policies in the same account -------------------------------------------------------------------------------------------

UNDER_PRINCIPAL_ARN = policy("Allow", Principal="*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}})

# who, the resource policy, the other layers, the layers that lack an allow
SAME_ACCOUNT: list[tuple[Principal, NamedPolicy, dict[str, Any], list[str]]] = [
    # the union of identity and resource policies
    (ALICE, granting(ALICE.arn), {}, []),
    (ALICE, SILENT, {"identity": (ALLOW,)}, []),
    (ALICE, granting(f"arn:aws:iam::{HERE}:user/bob"), {}, ["identity"]),
    # a user named is not limited by the implicit deny of a boundary
    (ALICE, granting(ALICE.arn), {"boundary": SILENT}, []),
    (ALICE, granting(ALICE.arn), {"identity": (SILENT,), "boundary": SILENT}, []),
    # the account named leaves it to the account's own policies
    (ALICE, granting(ACCOUNT_ARN), {}, ["identity"]),
    (ALICE, granting(HERE), {}, ["identity"]),
    (ALICE, granting(ACCOUNT_ARN), {"identity": (ALLOW,)}, []),
    (ALICE, granting(ACCOUNT_ARN), {"identity": (ALLOW,), "boundary": SILENT}, ["boundary"]),
    # a role named is limited by boundary and session policy, but needs no identity policy
    (SESSION, granting(ROLE_ARN), {}, []),
    (SESSION, granting(ROLE_ARN), {"boundary": ALLOW, "session": (ALLOW,)}, []),
    (SESSION, granting(ROLE_ARN), {"boundary": SILENT}, ["boundary"]),
    (SESSION, granting(ROLE_ARN), {"session": (SILENT,)}, ["session"]),
    (SESSION, granting(ROLE_ARN), {"boundary": SILENT, "session": (SILENT,)}, ["boundary", "session"]),
    (SESSION, granting("AROAAPP"), {"session": (SILENT,)}, ["session"]),
    # a session named is limited by neither
    (SESSION, granting(SESSION_ARN), {}, []),
    (SESSION, granting(SESSION_ARN), {"boundary": SILENT}, []),
    (SESSION, granting(SESSION_ARN), {"session": (SILENT,)}, []),
    (SESSION, granting(SESSION_ARN), {"boundary": SILENT, "session": (SILENT,)}, []),
    (SESSION, granting(ROLE_ARN, SESSION_ARN), {"boundary": SILENT}, []),
    (SESSION, granting(f"arn:aws:sts::{HERE}:assumed-role/app/other"), {}, ["identity"]),
    (SESSION, granting(ACCOUNT_ARN), {}, ["identity"]),
    (SESSION, granting(ACCOUNT_ARN), {"identity": (ALLOW,), "session": (SILENT,)}, ["session"]),
    # everybody named, with or without a condition on aws:PrincipalArn, is named directly
    (SESSION, policy("Allow", Principal="*"), {"boundary": SILENT, "session": (SILENT,)}, []),
    (SESSION, granting("*"), {"boundary": SILENT, "session": (SILENT,)}, []),
    (ALICE, granting("*"), {}, []),
    # federated users: the session, or the user who federated
    (FEDERATED, granting(FEDERATED.arn), {}, []),
    (FEDERATED, granting(FEDERATED.arn), {"boundary": SILENT, "session": (SILENT,)}, []),
    (FEDERATED, granting(ALICE.arn), {"session": (ALLOW,)}, []),
    (FEDERATED, granting(ALICE.arn), {"session": (SILENT,)}, ["session"]),
    (FEDERATED, granting(ALICE.arn), {"session": (ALLOW,), "boundary": SILENT}, ["boundary"]),
    (FEDERATED, granting(ALICE.arn), {}, ["session"]),
    (FEDERATED, SILENT, {"identity": (ALLOW,), "session": (ALLOW,)}, []),
    (FEDERATED, SILENT, {"identity": (ALLOW,)}, ["session"]),
    (FEDERATED, SILENT, {"session": (ALLOW,)}, ["identity"]),
    # the account's root needs no policy
    (ROOT, SILENT, {}, []),
    (ROOT, SILENT, {"scps": ((SILENT,),)}, ["scp"]),
    # service control policies limit what resource policies grant, too
    (ALICE, granting(ALICE.arn), {"scps": ((SILENT,),)}, ["scp"]),
    (SESSION, granting(SESSION_ARN), {"rcps": ((SILENT,),)}, []),
]


@pytest.mark.parametrize(("who", "resource", "layers", "missing"), SAME_ACCOUNT)
@pytest.mark.parametrize("owner", [HERE, ""], ids=["owner known", "owner unknown"])
def test_resource_policy_in_the_same_account(
    ask: Ask, who: Principal, resource: NamedPolicy, layers: dict[str, Any], missing: list[str], owner: str
) -> None:
    decision = judge(ask, who, owner, resource=resource, **layers)
    assert reasons(decision) == [(layer, "implicit") for layer in missing]


@pytest.mark.parametrize("order", [1, -1])
def test_the_most_direct_of_several_grants_counts(ask: Ask, order: int) -> None:
    grants = [
        {"Effect": "Allow", "Principal": {"AWS": name}, "Action": "*", "Resource": "*"}
        for name in (SESSION_ARN, ROLE_ARN, ACCOUNT_ARN)
    ][::order]
    resource = NamedPolicy("r", read_policy(json.dumps({"Statement": grants}), PolicyKind.RESOURCE))
    decision = judge(ask, SESSION, resource=resource, boundary=SILENT, session=(SILENT,))
    assert decision.allowed
    assert len(decision.decided_by) == 3


def test_everybody_under_a_condition_on_the_principals_arn(ask: Ask) -> None:
    request = Request(
        principal=SESSION, action="s3:GetObject", resource=BUCKET, context={"aws:PrincipalArn": (ROLE_ARN,)}
    )
    policies = PolicySet(resource=UNDER_PRINCIPAL_ARN, boundary=SILENT, session=(SILENT,))
    assert ask(request, policies).allowed
    denied = PolicySet(resource=UNDER_PRINCIPAL_ARN, identity=(DENY,))
    assert ask(request, denied).outcome is Outcome.EXPLICITLY_DENIED


@pytest.mark.parametrize("layer", ["boundary", "session", "identity"])
def test_an_explicit_deny_limits_even_who_is_named_directly(ask: Ask, layer: str) -> None:
    layers: dict[str, Any] = {layer: DENY if layer == "boundary" else (DENY,)}
    decision = judge(ask, SESSION, resource=granting(SESSION_ARN), **layers)
    assert reasons(decision) == [(layer, "explicit")]


# --- across accounts -----------------------------------------------------------------------------------------------------------------

# who, the resource policy, the other layers, the layers that lack an allow
ACROSS: list[tuple[Principal, NamedPolicy | None, dict[str, Any], list[str]]] = [
    (ALICE, granting(ALICE.arn), {"identity": (ALLOW,)}, []),
    (ALICE, granting(ACCOUNT_ARN), {"identity": (ALLOW,)}, []),
    (ALICE, granting(HERE), {"identity": (ALLOW,)}, []),
    (ALICE, granting("*"), {"identity": (ALLOW,)}, []),
    (ALICE, granting(ALICE.arn), {}, ["identity"]),
    (ALICE, granting("*"), {}, ["identity"]),
    (ALICE, None, {"identity": (ALLOW,)}, ["resource"]),
    (ALICE, SILENT, {"identity": (ALLOW,)}, ["resource"]),
    (ALICE, granting(THERE), {"identity": (ALLOW,)}, ["resource"]),
    (ALICE, None, {}, ["identity", "resource"]),
    (ALICE, granting(ALICE.arn), {"identity": (ALLOW,), "boundary": SILENT}, ["boundary"]),
    (SESSION, granting(ROLE_ARN), {"identity": (ALLOW,)}, []),
    (SESSION, granting(ROLE_ARN), {}, ["identity"]),
    # being named directly lifts nothing on the other side of the border
    (SESSION, granting(SESSION_ARN), {}, ["identity"]),
    (SESSION, granting(SESSION_ARN), {"identity": (ALLOW,), "session": (SILENT,)}, ["session"]),
    (SESSION, granting(SESSION_ARN), {"identity": (ALLOW,), "boundary": SILENT}, ["boundary"]),
    (SESSION, granting(SESSION_ARN), {"identity": (ALLOW,), "scps": ((SILENT,),)}, ["scp"]),
    (SESSION, granting(SESSION_ARN), {"identity": (ALLOW,), "rcps": ((SILENT,),)}, []),
    (ROOT, granting(HERE), {}, []),
    (ROOT, None, {}, ["resource"]),
]


@pytest.mark.parametrize(("who", "resource", "layers", "missing"), ACROSS)
def test_across_accounts_both_sides_have_to_allow(
    ask: Ask, who: Principal, resource: NamedPolicy | None, layers: dict[str, Any], missing: list[str]
) -> None:
    decision = judge(ask, who, THERE, resource=resource, **layers)
    assert reasons(decision) == [(layer, "implicit") for layer in missing]


@pytest.mark.parametrize(
    ("resource", "owner", "across"),
    [
        (f"arn:aws:sqs:us-east-1:{THERE}:q", "", True),
        (f"arn:aws:sqs:us-east-1:{HERE}:q", "", False),
        ("arn:aws:s3:::bucket", "", False),
        ("arn:aws:s3:::bucket", THERE, True),
        ("*", "", False),
        ("*", THERE, True),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", "", False),
        ("arn:aws:s3:short", "", False),
    ],
)
def test_whose_the_resource_is(ask: Ask, resource: str, owner: str, across: bool) -> None:
    decision = judge(ask, ALICE, owner, on=resource, identity=(ALLOW,))
    assert decision.allowed is not across


# --- who has no identity policies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", [HERE, ""])
def test_a_service_is_allowed_by_the_resource_alone(ask: Ask, owner: str) -> None:
    named = granting("sns.amazonaws.com", kind="Service")
    assert judge(ask, SNS, owner, resource=named).allowed
    assert judge(ask, SNS, owner, resource=named, scps=((SILENT,),)).allowed
    assert reasons(judge(ask, SNS, owner, resource=granting("sqs.amazonaws.com", kind="Service"))) == [
        ("resource", "implicit")
    ]
    assert reasons(judge(ask, SNS, owner)) == [("resource", "implicit")]
    assert reasons(judge(ask, SNS, owner, resource=named, rcps=((DENY,),))) == [("rcp", "explicit")]


def test_anonymous_callers_are_allowed_only_where_everybody_is(ask: Ask) -> None:
    assert judge(ask, NOBODY, resource=policy("Allow", Principal="*")).allowed
    assert judge(ask, NOBODY, resource=granting("*")).allowed
    assert reasons(judge(ask, NOBODY, resource=granting(HERE))) == [("resource", "implicit")]
    assert reasons(judge(ask, NOBODY)) == [("resource", "implicit")]


def test_service_linked_roles_are_under_no_scp_and_no_rcp(ask: Ask) -> None:
    linked = Principal(
        kind="role-session",
        account=HERE,
        arn=f"arn:aws:sts::{HERE}:assumed-role/AWSServiceRoleForX/s",
        issuer_arn=f"arn:aws:iam::{HERE}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
    )
    assert judge(ask, linked, identity=(ALLOW,), scps=((DENY,),), rcps=((DENY,),)).allowed
