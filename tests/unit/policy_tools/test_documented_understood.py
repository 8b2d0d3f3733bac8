"""What is understood where a case does not say, and rules that hold for one action or service alone.

Sources: STS's GetCallerIdentity; the KMS developer guide, "Key policies"; AWS Organizations, "Resource control policies"; the IAM user guide,
"IAM identifiers" and "Policy evaluation logic" on federated sessions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

AskOne = Callable[..., str]

HERE, THERE = "111122223333", "444455556666"
USER = f"arn:aws:iam::{HERE}:user/alice"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/app/s1"
FEDERATED = f"arn:aws:sts::{HERE}:federated-user/alice"
KEY = f"arn:aws:kms:us-east-1:{HERE}:key/k"


def policy(effect: str = "Allow", action: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*", **elements}]}


OWN = [{"name": "own", "policy": policy()}]
DENY = policy("Deny")


def asked(principal: Any, action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/k") -> dict[str, Any]:
    return {"principal": principal, "action": action, "resource": resource, "context": {}}


@pytest.mark.parametrize("who", [USER, SESSION, FEDERATED, HERE])
@pytest.mark.parametrize(
    "policies",
    [{}, {"identityPolicies": [{"name": "no", "policy": DENY}]}, {"boundary": DENY}, {"scps": [{"level": "r", "policies": []}]}],
)  # fmt: skip
def test_whoever_signed_may_ask_who_he_is(ask_case: AskOne, who: str, policies: dict[str, Any]) -> None:
    assert ask_case(asked(who, "sts:GetCallerIdentity", "*"), **policies) == "allowed"
    assert ask_case(asked(who, "sts:GetAccessKeyInfo", "*"), **policies) != "allowed" or who == HERE


def test_nobody_in_particular_is_not_told_who_he_is(ask_case: AskOne) -> None:
    assert ask_case(asked({"type": "Anonymous"}, "sts:GetCallerIdentity", "*")) == "implicit: resource"


def test_a_key_without_a_key_policy_is_nobodys(ask_case: AskOne) -> None:
    assert ask_case(asked(USER, "kms:Decrypt", KEY), identityPolicies=OWN) == "implicit: resource"
    assert ask_case(asked(HERE, "kms:Decrypt", KEY)) == "implicit: resource"
    for resource in ("*", f"arn:aws:kms:us-east-1:{HERE}:alias/a"):
        assert ask_case(asked(USER, "kms:CreateAlias", resource), identityPolicies=OWN) == "allowed"
    account = policy(Principal={"AWS": f"arn:aws:iam::{HERE}:root"})
    assert ask_case(asked(USER, "kms:Decrypt", KEY), identityPolicies=OWN, resourcePolicy=account) == "allowed"
    assert ask_case(asked(USER, "kms:Decrypt", KEY), resourcePolicy=account) == "implicit: identity"


def test_a_role_of_another_account_that_shows_no_trust_policy(ask_case: AskOne) -> None:
    role = f"arn:aws:iam::{THERE}:role/target"
    assert ask_case(asked(USER, "sts:AssumeRole", role), identityPolicies=OWN) == "implicit: trust"


def test_a_roles_policy_as_a_resource_is_its_trust_policy(ask_case: AskOne) -> None:
    role = f"arn:aws:iam::{HERE}:role/target"
    trusting = policy(Principal={"AWS": HERE}, action="sts:AssumeRole")
    request = asked(USER, "sts:AssumeRole", role)
    assert ask_case(request, identityPolicies=OWN, resourcePolicy=trusting) == "allowed"
    other = policy(Principal={"AWS": THERE}, action="sts:AssumeRole")
    assert ask_case(request, identityPolicies=OWN, resourcePolicy=other) == "implicit: trust"
    assert ask_case(asked(USER, "iam:GetRole", role), identityPolicies=OWN, trustPolicy=other) == "allowed"


# "RCPFullAWSAccess is automatically attached to every entity in your organization … and can't be detached"
@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([], "allowed"),
        ([policy("Deny", "s3:Put*", Principal="*")], "allowed"),
        ([policy("Deny", "s3:Get*", Principal="*")], "explicit: rcp"),
        ([policy("Deny", "s3:*", Principal="*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})], "explicit: rcp"),
    ],
)  # fmt: skip
def test_resource_control_policies_only_take_away(ask_case: AskOne, policies: list[Any], expected: str) -> None:
    assert ask_case(asked(USER), identityPolicies=OWN, rcps=[{"level": "root", "policies": policies}]) == expected


PATH = f"arn:aws:iam::{HERE}:role/team/app"
NAMED = policy(Principal={"AWS": PATH})


@pytest.mark.parametrize(
    ("context", "resource_policy", "expected"),
    [
        # names are unique in an account, whatever their paths
        ({}, NAMED, "allowed"),
        ({}, policy(Principal={"AWS": [f"arn:aws:iam::{HERE}:role/app", PATH]}), "allowed"),
        ({}, policy(Principal={"AWS": f"arn:aws:iam::{HERE}:role/team/application"}), "implicit: identity"),
        ({}, policy(Principal={"AWS": f"arn:aws:iam::{THERE}:role/team/app"}), "implicit: identity"),
        ({"aws:PrincipalArn": PATH}, NAMED, "allowed"),
        ({"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/app"}, NAMED, "implicit: identity"),
        ({"aws:PrincipalArn": f"arn:aws:iam::{HERE}:role/blue/app"}, NAMED, "implicit: identity"),
    ],
)
def test_the_path_of_a_sessions_role(ask_case: AskOne, context: Any, resource_policy: Any, expected: str) -> None:
    request = {**asked(SESSION), "context": context}
    assert ask_case(request, resourcePolicy=resource_policy) == expected
    if expected == "allowed":  # named as the role, not as the session
        silent = policy(action="other:*")
        assert ask_case(request, resourcePolicy=resource_policy, boundary=silent) == "implicit: boundary"


@pytest.mark.parametrize(
    ("who", "session", "expected"),
    [
        # "requests made by the federated user are limited by an implicit deny in a permission boundary or session policy"
        (USER, policy(), "allowed"),
        (USER, policy(action="other:*"), "implicit: session"),
        (USER, None, "implicit: session"),
        (f"arn:aws:iam::{HERE}:user/division/alice", policy(), "allowed"),
        (f"arn:aws:iam::{HERE}:user/bob", policy(), "implicit: identity"),
        # "permissions granted directly to a session are not limited"
        (FEDERATED, policy(action="other:*"), "allowed"),
        (FEDERATED, None, "allowed"),
    ],
)
def test_whom_a_resource_policy_names_of_a_federated_session(
    ask_case: AskOne, who: str, session: Any, expected: str
) -> None:
    policies = {"resourcePolicy": policy(Principal={"AWS": who}), **({"sessionPolicy": session} if session else {})}
    assert ask_case(asked(FEDERATED), **policies) == expected


AWS_POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
RESERVED = f"arn:aws:iam::{HERE}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123"
AWS_ALIAS = f"arn:aws:kms:us-east-1:{HERE}:alias/aws/s3"


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        # "You cannot change the permissions defined in AWS managed policies"
        ("iam:CreatePolicyVersion", AWS_POLICY, "implicit: resource"),
        ("iam:DeletePolicy", AWS_POLICY, "implicit: resource"),
        ("iam:TagPolicy", AWS_POLICY, "implicit: resource"),
        ("iam:GetPolicy", AWS_POLICY, "allowed"),
        ("iam:ListEntitiesForPolicy", AWS_POLICY, "allowed"),
        ("iam:DeletePolicy", f"arn:aws:iam::{HERE}:policy/mine", "allowed"),
        ("iam:PutRolePolicy", RESERVED, "implicit: resource"),
        ("iam:GetRole", RESERVED, "allowed"),
        ("iam:SimulatePrincipalPolicy", RESERVED, "allowed"),
        ("iam:PutRolePolicy", f"arn:aws:iam::{HERE}:role/app", "allowed"),
        ("sts:AssumeRole", RESERVED, "allowed"),
        ("kms:DeleteAlias", AWS_ALIAS, "implicit: resource"),
        ("kms:DeleteAlias", f"arn:aws:kms:us-east-1:{HERE}:alias/mine", "allowed"),
    ],
)
def test_what_is_owned_by_aws_is_changed_by_nobody(ask_case: AskOne, action: str, resource: str, expected: str) -> None:
    assert ask_case(asked(USER, action, resource), identityPolicies=OWN) == expected
    if action != "sts:AssumeRole":  # which an account's root may not, and which a trust policy decides
        assert ask_case(asked(HERE, action, resource)) == expected
        denied = [*OWN, {"name": "no", "policy": DENY}]
        assert ask_case(asked(USER, action, resource), identityPolicies=denied) == "explicit: identity"
