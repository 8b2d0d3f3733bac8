from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.audit.callers import ACCOUNT, NODE, call

from podid.audit import HIDDEN, called, entries_of, proceedings_of
from podid.audit.batches import rows_of, unpacked
from podid.core.caller import ANONYMOUS, Call, Caller
from podid.core.errors import AccessDenied, AwsError


def text_of(made: Call, **members: Any) -> str:
    """The event of a call as whoever reads it gets it."""
    given: dict[str, Any] = {"parameters": {}, "answer": None, **members}
    kept = proceedings_of(made, secure=False, done=called(made, **given))
    (entry,) = entries_of(unpacked(rows_of([kept])[0]["packed"])[0])
    return entry.event


def event(made: Call, **members: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(text_of(made, **members))
    return read


REFUSAL = AccessDenied("public words", private="private words")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"


def test_a_call_by_a_node_role() -> None:
    shown = event(call(NODE), parameters={"clusterName": "c", "token": "eyJ.secret.x"}, answer={"x": 1})
    assert shown["eventSource"] == "eks-auth.amazonaws.com"
    assert shown["eventTime"] == "2026-01-02T15:20:04Z"
    assert shown["requestParameters"] == {"clusterName": "c", "token": HIDDEN}
    assert shown["responseElements"] is None
    assert (shown["sourceIPAddress"], shown["userAgent"]) == ("10.88.0.2", 'aws-sdk-go-v2/1.0 é"')
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
        parameters={"RoleArn": ROLE, "Tags": [{"Key": "a", "Value": "b"}], "DurationSeconds": 21_600},
        answer={
            "Credentials": {
                "AccessKeyId": "ASIA",
                "SecretAccessKey": "the-secret",
                "SessionToken": "the-token",
                "Expiration": datetime(2024, 4, 16, 15, 20, 4, tzinfo=UTC),
            },
            "PackedPolicySize": 56,
        },
    )
    assert shown["userIdentity"] == {"type": "AWSService", "invokedBy": "pods.eks.amazonaws.com"}
    assert shown["sourceIPAddress"] == shown["userAgent"] == "pods.eks.amazonaws.com"
    assert shown["requestParameters"] == {
        "roleArn": ROLE,
        "tags": [{"key": "a", "value": "b"}],
        "durationSeconds": 21_600,
    }
    assert shown["responseElements"]["credentials"] == {
        "accessKeyId": "ASIA",
        "sessionToken": HIDDEN,
        "expiration": "Apr 16, 2024, 3:20:04 PM",
    }
    assert shown["resources"] == [{"type": "AWS::IAM::Role", "ARN": ROLE, "accountId": ACCOUNT}]


def test_a_call_that_failed() -> None:
    shown = event(call(NODE), answer={"x": 1}, error=REFUSAL, failure=REFUSAL)
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
    text = text_of(call(NODE), parameters={**parameters, "Nested": nested}, answer=nested)
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


def test_what_is_far_too_large_is_not_even_kept() -> None:
    wide = {f"k{number}": "é" * 8000 for number in range(190)}
    kept = proceedings_of(call(NODE), secure=False, done=called(call(NODE), parameters=wide, answer=None))
    packed = rows_of([kept])[0]["packed"]
    assert len(packed) < 4000
    (entry,) = entries_of(unpacked(packed)[0])
    assert json.loads(entry.event)["additionalEventData"] == {"omitted": "too large"}


@pytest.mark.parametrize("text", ["half \ud800 a character", "nul \0 in it", "\udfff"])
def test_what_no_database_holds_is_written_all_the_same(text: str) -> None:
    failure = AwsError(f"public {text}", private=f"private {text}")
    hostile = call(NODE)
    shown = event(hostile, parameters={text: [text, {"a": text}]}, error=failure, failure=failure)
    clean = text.encode("utf-8", "replace").decode()
    assert shown["requestParameters"] == {clean: [clean, {"a": clean}]}
    assert shown["errorMessage"] == f"public {clean}"


def test_numbers_of_any_size_are_written() -> None:
    shown = event(call(NODE), parameters={"Huge": 10**40, "Least": -(2**63), "Odd": float("nan")})
    assert shown["requestParameters"] == {"huge": str(10**40), "least": -(2**63), "odd": None}
