"""Requests answered together, of every kind that HTTP has: each as it is answered alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.unit.lean.links import close, links_to

from podid.lean.messages import Request, Response
from podid.lean.server import HttpServer, Limits

SMALL = Limits(collected=8)
GET = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
PUT = b"PUT /put HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\nExpect: 100-continue \r\nConnection: close\r\n\r\n"


def together(requests: Sequence[Request]) -> list[Any]:
    """Each is told its method, its target and its body."""

    async def streamed(request: Request) -> Response:
        assert request.stream is not None
        body = b""
        while pieces := await request.stream.read():
            body += b"".join(pieces)
        return Response(200, b"stream " + body)

    return [
        Response(200, b"%s %s %s" % (request.method.encode(), request.target, request.body))
        if request.stream is None
        else streamed(request)
        for request in requests
    ]


@pytest.fixture
def told(serving: Callable[..., Any]) -> Callable[..., list[bytes]]:
    """What each of some clients is told that send in one turn; each ends its side, so that the whole of it is read."""

    def tell(*sent: bytes, answer: Any = together) -> list[bytes]:
        async def scenario(server: HttpServer, port: int) -> list[bytes]:
            links = await links_to(server, port, len(sent))
            for data, (_, writer) in zip(sent, links, strict=True):
                writer.write(data)  # no await between: the server's turn has not come
            answers = [await asyncio.wait_for(reader.read(), 5) for reader, _ in links]
            await close(links)
            return answers

        found: list[bytes] = serving(None, scenario, SMALL, answer)
        return found

    return tell


CLOSE = b"Connection: close\r\n\r\n"


def test_each_as_its_version_and_method_have_it(told: Callable[..., list[bytes]]) -> None:
    head, old, post = told(
        b"HEAD /a HTTP/1.1\r\nHost: h\r\n" + CLOSE,
        b"GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3 \r\nConnection: close\r\n\r\nabc",
    )
    assert b"Content-Length: 8\r\n" in head
    assert head.endswith(CLOSE)
    assert old.endswith(CLOSE + b"GET /b ")
    assert post.endswith(CLOSE + b"POST /c abc")


def test_a_body_that_comes_beside_them(serving: Callable[..., Any]) -> None:
    """It is asked for when it is read, and keeps nobody waiting."""

    async def scenario(server: HttpServer, port: int) -> tuple[bytes, bytes, bytes]:
        (putting, put), (getting, get) = links = await links_to(server, port, 2)
        put.write(PUT)
        get.write(b"GET /d HTTP/1.1\r\nHost: h\r\n" + CLOSE)
        got, asked = await getting.read(), await putting.readuntil(b"\r\n\r\n")
        put.write(b"x" * 20)
        taken = await putting.read()
        await close(links)
        return got, asked, taken

    got, asked, taken = serving(None, scenario, SMALL, together)
    assert got.endswith(b"GET /d ")
    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert taken.endswith(b"stream " + b"x" * 20)


@pytest.mark.parametrize("before", [1, 2, 5])
def test_what_came_before_what_is_no_request_is_answered(told: Callable[..., list[bytes]], before: int) -> None:
    garbage, other = told(
        b"".join(GET % number for number in range(before)) + b"\0\r\n\r\n", b"GET /d HTTP/1.1\r\nHost: h\r\n" + CLOSE
    )
    assert [garbage.count(b"GET /%d " % number) for number in range(before)] == [1] * before
    assert garbage.count(CLOSE) == 1
    assert other.endswith(b"GET /d ")


def at_leisure(requests: Sequence[Request]) -> list[Any]:
    async def later(answer: Response) -> Response:
        for _ in range(5):
            await asyncio.sleep(0)
        return answer

    return [later(answer) for answer in together(requests)]


@pytest.mark.parametrize("answer", [together, at_leisure])
def test_who_ends_its_side_gets_all_its_answers(serving: Callable[..., Any], answer: Any) -> None:
    async def scenario(server: HttpServer, port: int) -> tuple[bytes, int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(GET % number for number in range(3)))
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        while server.connections:
            await asyncio.sleep(0)
        return answer, len(server.peers)

    told, peers = serving(None, scenario, SMALL, answer)
    assert re.findall(rb"GET /(\d) ", told) == [b"0", b"1", b"2"]
    assert told.count(b"Connection: close") == 1
    assert peers == 0


def test_who_ends_its_side_within_a_body_has_left(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PUT.replace(b"Expect: 100-continue \r\n", b"") + b"half")
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        while server.connections:
            await asyncio.sleep(0)
        return answer

    assert serving(None, scenario, SMALL, together) == b""


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked", b"chunked ", b" chunked"])
def test_a_coding_is_chunked_whatever_blanks_are_around_it(told: Callable[..., list[bytes]], coding: bytes) -> None:
    (answer,) = told(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: %s\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        % coding
    )
    assert answer.endswith(b"stream abc")


def test_requests_before_a_broken_body_are_answered(serving: Callable[..., Any]) -> None:
    """The body was handed over as a stream already when it turned out to be no HTTP: those before it have nothing to do with that."""

    def together(requests: Sequence[Request]) -> list[Any]:
        async def taken(request: Request) -> Response:
            while request.stream is not None and await request.stream.read():
                pass
            return Response(200, request.target)

        return [Response(200, request.target) if request.stream is None else taken(request) for request in requests]

    async def scenario(server: HttpServer, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        broken = b"PUT /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno chunk"
        writer.write(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n" + broken)
        answer = await reader.read()
        writer.close()
        return answer

    answer = serving(None, scenario, SMALL, together)
    assert re.findall(rb"HTTP/1\.1 (\d{3})", answer) == [b"200", b"200", b"400"]
    assert answer.count(b"Connection: close") == 1
