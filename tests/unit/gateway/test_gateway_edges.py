"""The edges: what an unsigned request is for, how much may be sent, whose words refuse, what a log line may hold."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from podid.core.http import HttpRequest, HttpResponse
from podid.core.log_lines import JsonLines
from podid.core.sigv4 import Problem, SignatureProblem
from podid.gateway import logs
from podid.gateway.bodies import PROVEN_ABOVE, Bodies
from podid.gateway.receive import (
    LARGEST_BODY,
    LARGEST_OBJECT,
    LONGEST_TARGET,
    MOST_HEADERS,
    Head,
    TooLarge,
    body_limit,
    read_head,
)
from podid.gateway.refusals import Family, Refusal, Refused, family_of, refused, spell
from podid.gateway.routing.guess import probable_service
from podid.gateway.routing.unsigned import service_of_unsigned
from podid.gateway.steps.values import Numbered, Received

FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")


@pytest.mark.parametrize(
    ("request_", "model"),
    [
        (HttpRequest(method="GET", path="/b/k"), "s3"),
        (HttpRequest(method="POST", path="/", headers=(FORM,), body=b"Action=AssumeRoleWithWebIdentity"), "sts"),
        (HttpRequest(method="GET", path="/", query="Action=AssumeRoleWithSAML&Version=2011-06-15"), "sts"),
        (HttpRequest(method="POST", path="/", headers=(FORM,), body=b"Action=ListUsers&Version=2010-05-08"), "iam"),
        (HttpRequest(method="POST", path="/", headers=(FORM,), body=b"Action=Nonsense"), "s3"),
        (HttpRequest(method="POST", path="/", headers=(FORM,), body=b"\xff\xfe&" * 50), "s3"),
        (HttpRequest(method="GET", path="/", headers=(("host", "eks.eu-west-1.amazonaws.com"),)), "eks"),
        (HttpRequest(method="POST", path="/", headers=(("x-amz-target", "DynamoDB_20120810.ListTables"),)), "dynamodb"),
        (HttpRequest(method="POST", path="/", headers=(("x-amz-target", "Nobody.Knows"),)), "s3"),
    ],
)
def test_an_unsigned_request_is_for(request_: HttpRequest, model: str) -> None:
    assert service_of_unsigned(request_).model == model


def test_the_words_of_an_unreadable_signature_are_those_of_its_scope() -> None:
    broken = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/dynamodb/aws4_request"
    assert (
        probable_service(HttpRequest(method="POST", path="/", headers=(("authorization", broken),))).model == "dynamodb"
    )
    presigned = "X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fsts%2Faws4_request"
    assert probable_service(HttpRequest(method="GET", path="/", query=presigned)).model == "sts"


@pytest.mark.parametrize("family", get_args(Family))
@pytest.mark.parametrize("refusal", Refusal)
def test_every_family_has_words_for_every_refusal(family: Family, refusal: Refusal) -> None:
    service, protocol = ("s3", "rest-xml") if family == "s3" else ("x", family)
    assert family_of(service, protocol) == family
    told = spell(Refused(refusal), service, protocol)
    assert told.code
    assert told.public
    assert 400 <= told.status < 500


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_of_a_signature_is_a_refusal(problem: Problem) -> None:
    request = HttpRequest(method="GET", path="/")
    told = refused(SignatureProblem(problem, "public", private="private"), request)
    assert told.private == "private"


def test_a_malformed_address_and_a_malformed_header_are_told_apart_by_s3() -> None:
    problem = SignatureProblem(Problem.MALFORMED, "no")
    in_header = HttpRequest(method="GET", path="/", headers=(("authorization", "AWS4-HMAC-SHA256 x"),))
    assert spell(refused(problem, in_header), "s3", "rest-xml").code == "AuthorizationHeaderMalformed"
    in_query = HttpRequest(method="GET", path="/", query="X-Amz-Signature=x")
    assert spell(refused(problem, in_query), "s3", "rest-xml").code == "AuthorizationQueryParametersError"


def scope(**more: Any) -> dict[str, Any]:
    return {"method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [], **more}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"raw_path": b"/" * (LONGEST_TARGET + 1)}, 414),
        ({"query_string": b"a" * (LONGEST_TARGET + 1)}, 414),
        ({"headers": [(b"x", b"y")] * (MOST_HEADERS + 1)}, 431),
        ({"headers": [(b"x", b"y" * 70_000)]}, 431),
    ],
)
def test_heads_beyond_their_limits(changed: dict[str, Any], status: int) -> None:
    with pytest.raises(TooLarge) as refusal:
        read_head(scope(**changed))
    assert refusal.value.status == status


def test_heads_at_their_limits() -> None:
    assert len(read_head(scope(raw_path=b"/" * LONGEST_TARGET)).path) == LONGEST_TARGET
    assert len(read_head(scope(headers=[(b"X", b" y ")] * MOST_HEADERS)).headers) == MOST_HEADERS
    assert read_head(scope(headers=[(b"X-A", b" y ")])).headers == (("x-a", "y"),)


@pytest.mark.parametrize(
    ("authorization", "limit"),
    [
        ("AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request", LARGEST_OBJECT),
        ("AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/dynamodb/aws4_request", LARGEST_BODY),
        ("AWS AKIA:x", LARGEST_OBJECT),
        ("", LARGEST_BODY),
    ],
)
def test_only_signed_uploads_may_be_large(authorization: str, limit: int) -> None:
    headers = (("authorization", authorization),) if authorization else ()
    assert body_limit(Head(method="PUT", path="/", query="", headers=headers)) == limit


async def taken(
    pieces: list[bytes], bodies: Bodies, refusal: HttpResponse | None = None, **headers: str
) -> tuple[bytes | HttpResponse | None, int]:
    """What came of a body in these pieces, and how often its head had to be proven."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages[-1]["more_body"] = False
    left = iter(messages)
    asked = 0

    async def receive() -> dict[str, Any]:
        return next(left, {"type": "http.disconnect"})

    async def prove() -> HttpResponse | None:
        nonlocal asked
        asked += 1
        return refusal

    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    head = Head(method="PUT", path="/", query="", headers=named)
    return await bodies.read(head, receive, prove), asked


S3 = "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request"
LARGE = b"x" * (PROVEN_ABOVE + 1)


@pytest.mark.parametrize("pieces", [[b"abc"], [b"a", b"b", b"c"], [b"", b"abc", b""]])
def test_a_body_in_any_pieces_is_the_same(pieces: list[bytes]) -> None:
    bodies = Bodies()
    assert asyncio.run(taken(pieces, bodies)) == (b"abc", 0)
    assert bodies.held == 3
    bodies.release(3)
    assert bodies.held == 0


def test_a_large_body_is_proven_once_before_it_comes() -> None:
    bodies = Bodies()
    told, asked = asyncio.run(taken([LARGE, b"y"], bodies, content_length=str(len(LARGE) + 1), authorization=S3))
    assert (told, asked) == (LARGE + b"y", 1)
    refusal = HttpResponse(status=403)
    assert asyncio.run(taken([LARGE], Bodies(), refusal, content_length=str(len(LARGE)))) == (refusal, 1)


def test_a_large_body_of_unsaid_length_is_proven_when_it_turns_out_large() -> None:
    bodies, refusal = Bodies(), HttpResponse(status=403)
    assert asyncio.run(taken([LARGE, LARGE], bodies, refusal, authorization=S3)) == (refusal, 1)
    assert bodies.held == 0


def test_bodies_have_a_bound_together() -> None:
    bodies = Bodies(most=5)
    assert asyncio.run(taken([b"abc"], bodies)) == (b"abc", 0)
    with pytest.raises(TooLarge) as slow:
        asyncio.run(taken([b"def"], bodies))
    assert slow.value.status == 503
    assert bodies.held == 3


def test_an_access_line_holds_no_query_and_no_header(caplog: pytest.LogCaptureFixture) -> None:
    request = HttpRequest(
        method="GET",
        path="/b/k",
        query="X-Amz-Signature=deadbeef&X-Amz-Security-Token=tokentoken",
        headers=(("authorization", "AWS4-HMAC-SHA256 Signature=deadbeef"), ("x-amz-security-token", "tokentoken")),
        body=b"secretbody",
    )
    seen = logs.Seen(
        numbered=Numbered(received=Received(request=request, now=datetime(2026, 1, 1, tzinfo=UTC)), request_id="r")
    )
    with caplog.at_level(logging.INFO, logger="podid.access"):
        logs.access(seen, HttpResponse(status=200), Refused(Refusal.BAD_SIGNATURE, private="why"), seconds=0.01)
    line = JsonLines().format(caplog.records[-1])
    told = json.loads(line)
    assert (told["request_id"], told["path"], told["status"], told["reason"]) == ("r", "/b/k", 200, "why")
    for secret in ("deadbeef", "tokentoken", "secretbody"):
        assert secret not in line
