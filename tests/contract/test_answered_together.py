"""Requests that came at the same time: each gets the answer that it gets alone, and has its own line and entries."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.contract.asking import FORM, JSON, WHO, asked
from tests.contract.served import Served

from podid.core.clock import system_clock
from podid.core.http import HttpResponse
from podid.core.operations import Steps
from podid.core.sigv4 import Credentials
from podid.core.tokens import sign_token
from podid.core.waiting import WouldWait, about_to_wait, without_waiting
from podid.gateway.passage import Later
from podid.gateway.steps.values import Received

EXCHANGE = "/clusters/eksdemo1/assume-role-for-pod-identity"


def some(served: Served) -> list[Received]:
    """One that is allowed, one of each kind that is not, and one more that is."""
    admin, now = served.administrator, system_clock()
    nobody = Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40)
    wrong = Credentials(admin.access_key_id, "x" * 40)
    token = json.dumps({"token": "a.b.c"}).encode()
    return [
        asked(admin, "sts", "/", WHO, now),
        asked(nobody, "sts", "/", WHO, now),
        asked(wrong, "eks-auth", EXCHANGE, token, now, JSON),
        asked(admin, "sts", "/", WHO, now - timedelta(minutes=20)),
        asked(admin, "eks-auth", EXCHANGE, b"{", now, JSON),
        asked(admin, "eks-auth", EXCHANGE, token, now, JSON),
        asked(admin, "eks-auth", EXCHANGE.replace("eksdemo1", "no-such"), token, now, JSON),
        asked(admin, "eks-auth", "/clusters/eksdemo1/no-such-thing", token, now, JSON),
        asked(admin, "sts", "/", b"Action=Nothing&Version=2011-06-15", now),
        asked(admin, "sts", "/", WHO, now),
    ]


@pytest.fixture(scope="module")
def role(served: Served) -> str:
    """The ARN of a role that pods of the service account `together` get."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    made = served.client("iam").create_role(RoleName="together", AssumeRolePolicyDocument=served.document(trust))
    arn = str(made["Role"]["Arn"])
    served.client("eks").create_pod_identity_association(
        clusterName="eksdemo1", namespace="default", serviceAccount="together", roleArn=arn
    )
    return arn


def exchange(served: Served, pod: str, account: str = "together", **more: Any) -> Received:
    """A node's request with the token of a pod."""
    now = system_clock()
    epoch = int(now.timestamp())
    claims = {
        "iss": "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
        "aud": ["pods.eks.amazonaws.com"],
        "sub": f"system:serviceaccount:default:{account}",
        "iat": epoch,
        "nbf": epoch,
        "exp": epoch + 3600,
        "kubernetes.io": {
            "namespace": "default",
            "serviceaccount": {"name": account, "uid": "account"},
            "pod": {"name": pod, "uid": f"uid-{pod}"},
        },
        **more,
    }
    body = json.dumps({"token": sign_token(served.key, claims)}).encode()
    return asked(served.administrator, "eks-auth", EXCHANGE, body, now, JSON)


def told(response: object) -> tuple[int, str]:
    """Status and body, without the request's id."""
    assert isinstance(response, HttpResponse)
    ids = [value for name, value in response.headers if name == "x-amzn-requestid"]
    return response.status, response.body.decode().replace(ids[0], "ID")


def test_each_is_told_what_it_is_told_alone(served: Served) -> None:
    received = some(served)
    alone = [told(served.gateway.answer(one)) for one in received]
    assert [status for status, _ in alone] == [200, 403, 403, 403, 400, 400, 404, 404, 400, 200]
    assert [told(one) for one in served.gateway.begin_together(received)] == alone
    assert [told(one) for one in served.gateway.begin_together(received[::-1])] == alone[::-1]


def test_each_has_entries_of_its_own(served: Served) -> None:
    received = some(served)
    answers = served.gateway.begin_together(received)
    served.decisions.flush()
    entries = []
    for one in answers:
        assert isinstance(one, HttpResponse)
        (request_id,) = [value for name, value in one.headers if name == "x-amzn-requestid"]
        entries.append([(entry.action, entry.outcome) for entry in served.decisions.find(request_id)])
    exchange = "eks-auth:AssumeRoleForPodIdentity"
    assert entries[0] == entries[9] == [("sts:GetCallerIdentity", "Completed")]
    assert entries[1] == [("sts:GetCallerIdentity", "Failed")]
    assert entries[5] == entries[6] == [(exchange, "Allowed"), (exchange, "Failed")]


def test_who_would_wait_keeps_nobody_waiting(served: Served) -> None:
    """A change of EKS waits for the writer's turn, so it is taken up by a thread; the answers to the others are there."""
    admin, now = served.administrator, system_clock()
    waiting = asked(admin, "eks", "/clusters/eksdemo1/addons", b'{"addonName": "eks-pod-identity-agent"}', now, JSON)
    first, second, third = without_waiting(
        lambda: served.gateway.begin_together([asked(admin, "sts", "/", WHO, now), waiting, some(served)[1]])
    )
    assert told(first)[0] == 200
    assert not isinstance(second, HttpResponse | WouldWait)
    assert told(third)[0] == 403
    assert told(second.again())[0] == 200
    served.client("eks").delete_addon(clusterName="eksdemo1", addonName="eks-pod-identity-agent")


def test_each_pod_gets_its_own_session(served: Served, role: str) -> None:
    received = [exchange(served, f"pod-{number}") for number in range(5)]
    received.insert(1, exchange(served, "other", aud=["somebody-else"]))
    received.insert(3, exchange(served, "stranger", account="unknown"))
    answers = [told(one) for one in served.gateway.begin_together(received)]
    assert [status for status, _ in answers] == [200, 400, 200, 404, 200, 200, 200]
    given = [json.loads(body) for status, body in answers if status == 200]
    sessions = [one["assumedRoleUser"]["arn"] for one in given]
    assert [arn.partition("/eks-eksdemo1-")[2][:5] for arn in sessions] == [f"pod-{number}" for number in range(5)]
    assert all(
        arn.startswith(f"{role.replace(':iam:', ':sts:').replace('role/', 'assumed-role/')}/") for arn in sessions
    )
    assert len({one["credentials"]["accessKeyId"] for one in given}) == 5
    assert len({one["credentials"]["secretAccessKey"] for one in given}) == 5
    for one, arn in zip(given, sessions, strict=True):
        credentials = one["credentials"]
        who = Credentials(credentials["accessKeyId"], credentials["secretAccessKey"], credentials["sessionToken"])
        assert served.client("sts", who).get_caller_identity()["Arn"] == arn


def test_each_pods_tags_are_in_its_own_entry(served: Served, role: str) -> None:
    """And in its own line: what is gathered for one call is another object for each."""
    answers = served.gateway.begin_together([exchange(served, f"tagged-{number}") for number in range(3)])
    served.decisions.flush()
    for number, one in enumerate(answers):
        assert isinstance(one, HttpResponse)
        (request_id,) = [value for name, value in one.headers if name == "x-amzn-requestid"]
        (event,) = [json.loads(e.event) for e in served.decisions.find(request_id) if e.action == "sts:AssumeRole"]
        tags = {tag["key"]: tag["value"] for tag in event["requestParameters"]["tags"]}
        assert tags["kubernetes-pod-name"] == f"tagged-{number}"


def test_parts_of_calls_are_taken_in_turn(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails or has to wait in a later part stops nobody else, and what waited is carried out from its beginning."""
    done: list[str] = []
    allowed: list[bool] = []

    def in_parts(call: Any) -> Steps:
        who = call.user_agent
        done.append(f"{who}1")
        yield
        if who == "b" and not allowed:
            about_to_wait()
        if who == "c":
            raise RuntimeError("a mistake")
        done.append(f"{who}2")
        return {"Account": who, "Arn": who, "UserId": who}

    monkeypatch.setitem(served.gateway._rooms["sts"], "GetCallerIdentity", in_parts)
    now = system_clock()
    received = [
        asked(served.administrator, "sts", "/", WHO, now, FORM | {"user-agent": who}) for who in ("a", "b", "c", "d")
    ]
    first, second, third, fourth = without_waiting(lambda: served.gateway.begin_together(received))
    assert done == ["a1", "b1", "c1", "d1", "a2", "d2"]
    assert (told(first)[0], told(third)[0], told(fourth)[0]) == (200, 500, 200)
    assert isinstance(second, Later)
    allowed.append(True)
    assert "<Arn>b</Arn>" in told(second.again())[1]
    assert done[6:] == ["b1", "b2"]
