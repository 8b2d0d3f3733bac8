"""Events of every kind, letter by letter as they were when they were written out on the request's way: reading them must give the same.

`events.json` was written by that podid, but for `eventID`, which was random.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.audit.callers import (
    ACCOUNT,
    ANN,
    AT,
    BOB,
    FAR,
    NODE,
    POD,
    PROVED,
    ROOT,
    SERVICE,
    WEB,
    call,
)

from podid.audit import Proceedings, called, entries_of, proceedings_of
from podid.audit.batches import rows_of, unpacked
from podid.core.caller import ANONYMOUS, Call
from podid.core.errors import AccessDenied, AwsError
from podid.core.sigv4 import Credentials
from podid.eks_auth.events import assumed
from podid.sts import IssuedSession

WRITTEN: dict[str, str] = json.loads((Path(__file__).parent / "events.json").read_text())
EXPIRATION = datetime(2026, 1, 2, 21, 20, 4, tzinfo=UTC)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/reader"
MADE = {
    "AccessKeyId": "ASIANEW",
    "SecretAccessKey": "the-secret",
    "SessionToken": "the-token",
    "Expiration": EXPIRATION,
}
TAGS = {
    "eks-cluster-arn": "arn:c",
    "eks-cluster-name": "c",
    "kubernetes-namespace": "n",
    "kubernetes-service-account": "sa",
    "kubernetes-pod-name": "p",
    "kubernetes-pod-uid": "u",
}


def done(made: Call, parameters: dict[str, Any], answer: dict[str, Any] | None = None, **members: Any) -> Proceedings:
    end = called(made, parameters=parameters, answer=answer, **members)
    return proceedings_of(made, secure=True, done=end)


def session(role: str, key: str, packed: int | None) -> IssuedSession:
    return IssuedSession(
        credentials=Credentials(key, "the-secret", "the-token"),
        expiration=EXPIRATION,
        assumed_role_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/s",
        assumed_role_id=f"AROA{role}:s",
        role_arn=ROLE,
        packed_policy_size=packed,
    )


def for_pod(**members: Any) -> Proceedings:
    made = call(NODE)
    given = {"role_arn": ROLE, "session_name": "s", "duration": 21_600, "tags": TAGS, "policy": None, **members}
    made.notes.assumed.append(assumed(given.pop("caller", SERVICE), **given))
    return proceedings_of(made, secure=True, assumed=made.notes.assumed)


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


EXCHANGE = {"clusterName": "c", "token": "eyJ.secret.x"}
ANSWER = {"subject": {"namespace": "n"}, "credentials": MADE}
HIDDEN_IN_NONE = ("the-secret", "the-token", "eyJ.secret.x", "e.y.J", "PHNh", "987654", "private words")

EVENTS: dict[str, Proceedings] = {
    "exchange": done(call(NODE), EXCHANGE, ANSWER),
    "exchange, in the clear": proceedings_of(
        call(NODE), secure=False, done=called(call(NODE), parameters=EXCHANGE, answer=ANSWER)
    ),
    "exchange refused": done(
        call(NODE),
        {"clusterName": "c", "token": "t"},
        error=AccessDenied("public ☃ words", private="private words"),
    ),
    "a change by a user": done(
        call(ANN, "iam", "CreateAccessKey"),
        {
            "UserName": "bob",
            "Tags": [{"Key": "a", "Value": "b"}],
            "Flag": True,
            "Count": 3,
            "Nothing": None,
            "Blob": b"123",
        },
        {"AccessKey": {**MADE, "CreateDate": AT, "Status": "Active"}},
    ),
    "a read by root": done(call(ROOT, "eks", "ListClusters"), {}, {"clusters": ["a"]}),
    "a failure of ours": done(
        call(PROVED, "iam", "CreateRole"),
        {"RoleName": "r", "AssumeRolePolicyDocument": "{}"},
        error=AwsError(""),
    ),
    "AssumeRole": done(
        call(PROVED, "sts", "AssumeRole"),
        {"RoleArn": ROLE, "RoleSessionName": "one", "TokenCode": "987654", "DurationSeconds": 900},
        {"Credentials": MADE, "AssumedRoleUser": {"Arn": "a", "AssumedRoleId": "i"}, "PackedPolicySize": 6},
    ),
    "by a federated user": done(call(BOB, "iam", "GetUser"), {"UserName": "bob"}, {"User": {}}),
    "by a web identity's session": done(call(WEB, "sts", "GetCallerIdentity"), {}, {"Arn": "x"}),
    "AssumeRoleWithWebIdentity": done(
        call(ANONYMOUS, "sts", "AssumeRoleWithWebIdentity"),
        {"RoleArn": ROLE, "RoleSessionName": "web", "WebIdentityToken": "e.y.J"},
        {"Credentials": MADE, "Provider": "arn:p", "Audience": "aud", "SubjectFromWebIdentityToken": "ann"},
        federated={
            "type": "WebIdentityUser",
            "principalId": "arn:p:aud:ann",
            "userName": "ann",
            "identityProvider": "arn:p",
        },
    ),
    "AssumeRoleWithWebIdentity refused": done(
        call(ANONYMOUS, "sts", "AssumeRoleWithWebIdentity"),
        {"RoleArn": ROLE, "WebIdentityToken": "e.y.J"},
        error=AwsError("no"),
    ),
    "AssumeRoleWithSAML": done(
        call(ANONYMOUS, "sts", "AssumeRoleWithSAML"),
        {"RoleArn": ROLE, "PrincipalArn": "arn:p", "SAMLAssertion": "PHNh"},
        {"Credentials": MADE, "NameQualifier": "nq=", "Subject": "bob", "Issuer": "https://idp"},
        federated={
            "type": "SAMLUser",
            "principalId": "nq=:bob",
            "userName": "bob",
            "identityProvider": "https://idp",
        },
    ),
    "by CloudFormation": done(
        call(ANN, "iam", "CreateRole"),
        {"RoleName": "of-stack", "Description": nested(20)},
        {"Role": {"Arn": "a"}},
        invoked_by="cloudformation.amazonaws.com",
    ),
    "too large": done(call(ANN, "iam", "PutRolePolicy"), {f"K{number}": "x" * 5000 for number in range(30)}, {}),
    "the pod's AssumeRole": for_pod(outcome=session("reader", "ASIAPOD", 8)),
    "the pod's AssumeRole, without tags, with a policy": for_pod(
        tags={}, policy='{"Version":"2012-10-17"}', outcome=session("reader", "ASIAPOD", None)
    ),
    "the second hop": for_pod(
        caller=POD,
        role_arn=f"arn:aws:iam::{FAR}:role/far",
        session_name="s2",
        duration=3600,
        tags={},
        outcome=session("far", "ASIAFAR", 3),
        external_id=f"us-west-2/{ACCOUNT}/c/n/sa",
    ),
    "the pod's AssumeRole refused": for_pod(outcome=AccessDenied("not allowed", private="trust implicit")),
}


def test_every_written_event_is_tried() -> None:
    assert EVENTS.keys() == WRITTEN.keys()


@pytest.mark.parametrize("name", WRITTEN)
def test_an_event_reads_as_it_was_written(name: str) -> None:
    packed = rows_of([EVENTS[name]])[0]["packed"]
    (entry,) = entries_of(unpacked(packed)[0])
    event = json.loads(entry.event)
    assert entry.event == WRITTEN[name].replace('"EVENT"', f'"{event["eventID"]}"')
    assert uuid.UUID(event["eventID"]).version == 4
    assert not [secret for secret in HIDDEN_IN_NONE if secret in entry.event or secret.encode() in packed]


def test_events_of_one_request_have_ids_of_their_own() -> None:
    made = call(NODE)
    for caller in (SERVICE, POD):
        made.notes.assumed.append(
            assumed(
                caller,
                role_arn=ROLE,
                session_name="s",
                duration=3600,
                tags={},
                policy=None,
                outcome=session("reader", "ASIAPOD", None),
            )
        )
    end = called(made, parameters=EXCHANGE, answer=ANSWER)
    kept = proceedings_of(made, secure=True, assumed=made.notes.assumed, done=end)
    inner = [Proceedings(at=AT, request_id=kept.request_id, caller=kept.caller, region="r", called=kept.called, step=1)]
    found = [json.loads(entry.event)["eventID"] for each in (kept, *inner) for entry in entries_of(each)]
    assert len(set(found)) == 4
    again = [json.loads(entry.event)["eventID"] for each in (kept, *inner) for entry in entries_of(each)]
    assert again == found
