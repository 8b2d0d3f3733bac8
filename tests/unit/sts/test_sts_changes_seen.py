"""What was asked before and is kept in memory: after a change of IAM, by this process or another, the next question gets the new answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podid.core.caller import Caller
from podid.core.errors import AccessDenied, AwsError
from podid.core.policy import Principal
from podid.store import open_store
from podid.sts import IssuedSession

PODS = "pods.eks.amazonaws.com"
BUCKET = "arn:aws:s3:::b/k"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.fixture(params=["here", "elsewhere"])
def changing(
    request: pytest.FixtureRequest, world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A hand that changes IAM: of the process that is asked, or of another one with the same database."""
    monkeypatch.setattr("podid.store.sqlite.PAUSE", 0.0)  # else what another process did may go unnoticed for so long
    if request.param == "here":
        yield world.iam_call
        return
    store = open_store(f"sqlite:///{tmp_path}/state.db", master_key=world.store.master_key)
    yield type(world)(store, world.clock).iam_call
    store.close()


def for_a_pod(world: Any, role: str) -> IssuedSession:
    issued: IssuedSession = world.sts.assume_role_as_service(
        service=PODS, role_arn=role, session_name="s1", duration=3600, now=world.clock(), tags={"a": "1"}
    )
    return issued


def opened(world: Any, issued: IssuedSession) -> Caller:
    made = issued.credentials
    session = world.sts.open_session(made.access_key_id, made.session_token, world.clock())
    assert session.secret == made.secret_access_key
    caller: Caller = session.caller
    return caller


def may(world: Any, caller: Caller, action: str = "s3:GetObject") -> bool:
    """Whether a caller may, asked twice as the gateway asks: first for what hangs on no circumstances."""
    for _ in range(2):
        own = world.iam.policies_of(caller)
        plain = world.authorizer.plain_decision(Principal.of(caller), action, BUCKET, own)
        full = world.authorizer.decide(caller, action, BUCKET, {})
        assert plain is None or full.allowed
    return bool(full.allowed)


def trusting_pods(world: Any) -> str:
    text: str = world.trust({"Principal": {"Service": PODS}})
    return text


def test_another_trust_policy(world: Any, changing: Any) -> None:
    role = world.role(trusting_pods(world))
    for_a_pod(world, role)
    for_a_pod(world, role)
    changing(
        "UpdateAssumeRolePolicy",
        RoleName="app",
        PolicyDocument=world.trust({"Principal": {"Service": "ec2.amazonaws.com"}}),
    )
    with pytest.raises(AccessDenied):
        for_a_pod(world, role)
    changing("UpdateAssumeRolePolicy", RoleName="app", PolicyDocument=trusting_pods(world))
    for_a_pod(world, role)


def test_a_role_that_comes_to_be_and_goes(world: Any, changing: Any) -> None:
    role = "arn:aws:iam::111122223333:role/app"
    for _ in range(2):
        assert world.iam.role_by_arn(role) is None
    changing("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting_pods(world))
    assert for_a_pod(world, role).role_arn == role
    changing("DeleteRole", RoleName="app")
    assert world.iam.role_by_arn(role) is None
    with pytest.raises(AccessDenied):
        for_a_pod(world, role)


def test_a_role_made_again_is_another_to_its_sessions(world: Any, changing: Any) -> None:
    role = world.role(trusting_pods(world))
    before = for_a_pod(world, role)
    opened(world, before)
    changing("DeleteRole", RoleName="app")
    changing("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting_pods(world))
    with pytest.raises(AwsError) as refused:
        opened(world, before)
    assert refused.value.code == "InvalidClientTokenId"
    after = for_a_pod(world, role)
    assert after.assumed_role_id != before.assumed_role_id
    opened(world, after)


def test_a_role_made_again_is_another_to_who_trusted_it(world: Any, changing: Any) -> None:
    first = world.role(trusting_pods(world), "first", p=world.allow("sts:*"))
    target = world.role(world.trust({"Principal": {"AWS": first}}), "target")

    def assume_target() -> None:
        caller = opened(world, for_a_pod(world, first))
        world.sts.assume_role_as(caller, role_arn=target, session_name="s2", duration=900, now=world.clock())

    assume_target()
    assume_target()
    changing("DeleteRolePolicy", RoleName="first", PolicyName="p")
    changing("DeleteRole", RoleName="first")
    changing("CreateRole", RoleName="first", AssumeRolePolicyDocument=trusting_pods(world))
    changing("PutRolePolicy", RoleName="first", PolicyName="p", PolicyDocument=world.allow("sts:*"))
    with pytest.raises(AccessDenied):
        assume_target()


def test_tags_of_a_role_in_a_session_opened_before(world: Any, changing: Any) -> None:
    issued = for_a_pod(world, world.role(trusting_pods(world)))
    assert opened(world, issued) is opened(world, issued)
    assert opened(world, issued).tags == {"a": "1"}
    changing("TagRole", RoleName="app", Tags=[{"Key": "team", "Value": "x"}, {"Key": "A", "Value": "2"}])
    assert opened(world, issued).tags == {"team": "x", "a": "1"}


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("PutRolePermissionsBoundary", {"PermissionsBoundary": "arn:aws:iam::aws:policy/AmazonSQSFullAccess"}),
        ("DeleteRolePolicy", {"PolicyName": "p"}),
        (
            "PutRolePolicy",
            {
                "PolicyName": "AWSRevokeOlderSessions",
                "PolicyDocument": '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*",'
                '"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-01-02T03:04:06Z"}}}]}',
            },
        ),
    ],
)
def test_what_a_session_may_no_more(world: Any, changing: Any, operation: str, members: dict[str, Any]) -> None:
    issued = for_a_pod(world, world.role(trusting_pods(world), p=world.allow("s3:*")))
    assert may(world, opened(world, issued))
    changing(operation, RoleName="app", **members)
    assert not may(world, opened(world, issued))
    if operation == "PutRolePolicy":  # what is made later may
        world.clock.move(seconds=10)
        assert may(world, opened(world, for_a_pod(world, issued.role_arn)))


def test_what_a_user_may_no_more_by_a_group(world: Any, changing: Any) -> None:
    ann = world.user()
    changing("CreateGroup", GroupName="g")
    changing("AttachGroupPolicy", GroupName="g", PolicyArn=READ_ONLY)
    changing("AddUserToGroup", GroupName="g", UserName="ann")
    assert may(world, ann)
    changing("DetachGroupPolicy", GroupName="g", PolicyArn=READ_ONLY)
    assert not may(world, ann)
    changing("AttachGroupPolicy", GroupName="g", PolicyArn=READ_ONLY)
    assert may(world, ann)
    changing("RemoveUserFromGroup", GroupName="g", UserName="ann")
    assert not may(world, ann)


def test_a_key_that_is_switched_off_and_deleted(world: Any, changing: Any) -> None:
    key = world.user().access_key_id
    assert world.iam.find_key(key).active
    changing("UpdateAccessKey", UserName="ann", AccessKeyId=key, Status="Inactive")
    assert not world.iam.find_key(key).active
    changing("DeleteAccessKey", UserName="ann", AccessKeyId=key)
    assert world.iam.find_key(key) is None


def test_a_user_that_is_renamed_moved_and_tagged(world: Any, changing: Any) -> None:
    ann = world.user(p=world.allow("sts:*"))
    session = world.sts_call("GetSessionToken", ann)["Credentials"]
    trusts_ann = world.role(world.trust({"Principal": {"AWS": ann.arn}}))
    world.assume(ann, trusts_ann)
    assert world.open(session).arn == ann.arn
    changing("UpdateUser", UserName="ann", NewUserName="eve", NewPath="/p/")
    changing("TagUser", UserName="eve", Tags=[{"Key": "k", "Value": "v"}])
    eve = world.iam.find_key(ann.access_key_id).caller
    assert (eve.arn, eve.issuer_arn, eve.user_name) == ("arn:aws:iam::111122223333:user/p/eve",) * 2 + ("eve",)
    assert eve.tags == world.open(session).tags == {"k": "v"}
    assert world.open(session).arn == eve.arn
    world.assume(eve, trusts_ann)  # the same user still


def test_a_user_made_again_is_another(world: Any, changing: Any) -> None:
    ann = world.user(p=world.allow("sts:*"))
    session = world.sts_call("GetSessionToken", ann)["Credentials"]
    trusts_ann = world.role(world.trust({"Principal": {"AWS": ann.arn}}))
    world.assume(ann, trusts_ann)
    world.open(session)
    changing("DeleteAccessKey", UserName="ann", AccessKeyId=ann.access_key_id)
    changing("DeleteUserPolicy", UserName="ann", PolicyName="p")
    changing("DeleteUser", UserName="ann")
    changing("CreateUser", UserName="ann")
    changing("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=world.allow("sts:*"))
    key = changing("CreateAccessKey", UserName="ann")["AccessKey"]["AccessKeyId"]
    with pytest.raises(AwsError) as refused:
        world.open(session)
    assert refused.value.code == "InvalidClientTokenId"
    assert world.iam.find_key(ann.access_key_id) is None
    with pytest.raises(AccessDenied):
        world.assume(world.iam.find_key(key).caller, trusts_ann)
