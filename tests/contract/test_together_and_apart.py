"""Requests that came at the same time, one of which goes wrong or has to wait, in whichever step: the others are told what they are told alone."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from tests.contract.asking import WHO, asked
from tests.contract.served import Served
from tests.contract.test_answered_together import told

from podid.core.clock import system_clock
from podid.core.http import HttpResponse
from podid.core.waiting import WouldWait, without_waiting
from podid.gateway import gateway, logs, passage
from podid.gateway.app import App
from podid.gateway.passage import Told
from podid.gateway.steps.values import Received
from podid.lean.messages import Request, Response

STEPS = ("find_operation", "authenticate", "read_input", "authorize", "invoke")


def three(served: Served) -> list[Received]:
    return [asked(served.administrator, "sts", "/", WHO, system_clock()) for _ in range(3)]


def statuses(answers: list[Told]) -> list[int]:
    return [told(answer)[0] for answer in answers]


def the_second(place: Any, name: str, error: BaseException, patch: pytest.MonkeyPatch) -> None:
    """Have what is called there raise, the second time."""
    real: Callable[..., Any] = getattr(place, name)
    times = itertools.count()

    def second(*given: Any, **named: Any) -> Any:
        if next(times) == 1:
            raise error
        return real(*given, **named)

    patch.setattr(place, name, second)


def entries(served: Served, answer: Told) -> list[tuple[str, str]]:
    assert isinstance(answer, HttpResponse)
    (request_id,) = [value for name, value in answer.headers if name == "x-amzn-requestid"]
    served.decisions.flush()
    return [(entry.action, entry.outcome) for entry in served.decisions.find(request_id)]


@pytest.mark.parametrize("step", [*STEPS, "write_output"])
def test_one_that_fails_fails_alone(served: Served, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    the_second(gateway, step, RuntimeError("a mistake"), monkeypatch)
    answers = served.gateway.begin_together(three(served))
    assert statuses(answers) == [200, 500, 200]
    assert b"a mistake" not in answers[1].body  # type: ignore[union-attr]
    assert [entries(served, one) for one in answers[::2]] == [[("sts:GetCallerIdentity", "Completed")]] * 2


def test_an_error_that_cannot_be_told_is_its_own_affair(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    the_second(gateway, "authorize", RuntimeError("a mistake"), monkeypatch)
    monkeypatch.setattr(passage, "write_failure", None)
    answers = served.gateway.begin_together(three(served))
    assert [one.status for one in answers if isinstance(one, HttpResponse)] == [200, 500, 200]


def test_what_cannot_be_taken_down_is_its_own_affair(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    the_second(logs, "access", RuntimeError("a mistake"), monkeypatch)
    assert statuses(served.gateway.begin_together(three(served))) == [200, 500, 200]


@pytest.mark.parametrize("step", STEPS)
def test_one_that_would_wait_is_taken_up_again(served: Served, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its call anew, and in its call from there; each has one entry in the end."""
    requests = three(served)
    the_second(gateway, step, WouldWait(), monkeypatch)
    first, second, third = without_waiting(lambda: served.gateway.begin_together(requests))
    if step == "invoke":
        assert not isinstance(second, HttpResponse | WouldWait)
        again: Told = second.again()
    else:
        assert isinstance(second, WouldWait)
        again = served.gateway.begin(requests[1])
    assert statuses([first, again, third]) == [200, 200, 200]
    for one in (first, again, third):
        assert entries(served, one) == [("sts:GetCallerIdentity", "Completed")]


def test_alone_it_says_that_it_would_wait(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def authorize(*_: Any) -> Any:
        raise WouldWait

    monkeypatch.setattr(gateway, "authorize", authorize)
    with pytest.raises(WouldWait):
        served.gateway.begin(three(served)[0])


def test_each_is_told_of_itself(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Answer, entry and line of each are those of its own caller, whoever came with it."""
    names = [f"together-{number}" for number in range(4)]
    callers = {name: served.user(name) for name in names}
    came = names * 3
    with caplog.at_level(logging.INFO, logger="podid.access"):
        answers = served.gateway.begin_together(
            [asked(callers[name], "sts", "/", WHO, system_clock()) for name in came]
        )
    lines = {vars(record)["request_id"]: vars(record) for record in caplog.records}
    served.decisions.flush()
    for name, answer in zip(came, answers, strict=True):
        arn = f"arn:aws:iam::111122223333:user/{name}"
        assert isinstance(answer, HttpResponse)
        assert f"<Arn>{arn}</Arn>".encode() in answer.body
        (request_id,) = [value for header, value in answer.headers if header == "x-amzn-requestid"]
        assert [entry.caller_arn for entry in served.decisions.find(request_id)] == [arn]
        assert lines[request_id]["caller"] == arn


@pytest.fixture
def app(served: Served) -> Iterator[App]:
    made = App(served.gateway, system_clock)
    yield made
    made.end()


def off_the_wire(received: Received, *, host: bool = True) -> Request:
    request = received.request
    fields = [(name.encode(), value.encode()) for name, value in request.headers if host or name != "host"]
    names, values = zip(*fields, strict=True)
    return Request(request.method, request.path.encode(), "1.1", list(names), list(values), request.body, "127.0.0.1")


def test_each_kind_of_request_keeps_its_place(served: Served, app: App) -> None:
    """At once, by a thread, refused before it is one, health, at once again: the answers are in the order of the requests."""
    admin, now = served.administrator, system_clock()
    at_once = three(served)
    creation = asked(admin, "eks", "/clusters", b"", now, {"content-type": "application/json"})
    health = Request("GET", b"/_podid/health", "1.1", [b"host"], [b"h"], b"", "127.0.0.1")
    came = [at_once[0], creation, at_once[1], at_once[2]]
    requests = [off_the_wire(one) for one in came]
    requests[2:2] = [off_the_wire(creation, host=False), health]

    async def answers() -> list[Response]:
        told = app.handle(requests)
        return [await one if isinstance(one, Awaitable) else one for one in told]

    found = asyncio.run(answers())
    assert [one.status for one in found] == [200, 400, 400, 200, 200, 200]
    assert b"InvalidParameterException" in found[1].head
    assert b"GetCallerIdentityResponse" in found[0].body
    assert found[3].body == b'{"status":"ok"}'
    assert b"GetCallerIdentityResponse" in found[5].body
