"""Which policies have to allow, for whom, as AWS documents it, asked through lines of JSON.

Source: the IAM user guide, "Policy evaluation logic" with its pages on one account and on several, "Permissions boundaries for IAM entities",
"Session policies", "How IAM roles differ from resource-based policies"; AWS Organizations, "SCP evaluation", "Resource control policies"; the
KMS developer guide, "Key policies"; STS's AssumeRole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

AskOne = Callable[..., str]
Policy = dict[str, Any]

HERE, THERE = "111122223333", "444455556666"
USER = f"arn:aws:iam::{HERE}:user/alice"
ROLE = f"arn:aws:iam::{HERE}:role/team/app"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/app/s1"
FEDERATED = f"arn:aws:sts::{HERE}:federated-user/fed"
ROOT = f"arn:aws:iam::{HERE}:root"
OBJECT = "arn:aws:s3:::bucket/key"
QUEUE = f"arn:aws:sqs:us-east-1:{HERE}:q"
OTHER_QUEUE = f"arn:aws:sqs:us-east-1:{THERE}:q"
OF_ROLE = {"aws:PrincipalArn": ROLE, "aws:userid": "AROAAPPEXAMPLE0000001:s1"}


def policy(effect: str = "Allow", action: str = "*", **elements: Any) -> Policy:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*", **elements}]}


def granting(*principals: str, kind: str = "AWS", **elements: Any) -> Policy:
    return policy(Principal={kind: list(principals)}, **elements)


ALLOW, DENY, SILENT = policy(), policy("Deny"), policy(action="other:Thing")
OWN = [{"name": "own", "policy": ALLOW}]
NOTHING = [{"name": "own", "policy": SILENT}]


def levels(*each: list[Policy]) -> list[dict[str, Any]]:
    return [
        {
            "level": f"level {index}",
            "policies": [{"name": f"p{number}", "policy": one} for number, one in enumerate(level)],
        }
        for index, level in enumerate(each)
    ]


def request(principal: Any, resource: str = OBJECT, action: str = "s3:GetObject", owner: str = HERE) -> dict[str, Any]:
    context = OF_ROLE if principal in (SESSION, ROLE) else {}
    return {
        "principal": principal,
        "action": action,
        "resource": resource,
        "resourceAccount": owner,
        "context": context,
    }


# the policies but the identity's, which allows; the answer
IN_ONE_ACCOUNT: list[tuple[dict[str, Any], str]] = [
    ({}, "allowed"),
    ({"boundary": ALLOW}, "allowed"),
    ({"boundary": SILENT}, "implicit: boundary"),
    ({"boundary": DENY}, "explicit: boundary"),
    ({"sessionPolicy": ALLOW}, "allowed"),
    ({"sessionPolicy": SILENT}, "implicit: session"),
    ({"sessionPolicy": DENY}, "explicit: session"),
    ({"boundary": ALLOW, "sessionPolicy": ALLOW, "scps": levels([ALLOW], [ALLOW], [ALLOW])}, "allowed"),
    ({"boundary": SILENT, "sessionPolicy": SILENT}, "implicit: session boundary"),
    ({"boundary": SILENT, "sessionPolicy": DENY}, "explicit: session"),
    # "an Allow is needed at every level, from the root to the account"
    ({"scps": levels([ALLOW], [ALLOW])}, "allowed"),
    ({"scps": levels([ALLOW], [SILENT])}, "implicit: scp"),
    ({"scps": levels([SILENT], [ALLOW])}, "implicit: scp"),
    ({"scps": levels([ALLOW, SILENT], [SILENT, ALLOW])}, "allowed"),
    ({"scps": levels([ALLOW], [])}, "implicit: scp"),
    ({"scps": levels([])}, "implicit: scp"),
    ({"scps": levels([ALLOW], [ALLOW, DENY])}, "explicit: scp"),
    ({"scps": levels([ALLOW, policy("Deny", "s3:PutObject")], [ALLOW])}, "allowed"),
    ({"scps": levels([ALLOW, policy("Deny", "s3:Get*")], [ALLOW])}, "explicit: scp"),
    ({"scps": levels([policy(action="s3:*")], [policy(action="s3:GetObject")])}, "allowed"),
    ({"scps": levels([policy(action="s3:*")], [policy(action="ec2:*")])}, "implicit: scp"),
    ({"scps": []}, "allowed"),
    ({"rcps": levels([policy(Principal="*")])}, "allowed"),
    ({"rcps": levels([policy(Principal="*"), policy("Deny", Principal="*")])}, "explicit: rcp"),
    # a resource policy that says nothing, or denies
    ({"resourcePolicy": granting(THERE)}, "allowed"),
    ({"resourcePolicy": policy("Deny", Principal="*")}, "explicit: resource"),
    ({"resourcePolicy": policy("Deny", Principal={"AWS": THERE})}, "allowed"),
]


@pytest.mark.parametrize("who", [USER, SESSION, ROLE], ids=["user", "session", "role"])
@pytest.mark.parametrize(("policies", "expected"), IN_ONE_ACCOUNT)
def test_in_one_account(ask_case: AskOne, who: str, policies: dict[str, Any], expected: str) -> None:
    assert ask_case(request(who), identityPolicies=OWN, **policies) == expected
    denied = [*OWN, {"name": "no", "policy": DENY}]
    answer = ask_case(request(who), identityPolicies=denied, **policies)
    assert answer.startswith("explicit: identity")


SILENT_SIDES: dict[str, Any] = {"boundary": SILENT, "sessionPolicy": SILENT}
# who, whom the resource policy names, with no identity policy: and nothing else, a silent boundary, a silent session policy
NAMED: list[tuple[str, Policy, str, str, str]] = [
    (USER, granting(USER), "allowed", "allowed", "allowed"),
    (USER, granting(HERE), "implicit: identity", "implicit: boundary identity", "implicit: identity session"),
    (USER, granting(ROOT), "implicit: identity", "implicit: boundary identity", "implicit: identity session"),
    (USER, granting("*"), "allowed", "allowed", "allowed"),
    (USER, policy(Principal="*"), "allowed", "allowed", "allowed"),
    (SESSION, granting(SESSION), "allowed", "allowed", "allowed"),
    (SESSION, granting(ROLE), "allowed", "implicit: boundary", "implicit: session"),
    (ROLE, granting(ROLE), "allowed", "implicit: boundary", "implicit: session"),
    (ROLE, granting(SESSION), "implicit: identity", "implicit: boundary identity", "implicit: identity session"),
    (SESSION, granting("AROAAPPEXAMPLE0000001"), "allowed", "implicit: boundary", "implicit: session"),
    (SESSION, granting(HERE), "implicit: identity", "implicit: boundary identity", "implicit: identity session"),
    (SESSION, granting("*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}), "allowed", "allowed", "allowed"),
    (SESSION, granting("*", Condition={"ArnEquals": {"aws:PrincipalArn": USER}}), "implicit: identity", "implicit: boundary identity", "implicit: identity session"),
    (FEDERATED, granting(FEDERATED), "allowed", "allowed", "allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "resource", "alone", "bounded", "in_session"), NAMED)
def test_whom_a_resource_policy_names_in_the_same_account(
    ask_case: AskOne, who: str, resource: Policy, alone: str, bounded: str, in_session: str
) -> None:
    def layers(answer: str) -> list[str]:
        return sorted(answer.split())

    assert ask_case(request(who), resourcePolicy=resource) == alone
    assert layers(ask_case(request(who), resourcePolicy=resource, boundary=SILENT)) == layers(bounded)
    assert layers(ask_case(request(who), resourcePolicy=resource, sessionPolicy=SILENT)) == layers(in_session)
    # an explicit deny beats every way of being named, an SCP limits every one
    assert ask_case(request(who), resourcePolicy=resource, boundary=DENY) == "explicit: boundary"
    assert "scp" in ask_case(request(who), resourcePolicy=resource, scps=levels([SILENT]))


ACROSS: list[tuple[Any, Policy | None, dict[str, Any], str]] = [
    (USER, granting(USER), {"identityPolicies": OWN}, "allowed"),
    (USER, granting(HERE), {"identityPolicies": OWN}, "allowed"),
    (USER, granting("*"), {"identityPolicies": OWN}, "allowed"),
    (USER, granting(USER), {}, "implicit: identity"),
    (USER, granting(HERE), {"identityPolicies": NOTHING}, "implicit: identity"),
    (USER, None, {"identityPolicies": OWN}, "implicit: resource"),
    (USER, granting(THERE), {"identityPolicies": OWN}, "implicit: resource"),
    (USER, None, {}, "implicit: identity resource"),
    (USER, granting(USER), {"identityPolicies": OWN, "boundary": SILENT}, "implicit: boundary"),
    (USER, policy("Deny", Principal={"AWS": USER}), {"identityPolicies": OWN}, "explicit: resource"),
    (SESSION, granting(SESSION), {"identityPolicies": OWN}, "allowed"),
    (SESSION, granting(SESSION), {}, "implicit: identity"),
    (SESSION, granting(ROLE), {"identityPolicies": OWN}, "allowed"),
    (SESSION, granting(ROLE), {"identityPolicies": OWN, "sessionPolicy": SILENT}, "implicit: session"),
    (SESSION, granting(SESSION), {"identityPolicies": OWN, "sessionPolicy": SILENT}, "implicit: session"),
    (SESSION, granting(SESSION), {"identityPolicies": OWN, "scps": levels([SILENT])}, "implicit: scp"),
    (ROOT, granting(HERE), {}, "allowed"),
    (ROOT, None, {}, "implicit: resource"),
]


@pytest.mark.parametrize(("who", "resource", "policies", "expected"), ACROSS)
def test_across_accounts(
    ask_case: AskOne, who: Any, resource: Policy | None, policies: dict[str, Any], expected: str
) -> None:
    given = {**policies, **({"resourcePolicy": resource} if resource else {})}
    assert ask_case(request(who, owner=THERE), **given) == expected
    # the queue's ARN says whose it is
    assert ask_case(request(who, OTHER_QUEUE, "sqs:SendMessage", ""), **given) == expected


def test_whose_a_resource_is(ask_case: AskOne) -> None:
    assert ask_case(request(USER, OBJECT, owner=""), identityPolicies=OWN) == "allowed"
    assert ask_case(request(USER, QUEUE, "sqs:SendMessage", ""), identityPolicies=OWN) == "allowed"
    assert ask_case(request(USER, "*", "s3:ListAllMyBuckets", ""), identityPolicies=OWN) == "allowed"
    managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert ask_case(request(USER, managed, "iam:GetPolicy", ""), identityPolicies=OWN) == "allowed"


# --- callers without policies of their own -------------------------------------------------------------------------------------------

SNS = "sns.amazonaws.com"
NOBODY = {"type": "Anonymous"}
WITHOUT_POLICIES: list[tuple[Any, Policy | None, str]] = [
    (SNS, granting(SNS, kind="Service"), "allowed"),
    (SNS, granting("sqs.amazonaws.com", kind="Service"), "implicit: resource"),
    (SNS, policy(Principal="*"), "allowed"),
    (SNS, granting(HERE), "implicit: resource"),
    (SNS, None, "implicit: resource"),
    (NOBODY, policy(Principal="*"), "allowed"),
    (NOBODY, granting("*"), "allowed"),
    (NOBODY, granting(HERE), "implicit: resource"),
    (NOBODY, None, "implicit: resource"),
    (NOBODY, policy(NotPrincipal={"AWS": USER}), "allowed"),
]


@pytest.mark.parametrize(("who", "resource", "expected"), WITHOUT_POLICIES)
@pytest.mark.parametrize("owner", [HERE, THERE])
def test_services_and_anonymous_callers(
    ask_case: AskOne, who: Any, resource: Policy | None, expected: str, owner: str
) -> None:
    given = {"resourcePolicy": resource} if resource else {}
    assert ask_case(request(who, owner=owner), **given) == expected
    # SCPs limit principals of the organization's accounts only
    assert ask_case(request(who, owner=owner), **given, scps=levels([SILENT])) == expected


def test_a_service_on_behalf_of_a_resource(ask_case: AskOne) -> None:
    topic = f"arn:aws:sns:us-east-1:{HERE}:t"
    allowed = granting(SNS, kind="Service", Condition={"ArnEquals": {"aws:SourceArn": topic}})
    asked = request(SNS, QUEUE, "sqs:SendMessage")
    assert ask_case({**asked, "context": {"aws:SourceArn": topic}}, resourcePolicy=allowed) == "allowed"
    assert (
        ask_case({**asked, "context": {"aws:SourceArn": f"{topic}2"}}, resourcePolicy=allowed) == "implicit: resource"
    )
    assert ask_case(asked, resourcePolicy=allowed) == "implicit: resource"


def test_service_linked_roles_are_under_no_scp(ask_case: AskOne) -> None:
    linked = f"arn:aws:iam::{HERE}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    asked = {
        "principal": f"arn:aws:sts::{HERE}:assumed-role/AWSServiceRoleForX/s",
        "action": "s3:GetObject",
        "resource": OBJECT,
        "context": {"aws:PrincipalArn": linked},
    }
    assert ask_case(asked, identityPolicies=OWN, scps=levels([DENY])) == "allowed"
    assert ask_case({**asked, "principal": linked}, identityPolicies=OWN, scps=levels([DENY])) == "allowed"


def test_the_accounts_root_needs_no_policy_and_obeys_scps(ask_case: AskOne) -> None:
    assert ask_case(request(ROOT)) == "allowed"
    assert ask_case(request(HERE)) == "allowed"
    assert ask_case(request(ROOT), scps=levels([ALLOW], [DENY])) == "explicit: scp"
    assert ask_case(request(ROOT), scps=levels([ALLOW], [SILENT])) == "implicit: scp"
    assert ask_case(request(ROOT), resourcePolicy=policy("Deny", Principal="*")) == "explicit: resource"


def test_a_federated_user_has_what_its_session_policy_and_its_user_allow(ask_case: AskOne) -> None:
    asked = request(FEDERATED)
    assert ask_case(asked, identityPolicies=OWN, sessionPolicy=ALLOW) == "allowed"
    assert ask_case(asked, identityPolicies=OWN, sessionPolicy=SILENT) == "implicit: session"
    assert ask_case(asked, identityPolicies=NOTHING, sessionPolicy=ALLOW) == "implicit: identity"
    assert ask_case(asked, identityPolicies=OWN) == "implicit: session"


# --- trust policies ------------------------------------------------------------------------------------------------------------------

TARGET = f"arn:aws:iam::{HERE}:role/target"
FAR_TARGET = f"arn:aws:iam::{THERE}:role/target"
OIDC = f"arn:aws:iam::{HERE}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE"
SAML = f"arn:aws:iam::{HERE}:saml-provider/corp"
PODS = "pods.eks.amazonaws.com"


def trust(*principals: str, kind: str = "AWS", action: Any = "sts:AssumeRole", **elements: Any) -> Policy:
    statement = {"Effect": "Allow", "Principal": {kind: list(principals)}, "Action": action, **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


ASSUMING: list[tuple[Any, str, Policy, dict[str, Any], str]] = [
    (USER, TARGET, trust(USER), {}, "allowed"),
    (USER, TARGET, trust(HERE), {}, "implicit: identity"),
    (USER, TARGET, trust(ROOT), {"identityPolicies": OWN}, "allowed"),
    (USER, TARGET, trust(THERE), {"identityPolicies": OWN}, "implicit: trust"),
    (USER, TARGET, trust(PODS, kind="Service"), {"identityPolicies": OWN}, "implicit: trust"),
    (USER, TARGET, trust(USER), {"identityPolicies": [{"name": "no", "policy": DENY}]}, "explicit: identity"),
    (USER, FAR_TARGET, trust(USER), {"identityPolicies": OWN}, "allowed"),
    (USER, FAR_TARGET, trust(HERE), {"identityPolicies": OWN}, "allowed"),
    (USER, FAR_TARGET, trust(USER), {}, "implicit: identity"),
    (USER, FAR_TARGET, trust(THERE), {"identityPolicies": OWN}, "implicit: trust"),
    (SESSION, TARGET, trust(ROLE), {}, "allowed"),
    (SESSION, TARGET, trust(SESSION), {}, "allowed"),
    (SESSION, TARGET, trust(ROLE), {"boundary": SILENT}, "implicit: boundary"),
    (SESSION, FAR_TARGET, trust(ROLE), {"identityPolicies": OWN}, "allowed"),
    (SESSION, FAR_TARGET, trust(SESSION), {}, "implicit: identity"),
    (PODS, TARGET, trust(PODS, kind="Service"), {}, "allowed"),
    (PODS, TARGET, trust("ec2.amazonaws.com", kind="Service"), {}, "implicit: trust"),
    (PODS, TARGET, trust(HERE), {}, "implicit: trust"),
    # "You cannot use AWS account root user credentials to call AssumeRole"
    (ROOT, TARGET, trust(HERE), {}, "implicit: identity"),
    (USER, TARGET, trust(USER), {"scps": levels([SILENT])}, "implicit: scp"),
]


@pytest.mark.parametrize(("who", "role", "trusting", "policies", "expected"), ASSUMING)
def test_assume_role(
    ask_case: AskOne, who: Any, role: str, trusting: Policy, policies: dict[str, Any], expected: str
) -> None:
    assert ask_case(request(who, role, "sts:AssumeRole", ""), trustPolicy=trusting, **policies) == expected


def test_tagging_a_session_is_a_permission_of_its_own(ask_case: AskOne) -> None:
    tagging = request(PODS, TARGET, "sts:TagSession", "")
    only_assuming = trust(PODS, kind="Service")
    assert ask_case(tagging, trustPolicy=only_assuming) == "implicit: trust"
    both = trust(PODS, kind="Service", action=["sts:AssumeRole", "sts:TagSession"])
    assert ask_case(tagging, trustPolicy=both) == "allowed"


def test_conditions_of_trust(ask_case: AskOne) -> None:
    cluster = f"arn:aws:eks:us-east-1:{HERE}:cluster/eksdemo1"
    narrow = trust(
        PODS,
        kind="Service",
        Condition={
            "StringEquals": {"aws:SourceAccount": HERE, "aws:RequestTag/kubernetes-namespace": "shop"},
            "ArnEquals": {"aws:SourceArn": cluster},
        },
    )
    asked = request(PODS, TARGET, "sts:AssumeRole", "")
    context = {"aws:SourceAccount": HERE, "aws:SourceArn": cluster, "aws:RequestTag/kubernetes-namespace": "shop"}
    assert ask_case({**asked, "context": context}, trustPolicy=narrow) == "allowed"
    for key in context:
        assert ask_case({**asked, "context": {**context, key: "x"}}, trustPolicy=narrow) == "implicit: trust"
        less = {name: value for name, value in context.items() if name != key}
        assert ask_case({**asked, "context": less}, trustPolicy=narrow) == "implicit: trust"


def test_external_id(ask_case: AskOne) -> None:
    guarded = trust(HERE, Condition={"StringEquals": {"sts:ExternalId": "12345"}})
    asked = request(USER, FAR_TARGET, "sts:AssumeRole", "")
    assert (
        ask_case({**asked, "context": {"sts:ExternalId": "12345"}}, trustPolicy=guarded, identityPolicies=OWN)
        == "allowed"
    )
    assert ask_case(asked, trustPolicy=guarded, identityPolicies=OWN) == "implicit: trust"


@pytest.mark.parametrize(
    ("who", "action", "kind", "named", "expected"),
    [
        (OIDC, "sts:AssumeRoleWithWebIdentity", "Federated", OIDC, "allowed"),
        ("oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE", "sts:AssumeRoleWithWebIdentity", "Federated", OIDC, "allowed"),
        (OIDC, "sts:AssumeRoleWithWebIdentity", "Federated", "accounts.google.com", "implicit: trust"),
        ("accounts.google.com", "sts:AssumeRoleWithWebIdentity", "Federated", "accounts.google.com", "allowed"),
        ("cognito-identity.amazonaws.com", "sts:AssumeRoleWithWebIdentity", "Federated", "cognito-identity.amazonaws.com", "allowed"),
        ("cognito-identity.amazonaws.com", "sts:TagSession", "Federated", "cognito-identity.amazonaws.com", "allowed"),
        (SAML, "sts:AssumeRoleWithSAML", "Federated", SAML, "allowed"),
        (SAML, "sts:AssumeRoleWithSAML", "Federated", OIDC, "implicit: trust"),
        (SAML, "sts:AssumeRoleWithSAML", "AWS", HERE, "implicit: trust"),
        ({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity", "Federated", OIDC, "allowed"),
    ],
)  # fmt: skip
def test_federation(ask_case: AskOne, who: Any, action: str, kind: str, named: str, expected: str) -> None:
    trusting = trust(named, kind=kind, action=action)
    assert ask_case(request(who, TARGET, action, ""), trustPolicy=trusting) == expected


def test_claims_of_a_web_identity(ask_case: AskOne) -> None:
    host = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE"
    condition = {"StringEquals": {f"{host}:sub": "system:serviceaccount:shop:cart", f"{host}:aud": "sts.amazonaws.com"}}
    trusting = trust(OIDC, kind="Federated", action="sts:AssumeRoleWithWebIdentity", Condition=condition)
    asked = request(OIDC, TARGET, "sts:AssumeRoleWithWebIdentity", "")
    claims = {f"{host}:sub": "system:serviceaccount:shop:cart", f"{host}:aud": "sts.amazonaws.com"}
    assert ask_case({**asked, "context": claims}, trustPolicy=trusting) == "allowed"
    other = {**claims, f"{host}:sub": "system:serviceaccount:shop:other"}
    assert ask_case({**asked, "context": other}, trustPolicy=trusting) == "implicit: trust"


def test_a_trust_policy_has_no_say_in_what_the_role_does(ask_case: AskOne) -> None:
    assert ask_case(request(SESSION), trustPolicy=trust(THERE), identityPolicies=OWN) == "allowed"
    assert ask_case(request(SESSION), trustPolicy=trust(ROLE)) == "implicit: identity"


# --- keys ----------------------------------------------------------------------------------------------------------------------------

KEY = f"arn:aws:kms:us-east-1:{HERE}:key/1234"


@pytest.mark.parametrize(
    ("key_policy", "identity", "expected"),
    [
        (granting(ROOT), OWN, "allowed"),
        (granting(ROOT), NOTHING, "implicit: identity"),
        (granting(USER), NOTHING, "allowed"),
        (granting(ROLE), OWN, "implicit: resource"),
    ],
)
def test_a_key_policy_has_to_allow(ask_case: AskOne, key_policy: Policy, identity: Any, expected: str) -> None:
    asked = request(USER, KEY, "kms:Decrypt", "")
    assert ask_case(asked, resourcePolicy=key_policy, identityPolicies=identity) == expected
