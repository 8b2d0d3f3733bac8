"""The other operations: sessions of users, account of a key, decoded denials; and the handlers' form."""

from __future__ import annotations

import inspect
import json
from datetime import timedelta
from typing import Any

import pytest

from podid.core.errors import AccessDenied, AwsError
from podid.core.operations import invoke, snake_case
from podid.core.wire import load_service
from podid.iam import request_of

ACCOUNT = "111122223333"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


# GetSessionToken


def test_a_users_session_is_the_user(world: Any) -> None:
    ann = world.user(p=world.allow("s3:*"))
    world.iam_call("TagUser", UserName="ann", Tags=[{"Key": "team", "Value": "a"}])
    caller = world.open(world.sts_call("GetSessionToken", ann)["Credentials"])
    assert (caller.kind, caller.arn, caller.user_id, caller.user_name) == ("user", ann.arn, ann.user_id, "ann")
    assert caller.expires_at - caller.issued_at == timedelta(hours=12)
    assert dict(caller.tags) == {"team": "a"}
    assert world.authorizer.decide(caller, "s3:GetObject", "*", {}).allowed
    assert not world.authorizer.decide(caller, "sqs:SendMessage", "*", {}).allowed


@pytest.mark.parametrize(("seconds", "good"), [(899, False), (900, True), (129_600, True), (129_601, False)])
def test_how_long_a_users_session_lasts(world: Any, seconds: int, good: bool) -> None:
    ann = world.user()
    if good:
        assert world.sts_call("GetSessionToken", ann, DurationSeconds=seconds)
    else:
        with pytest.raises(AwsError) as caught:
            world.sts_call("GetSessionToken", ann, DurationSeconds=seconds)
        assert caught.value.code == "ValidationError"


def test_sessions_do_not_beget_sessions_of_users(world: Any) -> None:
    ann = world.user(p=world.allow("sts:*"))
    session = world.open(world.sts_call("GetSessionToken", ann)["Credentials"])
    role = world.role(world.trust({"Principal": {"AWS": ann.arn}}))
    for caller in (session, world.assume(session, role)):
        with pytest.raises(AccessDenied, match="Cannot call GetSessionToken with session credentials"):
            world.sts_call("GetSessionToken", caller)
        with pytest.raises(AccessDenied, match="Cannot call GetFederationToken with session credentials"):
            world.sts_call("GetFederationToken", caller, Name="bob")


def test_sessions_of_users_call_little(world: Any) -> None:
    ann = world.user(p=world.allow("*"))
    user = world.open(world.sts_call("GetSessionToken", ann)["Credentials"])
    federated = world.open(
        world.sts_call("GetFederationToken", ann, Name="bob", Policy=world.allow("*"))["Credentials"]
    )
    role = world.role(world.trust({"Principal": {"AWS": ACCOUNT}}))
    for caller in (user, federated):
        call = world.call("ListUsers", caller, "iam")
        with pytest.raises(AwsError) as caught:
            invoke(world.iam.handlers(), call, {})
        assert (caught.value.code, caught.value.status) == ("InvalidClientTokenId", 403)
        with pytest.raises(AccessDenied):
            world.sts_call("GetAccessKeyInfo", caller, AccessKeyId=ann.access_key_id)
        assert world.sts_call("GetCallerIdentity", caller)["Arn"] == caller.arn
    assert invoke(world.iam.handlers(), world.call("ListUsers", world.assume(user, role), "iam"), {})
    with pytest.raises(AccessDenied):
        world.assume(federated, role)


def test_deleting_the_user_ends_its_sessions(world: Any) -> None:
    ann = world.user()
    credentials = world.sts_call("GetSessionToken", ann)["Credentials"]
    world.iam_call("DeleteAccessKey", UserName="ann", AccessKeyId=ann.access_key_id)
    assert world.open(credentials)
    world.iam_call("DeleteUser", UserName="ann")
    with pytest.raises(AwsError) as caught:
        world.open(credentials)
    assert caught.value.code == "InvalidClientTokenId"


def test_a_renamed_user_is_still_the_same(world: Any) -> None:
    ann = world.user()
    credentials = world.sts_call("GetSessionToken", ann)["Credentials"]
    world.iam_call("UpdateUser", UserName="ann", NewUserName="anna")
    assert world.open(credentials).arn == f"arn:aws:iam::{ACCOUNT}:user/anna"


# GetFederationToken


def test_a_federated_user_has_what_both_allow(world: Any) -> None:
    ann = world.user(p=world.allow(["sts:GetFederationToken", "s3:*"]))
    answer = world.sts_call("GetFederationToken", ann, Name="bob", Policy=world.allow(["s3:GetObject", "sqs:*"]))
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{ACCOUNT}:bob",
        "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
    }
    assert answer["PackedPolicySize"] > 0
    caller = world.open(answer["Credentials"])
    assert caller.kind == "federated-user"
    assert world.sts_call("GetCallerIdentity", caller) == {
        "UserId": f"{ACCOUNT}:bob",
        "Account": ACCOUNT,
        "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
    }
    allowed = [
        action
        for action in ("s3:GetObject", "s3:PutObject", "sqs:SendMessage")
        if world.authorizer.decide(caller, action, "*", {}).allowed
    ]
    assert allowed == ["s3:GetObject"]


def test_a_federated_user_without_policies_has_nothing(world: Any) -> None:
    ann = world.user(p=world.allow("*"))
    caller = world.open(world.sts_call("GetFederationToken", ann, Name="bob")["Credentials"])
    assert not world.authorizer.decide(caller, "s3:GetObject", "*", {}).allowed
    with pytest.raises(AccessDenied):
        world.assume(caller, world.role(world.trust({"Principal": {"AWS": ACCOUNT}})))


def test_a_managed_policy_can_narrow_a_federated_user(world: Any) -> None:
    ann = world.user(p=world.allow("*"))
    caller = world.open(
        world.sts_call("GetFederationToken", ann, Name="bob", PolicyArns=[{"arn": READ_ONLY}])["Credentials"]
    )
    assert world.authorizer.decide(caller, "s3:GetObject", "*", {}).allowed
    assert not world.authorizer.decide(caller, "s3:PutObject", "*", {}).allowed


def test_a_federation_token_is_asked_for_on_its_name(world: Any) -> None:
    ann = world.user(p=world.allow("sts:GetFederationToken", f"arn:aws:sts::{ACCOUNT}:federated-user/bob"))
    assert world.sts_call("GetFederationToken", ann, Name="bob")
    with pytest.raises(AccessDenied, match="sts:GetFederationToken"):
        world.sts_call("GetFederationToken", ann, Name="eve")
    with pytest.raises(AccessDenied, match="sts:TagSession"):
        world.sts_call("GetFederationToken", ann, Name="bob", Tags=[{"Key": "a", "Value": "1"}])


# Session policies by ARN


def test_managed_session_policies_say_what_they_say_today(world: Any) -> None:
    ann = world.user(p=world.allow("sts:*"))
    role = world.role(world.trust({"Principal": {"AWS": ACCOUNT}}), p=world.allow("*"))
    arn = world.iam_call("CreatePolicy", PolicyName="sp", PolicyDocument=world.allow("s3:*"))["Policy"]["Arn"]
    credentials = world.sts_call(
        "AssumeRole", ann, RoleArn=role, RoleSessionName="session", PolicyArns=[{"arn": arn}, {"arn": arn}]
    )["Credentials"]
    assert world.authorizer.decide(world.open(credentials), "s3:GetObject", "*", {}).allowed
    assert not world.authorizer.decide(world.open(credentials), "sqs:SendMessage", "*", {}).allowed
    world.iam_call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=world.allow("sqs:*"), SetAsDefault=True)
    assert world.authorizer.decide(world.open(credentials), "sqs:SendMessage", "*", {}).allowed
    world.iam_call("DeletePolicyVersion", PolicyArn=arn, VersionId="v1")
    world.iam_call("DeletePolicy", PolicyArn=arn)
    decision = world.authorizer.decide(world.open(credentials), "sqs:SendMessage", "*", {})
    assert not decision.allowed
    assert [(reason.layer.value, reason.kind) for reason in decision.reasons] == [("session", "implicit")]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/Nothing"}]}, "ValidationError"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::444455556666:policy/p"}]}, "ValidationError"),
        ({"PolicyArns": [{"arn": f"arn:aws:iam::aws:policy/P{n}"} for n in range(11)]}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        (
            {"Policy": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}'},
            "MalformedPolicyDocument",
        ),
    ],
)
def test_session_policies_that_are_none(world: Any, members: dict[str, Any], code: str) -> None:
    ann = world.user(p=world.allow("sts:*"))
    role = world.role(world.trust({"Principal": {"AWS": ACCOUNT}}))
    with pytest.raises(AwsError) as caught:
        world.assume(ann, role, **members)
    assert (caught.value.code, caught.value.status) == (code, 400)


# GetAccessKeyInfo, DecodeAuthorizationMessage, GetCallerIdentity


def test_the_account_of_a_key(world: Any) -> None:
    ann = world.user(p=world.allow("sts:GetAccessKeyInfo"))
    role = world.role(world.trust({"Principal": {"AWS": ann.arn}}))
    session = world.assume(ann, role)
    for key in (ann.access_key_id, session.access_key_id):
        assert world.sts_call("GetAccessKeyInfo", ann, AccessKeyId=key) == {"Account": ACCOUNT}
    with pytest.raises(AwsError) as caught:
        world.sts_call("GetAccessKeyInfo", ann, AccessKeyId="nonsense-of-16-chars")
    assert caught.value.code == "ValidationError"
    with pytest.raises(AccessDenied):
        world.sts_call("GetAccessKeyInfo", session, AccessKeyId=ann.access_key_id)


def test_a_denial_can_be_decoded_by_whoever_may(world: Any) -> None:
    ann = world.user(
        p=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "sts:DecodeAuthorizationMessage", "Resource": "*"},
                    {"Sid": "NoRuns", "Effect": "Deny", "Action": "ec2:Run*", "Resource": "*"},
                ],
            }
        )
    )
    instance = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*"
    context = {"ec2:Region": ("us-east-1",)}
    decision = world.authorizer.decide(ann, "ec2:RunInstances", instance, context)
    message = world.sts.encode_denial(request_of(ann, "ec2:RunInstances", instance, context), decision)
    decoded = json.loads(world.sts_call("DecodeAuthorizationMessage", ann, EncodedMessage=message)["DecodedMessage"])
    assert (decoded["allowed"], decoded["explicitDeny"]) == (False, True)
    (statement,) = decoded["matchedStatements"]["items"]
    assert (statement["statementId"], statement["effect"], statement["policy"]) == ("NoRuns", "DENY", "p")
    assert decoded["context"]["principal"] == {"id": ann.user_id, "arn": ann.arn}
    assert (decoded["context"]["action"], decoded["context"]["resource"]) == ("ec2:RunInstances", instance)
    assert {"key": "ec2:Region", "values": {"items": [{"value": "us-east-1"}]}} in decoded["context"]["conditions"][
        "items"
    ]
    with pytest.raises(AccessDenied):
        world.sts_call("DecodeAuthorizationMessage", world.user("bob"), EncodedMessage=message)


def test_only_our_own_messages_decode(world: Any) -> None:
    ann = world.user(p=world.allow("sts:*"))
    token = world.sts_call("GetSessionToken", ann)["Credentials"]["SessionToken"]
    for message in ("x", token):
        with pytest.raises(AwsError) as caught:
            world.sts_call("DecodeAuthorizationMessage", ann, EncodedMessage=message)
        assert (caught.value.code, caught.value.status) == ("InvalidAuthorizationMessageException", 400)


def test_a_denial_of_any_size_is_encoded(world: Any) -> None:
    import os

    ann = world.user(p=world.allow("sts:*"))
    context = {f"aws:RequestTag/k{number}": (os.urandom(128).hex(),) for number in range(50)}
    decision = world.authorizer.decide(ann, "s3:GetObject", "*", context)
    message = world.sts.encode_denial(request_of(ann, "s3:GetObject", "*", context), decision)
    decoded = json.loads(world.sts_call("DecodeAuthorizationMessage", ann, EncodedMessage=message)["DecodedMessage"])
    assert decoded["context"]["conditions"]["items"] == []


def test_nothing_denies_get_caller_identity(world: Any) -> None:
    ann = world.user(
        p=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    )
    assert world.sts_call("GetCallerIdentity", ann)["Arn"] == ann.arn


def test_handlers_follow_the_model(world: Any) -> None:
    operations = load_service("sts").operations
    handlers = world.sts.handlers()
    for name, handler in handlers.items():
        shape = operations[name].input
        taken = dict(inspect.signature(handler).parameters)
        taken.pop("call")
        members = set() if shape is None else {snake_case(member) for member in shape.members}
        required = set() if shape is None else {snake_case(member) for member in shape.required}
        assert set(taken) <= members, name
        without_default = {key for key, parameter in taken.items() if parameter.default is inspect.Parameter.empty}
        assert without_default == required, name
    assert operations.keys() == handlers.keys()
