from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.audit import management_event
from podid.audit.trail import HIDDEN
from podid.core.caller import ANONYMOUS, Call, Caller
from podid.core.errors import AccessDenied

ACCOUNT = "111122223333"
NODE = Caller(
    kind="role-session",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/node/i-0123456789abcdef0",
    user_id="AROANODE:i-0123456789abcdef0",
    access_key_id="ASIANODE",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/path/node",
    issuer_id="AROANODE",
    session_name="i-0123456789abcdef0",
    issued_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def call(caller: Caller, service: str = "eks-auth", operation: str = "AssumeRoleForPodIdentity") -> Call:
    return Call(
        caller=caller,
        account=ACCOUNT,
        region="us-west-2",
        partition="aws",
        now=datetime(2026, 1, 2, 15, 20, 4, 999_999, tzinfo=UTC),
        request_id="r-1",
        service=service,
        operation=operation,
        source_ip="10.88.0.2",
        user_agent="aws-sdk-go-v2/1.0",
    )


def event(made: Call, **members: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"parameters": {}, "answer": None, "event_id": "e-1", **members}
    read: dict[str, Any] = json.loads(management_event(made, **given))
    return read


def test_a_call_by_a_node_role() -> None:
    shown = event(call(NODE), parameters={"clusterName": "c", "token": "eyJ.secret.x"}, read_only=True, answer={"x": 1})
    assert shown["eventSource"] == "eks-auth.amazonaws.com"
    assert shown["eventTime"] == "2026-01-02T15:20:04Z"
    assert shown["requestParameters"] == {"clusterName": "c", "token": HIDDEN}
    assert shown["responseElements"] is None
    assert (shown["sourceIPAddress"], shown["userAgent"]) == ("10.88.0.2", "aws-sdk-go-v2/1.0")
    identity = shown["userIdentity"]
    assert (identity["type"], identity["arn"], identity["accessKeyId"]) == ("AssumedRole", NODE.arn, "ASIANODE")
    assert identity["sessionContext"]["sessionIssuer"] == {
        "type": "Role",
        "principalId": "AROANODE",
        "arn": NODE.issuer_arn,
        "accountId": ACCOUNT,
        "userName": "node",
    }


def test_a_call_by_a_service() -> None:
    shown = event(
        call(Caller(kind="service", service="pods.eks.amazonaws.com"), "sts", "AssumeRole"),
        parameters={"RoleArn": "arn", "Tags": [{"Key": "a", "Value": "b"}], "DurationSeconds": 21_600},
        answer={
            "Credentials": {
                "AccessKeyId": "ASIA",
                "SecretAccessKey": "the-secret",
                "SessionToken": "the-token",
                "Expiration": datetime(2024, 4, 16, 15, 20, 4, tzinfo=UTC),
            },
            "PackedPolicySize": 56,
        },
        resources=[{"type": "AWS::IAM::Role", "ARN": "arn", "accountId": ACCOUNT}],
    )
    assert shown["userIdentity"] == {"type": "AWSService", "invokedBy": "pods.eks.amazonaws.com"}
    assert shown["sourceIPAddress"] == shown["userAgent"] == "pods.eks.amazonaws.com"
    assert shown["requestParameters"] == {
        "roleArn": "arn",
        "tags": [{"key": "a", "value": "b"}],
        "durationSeconds": 21_600,
    }
    assert shown["responseElements"]["credentials"] == {
        "accessKeyId": "ASIA",
        "sessionToken": HIDDEN,
        "expiration": "Apr 16, 2024, 3:20:04 PM",
    }
    assert shown["resources"][0]["type"] == "AWS::IAM::Role"


def test_a_call_that_failed() -> None:
    shown = event(call(NODE), answer={"x": 1}, error=AccessDenied("public words", private="private words"))
    assert (shown["errorCode"], shown["errorMessage"]) == ("AccessDenied", "public words")
    assert shown["responseElements"] is None
    assert "private words" not in json.dumps(shown)


@pytest.mark.parametrize(
    ("caller", "kind"),
    [
        (Caller(kind="root", account=ACCOUNT), "Root"),
        (Caller(kind="user", account=ACCOUNT, user_name="ann"), "IAMUser"),
        (
            Caller(kind="federated-user", account=ACCOUNT, issued_at=NODE.issued_at, issuer_arn="arn:x/ann"),
            "FederatedUser",
        ),
        (ANONYMOUS, "Unknown"),
    ],
)
def test_every_kind_of_caller_has_a_type(caller: Caller, kind: str) -> None:
    assert event(call(caller))["userIdentity"]["type"] == kind


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=30,
)
SECRET = "s3cr3t-that-is-nowhere-else"


@given(
    st.dictionaries(st.text(max_size=10), values, max_size=5),
    st.sampled_from(
        ["SecretAccessKey", "sessionToken", "WebIdentityToken", "SAMLAssertion", "Password", "token", "PrivateKey"]
    ),
    st.integers(0, 5),
)
def test_no_secret_is_written_wherever_it_stands(parameters: dict[str, Any], name: str, depth: int) -> None:
    nested: Any = {name: SECRET}
    for _ in range(depth):
        nested = {"Inner": [nested]}
    text = management_event(call(NODE), parameters={**parameters, "Nested": nested}, answer=nested, event_id="e")
    assert SECRET not in text
    assert json.loads(text)["eventName"] == "AssumeRoleForPodIdentity"


def test_events_are_bounded() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    wide = {f"k{number}": "x" * 5000 for number in range(150)}
    shown = event(call(NODE), parameters={"Deep": deep, "Wide": wide})
    assert shown["requestParameters"] is None
    assert len(json.dumps(shown)) < 4000
