"""Second factors in sessions, and the size of tokens."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from podid.core.caller import Caller
from podid.core.errors import AccessDenied
from podid.iam.errors import InvalidClientTokenId
from podid.iam.totp import code_of, step_at

ACCOUNT = "111122223333"
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/phone"
WITH_FACTOR = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


class Device:
    def __init__(self, world: Any) -> None:
        made = world.iam_call("CreateVirtualMFADevice", VirtualMFADeviceName="phone")["VirtualMFADevice"]
        self._seed = base64.b32decode(made["Base32StringSeed"])
        self._clock = world.clock

    def code(self, off: int = 0) -> str:
        return code_of(self._seed, step_at(self._clock()) + off)

    @property
    def proof(self) -> dict[str, str]:
        return {"SerialNumber": SERIAL, "TokenCode": self.code()}


@pytest.fixture
def ann(world: Any) -> Caller:
    caller: Caller = world.user(p=world.allow("*"))
    return caller


@pytest.fixture
def device(world: Any, ann: Caller) -> Device:
    made = Device(world)
    codes = {"AuthenticationCode1": made.code(-2), "AuthenticationCode2": made.code(-1)}
    world.iam_call("EnableMFADevice", UserName="ann", SerialNumber=SERIAL, **codes)
    world.clock.move(seconds=30)
    return made


def decision(world: Any, caller: Caller, condition: dict[str, Any]) -> bool:
    """Whether a policy with that condition lets the caller read, now."""
    world.iam_call(
        "PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=world.allow("s3:GetObject", Condition=condition)
    )
    now = {"aws:EpochTime": (str(int(world.clock().timestamp())),)}
    return bool(world.authorizer.decide(caller, "s3:GetObject", "arn:aws:s3:::b/k", now).allowed)


def test_a_session_with_a_second_factor_says_so_and_how_long_ago(world: Any, ann: Caller, device: Device) -> None:
    session = world.open(world.sts_call("GetSessionToken", ann, **device.proof)["Credentials"])
    assert session.mfa_at == world.clock().replace(microsecond=0)
    assert decision(world, session, WITH_FACTOR)
    world.clock.move(seconds=100)
    assert decision(world, session, {"NumericEquals": {"aws:MultiFactorAuthAge": "100"}})
    assert not decision(world, session, {"NumericLessThan": {"aws:MultiFactorAuthAge": "100"}})


def test_a_session_without_one_says_so_too_and_a_long_term_key_says_nothing(world: Any, ann: Caller) -> None:
    session = world.open(world.sts_call("GetSessionToken", ann)["Credentials"])
    assert not decision(world, session, WITH_FACTOR)
    assert decision(world, session, {"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    assert decision(world, session, {"Null": {"aws:MultiFactorAuthAge": "true"}})
    assert decision(world, ann, {"Null": {"aws:MultiFactorAuthPresent": "true"}})
    assert decision(world, ann, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})


def test_a_second_factor_opens_iam_to_a_users_session(world: Any, ann: Caller, device: Device) -> None:
    call = world.call("ListUsers", world.open(world.sts_call("GetSessionToken", ann)["Credentials"]), "iam")
    with pytest.raises(InvalidClientTokenId):
        world.iam.handlers()["ListUsers"](call)
    proved = world.open(world.sts_call("GetSessionToken", ann, **device.proof)["Credentials"])
    assert world.iam.handlers()["ListUsers"](world.call("ListUsers", proved, "iam"))["Users"]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"SerialNumber": SERIAL}, "must provide both MFA serial number and one time pass code"),
        ({"TokenCode": "123456"}, "must provide both MFA serial number and one time pass code"),
        ({"SerialNumber": SERIAL, "TokenCode": "000000"}, "invalid MFA one time pass code"),
        ({"SerialNumber": SERIAL + "2", "TokenCode": "000000"}, "unable to validate MFA code"),
    ],
)
@pytest.mark.parametrize("operation", ["GetSessionToken", "AssumeRole"])
def test_a_factor_that_does_not_hold(
    world: Any, ann: Caller, device: Device, operation: str, members: dict[str, str], text: str
) -> None:
    role = world.role(world.trust({"Principal": {"AWS": ann.arn}}))
    if operation == "AssumeRole":
        members = {**members, "RoleArn": role, "RoleSessionName": "session"}
    with pytest.raises(AccessDenied, match=text):
        world.sts_call(operation, ann, **members)


def test_a_role_can_ask_for_a_factor_given_with_the_call(world: Any, ann: Caller, device: Device) -> None:
    recent = {"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}, **WITH_FACTOR}
    role = world.role(world.trust({"Principal": {"AWS": ann.arn}, "Condition": recent}))
    with pytest.raises(AccessDenied, match="not authorized to perform: sts:AssumeRole"):
        world.assume(ann, role)
    session = world.assume(ann, role, **device.proof)
    # "The temporary credentials returned by AssumeRole do not include MFA information in the context."
    assert session.mfa_at is None
    with pytest.raises(AccessDenied, match="unable to validate MFA code"):
        world.assume(session, role, **device.proof)


def test_or_before_it(world: Any, ann: Caller, device: Device) -> None:
    recent = {"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}, **WITH_FACTOR}
    role = world.role(world.trust({"Principal": {"AWS": ann.arn}, "Condition": recent}))
    proved = world.open(world.sts_call("GetSessionToken", ann, **device.proof)["Credentials"])
    assert world.assume(proved, role)
    world.clock.move(seconds=60)
    with pytest.raises(AccessDenied):
        world.assume(proved, role)


def test_a_factor_cannot_be_claimed(world: Any, ann: Caller) -> None:
    role = world.role(world.trust({"Principal": {"AWS": ann.arn}, "Condition": WITH_FACTOR}))
    session = world.open(world.sts_call("GetSessionToken", ann)["Credentials"])
    with pytest.raises(AccessDenied):
        world.sts_call(
            "AssumeRole",
            session,
            {"aws:MultiFactorAuthPresent": ("true",)},
            RoleArn=role,
            RoleSessionName="session",
        )


def test_a_token_is_as_long_as_it_was_asked_to_be(world: Any, ann: Caller) -> None:
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )
    role = world.role(world.trust({"Principal": {"AWS": ann.arn}}))
    for operation, members in (
        ("AssumeRole", {"RoleArn": role, "RoleSessionName": "session", "Policy": policy}),
        ("GetSessionToken", {}),
        ("GetFederationToken", {"Name": "bob", "Policy": policy}),
    ):
        plain = len(world.sts_call(operation, ann, **members)["Credentials"]["SessionToken"])
        for least in (1, plain - 1, plain, *range(plain + 1, plain + 12), 2000, 4096):
            made = world.sts_call(operation, ann, MinimumSessionTokenSize=least, **members)["Credentials"]
            shortest = max(least, plain)
            assert shortest <= len(made["SessionToken"]) <= shortest + 8
            assert world.open(made).account == ACCOUNT
