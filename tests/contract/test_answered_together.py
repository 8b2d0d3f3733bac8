"""Requests that came at the same time: each gets the answer that it gets alone, and has its own line and entries."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from tests.contract.served import Served

from podid.core.clock import system_clock
from podid.core.http import HttpRequest, HttpResponse
from podid.core.sigv4 import Credentials, sign
from podid.core.waiting import WouldWait, without_waiting
from podid.gateway.steps.values import Received

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
EXCHANGE = "/clusters/eksdemo1/assume-role-for-pod-identity"
WHO = b"Action=GetCallerIdentity&Version=2011-06-15"


def asked(
    who: Credentials, service: str, path: str, body: bytes, now: datetime, headers: dict[str, str] = FORM
) -> Received:
    host = f"{service}.us-east-1.amazonaws.com"
    made = sign(
        who,
        method="POST",
        url=f"https://{host}{path}",
        headers=headers,
        body=body,
        service=service,
        region="us-east-1",
        now=now,
    )
    names = {name.lower(): value for name, value in made.items()} | {"host": host}
    request = HttpRequest(method="POST", path=path, headers=tuple(names.items()), body=body)
    return Received(request=request, now=system_clock())


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
    assert told(second.again())[0] in (200, 409)
