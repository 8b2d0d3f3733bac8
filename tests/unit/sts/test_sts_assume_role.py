"""AssumeRole: who may, and what the session then is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podid.core.caller import Caller
from podid.core.errors import AccessDenied, AwsError

ACCOUNT = "111122223333"
OTHER = "444455556666"
ROOT = {"Principal": {"AWS": ACCOUNT}}


def denied(action: str, who: str, role: str) -> str:
    return f"User: {who} is not authorized to perform: {action} on resource: {role}"


def test_a_session_is_what_its_role_is(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.iam.ensure_role(ACCOUNT, "app", trust=world.trust(ROOT), path="/team/a/")
    answer = world.sts_call("AssumeRole", ann, RoleArn=role.arn, RoleSessionName="me@work")
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role.id}:me@work",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/me@work",
    }
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    assert (len(credentials["AccessKeyId"]), len(credentials["SecretAccessKey"])) == (20, 40)
    assert credentials["Expiration"] == datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)
    assert "PackedPolicySize" not in answer
    caller = world.open(credentials)
    assert caller.kind == "role-session"
    assert (caller.account, caller.issuer_arn, caller.issuer_id) == (ACCOUNT, role.arn, role.id)
    assert caller.issued_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert world.sts_call("GetCallerIdentity", caller) == {
        "UserId": f"{role.id}:me@work",
        "Account": ACCOUNT,
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/me@work",
    }


def test_a_trust_policy_that_names_the_caller_is_enough_in_one_account(world: Any) -> None:
    ann = world.user()
    role = world.role(world.trust({"Principal": {"AWS": ann.arn}}))
    assert world.assume(ann, role).kind == "role-session"


def test_one_that_names_the_account_needs_the_callers_policy_too(world: Any) -> None:
    ann = world.user()
    role = world.role(world.trust(ROOT))
    with pytest.raises(AccessDenied) as caught:
        world.assume(ann, role)
    assert caught.value.public == denied("sts:AssumeRole", ann.arn, role)
    assert "identity implicit" in caught.value.private
    allowed = world.user("bob", p=world.allow("sts:AssumeRole", role))
    assert world.assume(allowed, role)


def test_across_accounts_both_sides_are_needed(world: Any) -> None:
    ann = world.user(account=OTHER)
    named = world.role(world.trust({"Principal": {"AWS": ann.arn}}))
    with pytest.raises(AccessDenied):
        world.assume(ann, named)
    bob = world.user("bob", account=OTHER, p=world.allow("sts:AssumeRole"))
    with pytest.raises(AccessDenied):
        world.assume(bob, named)
    by_account = world.role(world.trust({"Principal": {"AWS": OTHER}}), "shared")
    session = world.assume(bob, by_account)
    assert session.account == ACCOUNT


def test_nobody_else_is_trusted_whatever_their_policies(world: Any) -> None:
    ann = world.user(p=world.allow("*"))
    role = world.role(world.trust({"Principal": {"Service": "ec2.amazonaws.com"}}))
    with pytest.raises(AccessDenied) as caught:
        world.assume(ann, role)
    assert "trust implicit" in caught.value.private


def test_a_role_that_is_not_there_is_not_told_from_one_that_does_not_trust(world: Any) -> None:
    ann = world.user(p=world.allow("*"))
    missing = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    with pytest.raises(AccessDenied) as caught:
        world.assume(ann, missing)
    assert caught.value.public == denied("sts:AssumeRole", ann.arn, missing)


def test_the_roots_of_accounts_assume_nothing(world: Any) -> None:
    role = world.role(world.trust(ROOT))
    root = Caller(kind="root", account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT)
    with pytest.raises(AccessDenied, match="Roles may not be assumed by root accounts"):
        world.assume(root, role)


def test_a_trusted_role_made_again_is_not_trusted(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    first = world.role(world.trust(ROOT), "first")
    target = world.role(world.trust({"Principal": {"AWS": first}}), "target")
    assert world.assume(world.assume(ann, first), target)
    world.iam_call("DeleteRole", RoleName="first")
    world.role(world.trust(ROOT), "first", p=world.allow("sts:AssumeRole"))
    with pytest.raises(AccessDenied):
        world.assume(world.assume(ann, first), target)


def test_an_external_id_is_asked_for(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.role(world.trust({**ROOT, "Condition": {"StringEquals": {"sts:ExternalId": "secret-7"}}}))
    for wrong in ({}, {"ExternalId": "secret-8"}):
        with pytest.raises(AccessDenied):
            world.assume(ann, role, **wrong)
    assert world.assume(ann, role, ExternalId="secret-7")


def test_keys_of_the_request_cannot_be_claimed(world: Any) -> None:
    ann = world.user(p=world.allow("sts:*"))
    role = world.role(
        world.trust(
            {**ROOT, "Condition": {"StringEquals": {"sts:ExternalId": "x7", "aws:RequestTag/team": "a"}}},
        )
    )
    context = {"STS:externalid": ("x7",), "aws:requesttag/team": ("a",), "aws:PrincipalArn": ("*",)}
    with pytest.raises(AccessDenied):
        world.sts_call("AssumeRole", ann, context, RoleArn=role, RoleSessionName="session")


def test_context_of_the_call_counts(world: Any) -> None:
    ann = world.user(p=world.allow("sts:*"))
    role = world.role(world.trust({**ROOT, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}))
    members = {"RoleArn": role, "RoleSessionName": "session"}
    assert world.sts_call("AssumeRole", ann, {"aws:SourceIp": ("10.1.2.3",)}, **members)
    with pytest.raises(AccessDenied):
        world.sts_call("AssumeRole", ann, {"aws:SourceIp": ("11.1.2.3",)}, **members)


def test_the_session_name_and_the_roles_tags_are_keys(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole", Condition={"StringEquals": {"aws:ResourceTag/open": "yes"}}))
    role = world.role(world.trust({**ROOT, "Condition": {"StringLike": {"sts:RoleSessionName": "ann-*"}}}))
    with pytest.raises(AccessDenied):
        world.assume(ann, role, RoleSessionName="ann-1")
    world.iam_call("TagRole", RoleName="app", Tags=[{"Key": "open", "Value": "yes"}])
    assert world.assume(ann, role, RoleSessionName="ann-1")
    with pytest.raises(AccessDenied):
        world.assume(ann, role, RoleSessionName="bob-1")


@pytest.mark.parametrize(
    ("seconds", "maximum", "good"),
    [
        (900, 3600, True),
        (899, 3600, False),
        (3600, 3600, True),
        (3601, 3600, False),
        (43_200, 43_200, True),
        (43_201, 43_200, False),
    ],
)
def test_how_long_a_session_lasts(world: Any, seconds: int, maximum: int, good: bool) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.role(world.trust(ROOT))
    world.iam_call("UpdateRole", RoleName="app", MaxSessionDuration=maximum)
    if good:
        caller = world.assume(ann, role, DurationSeconds=seconds)
        assert caller.expires_at - caller.issued_at == timedelta(seconds=seconds)
    else:
        with pytest.raises(AwsError) as caught:
            world.assume(ann, role, DurationSeconds=seconds)
        assert caught.value.code == "ValidationError"


def test_over_the_roles_maximum_in_aws_words(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.role(world.trust(ROOT))
    with pytest.raises(
        AwsError, match="The requested DurationSeconds exceeds the MaxSessionDuration set for this role"
    ):
        world.assume(ann, role, DurationSeconds=7200)


def test_a_chained_session_lasts_an_hour_and_not_more(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    first = world.role(world.trust(ROOT), "first", p=world.allow("sts:AssumeRole"))
    second = world.role(world.trust(ROOT), "second")
    world.iam_call("UpdateRole", RoleName="second", MaxSessionDuration=43_200)
    session = world.assume(ann, first)
    assert not session.chained
    with pytest.raises(AwsError, match="1 hour session limit for roles assumed by role chaining") as caught:
        world.assume(session, second, DurationSeconds=3601)
    assert caught.value.code == "ValidationError"
    assert world.assume(session, second, DurationSeconds=3600).chained
    assert world.assume(ann, second, DurationSeconds=43_200)


@pytest.mark.parametrize("name", ["x", "a" * 65, "a b", "a/b", "żółw", "a\n", ""])
def test_session_names_have_a_form(world: Any, name: str) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.role(world.trust(ROOT))
    with pytest.raises(AwsError) as caught:
        world.assume(ann, role, RoleSessionName=name)
    assert caught.value.code == "ValidationError"


def test_deleting_the_role_ends_its_sessions_at_the_next_call(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.role(world.trust(ROOT))
    answer = world.sts_call("AssumeRole", ann, RoleArn=role, RoleSessionName="session")
    assert world.open(answer["Credentials"])
    world.iam_call("DeleteRole", RoleName="app")
    with pytest.raises(AwsError) as caught:
        world.open(answer["Credentials"])
    assert (caught.value.code, caught.value.status) == ("InvalidClientTokenId", 403)
    world.role(world.trust(ROOT))
    with pytest.raises(AwsError):
        world.open(answer["Credentials"])


def test_a_condition_on_the_issue_time_revokes(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.role(world.trust(ROOT), p=world.allow("*"))
    before = world.assume(ann, role)
    world.clock.move(minutes=5)
    world.iam_call(
        "PutRolePolicy",
        RoleName="app",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Action": ["*"],
                        "Resource": ["*"],
                        "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-02T03:08:00Z"}},
                    }
                ],
            }
        ),
    )
    after = world.assume(ann, role)
    assert not world.authorizer.decide(before, "s3:GetObject", "*", {}).allowed
    assert world.authorizer.decide(after, "s3:GetObject", "*", {}).allowed


def test_source_identity_is_set_once_and_travels(world: Any) -> None:
    ann = world.user(p=world.allow(["sts:AssumeRole", "sts:SetSourceIdentity"]))
    first = world.role(world.trust(ROOT), "first", p=world.allow(["sts:AssumeRole", "sts:SetSourceIdentity"]))
    second = world.role(world.trust({**ROOT, "Condition": {"StringEquals": {"sts:SourceIdentity": "ann"}}}), "second")
    answer = world.sts_call("AssumeRole", ann, RoleArn=first, RoleSessionName="session", SourceIdentity="ann")
    assert answer["SourceIdentity"] == "ann"
    session = world.open(answer["Credentials"])
    assert session.source_identity == "ann"
    with pytest.raises(AccessDenied, match="sts:SetSourceIdentity"):
        world.assume(session, second, SourceIdentity="bob")
    assert world.assume(session, second).source_identity == "ann"
    assert world.assume(session, second, SourceIdentity="ann").source_identity == "ann"
    with pytest.raises(AccessDenied):
        world.assume(ann, second)


def test_setting_a_source_identity_is_an_action_of_its_own(world: Any) -> None:
    ann = world.user(p=world.allow(["sts:AssumeRole", "sts:SetSourceIdentity"]))
    role = world.role(world.trust({**ROOT, "Action": "sts:AssumeRole"}))
    assert world.assume(ann, role)
    with pytest.raises(AccessDenied, match="sts:SetSourceIdentity"):
        world.assume(ann, role, SourceIdentity="ann")


@pytest.mark.parametrize("identity", ["a", "aws:me", "AWS:me", "a b", "a" * 257])
def test_source_identities_have_a_form(world: Any, identity: str) -> None:
    ann = world.user(p=world.allow("sts:*"))
    role = world.role(world.trust(ROOT))
    with pytest.raises(AwsError) as caught:
        world.assume(ann, role, SourceIdentity=identity)
    assert caught.value.code == "ValidationError"
