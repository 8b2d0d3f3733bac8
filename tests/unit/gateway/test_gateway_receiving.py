"""What may be sent: heads, targets, hosts, and bodies that are collected."""

from __future__ import annotations

import asyncio

import pytest

from podid.core.http import HttpRequest
from podid.gateway.bodies import Bodies
from podid.gateway.receive import (
    LARGEST_ARCHIVE,
    LARGEST_BODY,
    LARGEST_UPLOAD,
    LONGEST_TARGET,
    MOST_HEADERS,
    TooLarge,
    body_limit,
    is_answered_at_once,
    is_own,
    read_head,
)
from podid.lean.messages import Request
from podid.lean.streams import BodyStream

HOST = (b"host", b"a")


def request(target: bytes = b"/", *headers: tuple[bytes, bytes], version: str = "1.1") -> Request:
    names, values = zip(*(headers or [HOST]), strict=True)
    return Request("GET", target, version, list(names), list(values), b"", "")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(b"/" * (LONGEST_TARGET + 1)), 414),
        (request(b"/?" + b"a" * LONGEST_TARGET), 414),
        (request(b"/", HOST, *[(b"x", b"y")] * MOST_HEADERS), 431),
        (request(b"/", HOST, (b"x", b"y" * 70_000)), 431),
        (request(b"/", (b"x", b"y")), 400),
        (request(b"/", HOST, HOST), 400),
        (request(b"/", (b"host", b"a@b")), 400),
        (request(b"/", (b"host", b"\xa0a")), 400),
        (request(b"*"), 400),
        (request(b"a:80"), 400),
        (request(b"/\xc3\xbc"), 400),
        (request(b"/a#b"), 400),
        (request(b"http://b/"), 400),
    ],
)
def test_heads_that_are_refused(sent: Request, status: int) -> None:
    with pytest.raises(TooLarge) as refusal:
        read_head(sent)
    assert refusal.value.status == status


def test_heads_at_their_limits() -> None:
    assert len(read_head(request(b"/" * LONGEST_TARGET)).path) == LONGEST_TARGET
    assert len(read_head(request(b"/", HOST, *[(b"x", b"y")] * (MOST_HEADERS - 1))).headers) == MOST_HEADERS
    assert read_head(request(b"/", (b"x-a", b" y "), version="1.0")).headers == (("x-a", "y"),)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a%2Fb/../c?d=e&f", "/a%2Fb/../c", "d=e&f"),
        (b"//a", "//a", ""),
        (b"http://a", "/", ""),
        (b"HTTPS://A/b?c", "/b", "c"),
        (b"http://a?x=/y", "/", "x=/y"),
    ],
)
def test_a_target_is_taken_as_it_was_sent(target: bytes, path: str, query: str) -> None:
    head = read_head(request(target))
    assert (head.path, head.query) == (path, query)


SCOPE = "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/{}/aws4_request"


@pytest.mark.parametrize(
    ("authorization", "limit"),
    [
        (SCOPE.format("s3"), LARGEST_UPLOAD),
        (SCOPE.format("dynamodb"), LARGEST_BODY),
        (SCOPE.format("lambda"), LARGEST_ARCHIVE),
        ("AWS AKIA:x", LARGEST_UPLOAD),
        ("", LARGEST_BODY),
    ],
)
def test_only_signed_uploads_may_be_large(authorization: str, limit: int) -> None:
    headers = (("authorization", authorization),) if authorization else ()
    assert body_limit(HttpRequest(method="POST", path="/", query="", headers=headers)) == limit


@pytest.mark.parametrize(
    ("service", "own", "at_once"),
    [("eks-auth", True, True), ("sts", True, True), ("iam", True, False), ("eks", True, False), ("s3", False, False)],
)
def test_who_answers(service: str, own: bool, at_once: bool) -> None:
    head = HttpRequest(method="GET", path="/", query="", headers=(("authorization", SCOPE.format(service)),))
    assert (is_own(head), is_answered_at_once(head)) == (own, at_once)


def collected(pieces: list[bytes], bodies: Bodies, **headers: str) -> bytes:
    """A body that came in these pieces."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())

    async def collect() -> bytes:
        stream = BodyStream(asyncio.get_running_loop(), lambda wants: None)
        for piece in pieces:
            stream.feed(piece)
        stream.end()
        return await bodies.collect(HttpRequest(method="POST", path="/", query="", headers=named), stream)

    return asyncio.run(collect())


@pytest.mark.parametrize("pieces", [[b"abc"], [b"a", b"b", b"c"], [b"", b"abc", b""], []])
def test_a_body_in_any_pieces_is_the_same(pieces: list[bytes]) -> None:
    bodies, whole = Bodies(), b"".join(pieces)
    assert collected(pieces, bodies) == whole
    assert bodies.held == len(whole)
    bodies.release(len(whole))
    assert bodies.held == 0


def test_a_body_beyond_its_limit_is_not_held() -> None:
    bodies = Bodies()
    for pieces, said in (([b"x" * (LARGEST_BODY + 1)], "0"), ([], str(LARGEST_BODY + 1))):
        with pytest.raises(TooLarge) as refusal:
            collected(pieces, bodies, content_length=said)
        assert refusal.value.status == 413
    assert bodies.held == 0


def test_bodies_have_a_bound_together() -> None:
    bodies = Bodies(most=5)
    assert collected([b"abc"], bodies) == b"abc"
    with pytest.raises(TooLarge) as slow:
        collected([b"def"], bodies)
    assert slow.value.status == 503
    assert bodies.held == 3
