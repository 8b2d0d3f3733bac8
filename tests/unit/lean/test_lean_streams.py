"""Bodies that come and go piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from podid.lean.messages import Request, Response
from podid.lean.server import HttpServer, Limits
from podid.lean.streams import BUFFERED, BodyStream, BrokenBody

STREAMING = Limits(collected=10, body=10)
HEAD = b"POST /%s HTTP/1.1\r\nHost: h\r\n"


async def whole(request: Request) -> bytes:
    """A body, however it came."""
    if request.stream is None:
        return request.body
    got = b""
    while pieces := await request.stream.read():
        got += b"".join(pieces)
    return got


async def echo(request: Request) -> Response:
    return Response(200, request.target + b" " + await whole(request))


def talk(serving: Callable[..., Any], handler: Any, *pieces: bytes, limits: Limits = STREAMING) -> bytes:
    """What is answered to these pieces, each sent when the one before has been taken, until the server closes or falls silent."""

    async def scenario(server: HttpServer, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        answer = await reader.read()
        writer.close()
        return answer

    told: bytes = serving(handler, scenario, limits)
    return told


LAST = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "message",
    [
        HEAD % b"a" + b"Content-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz",
        HEAD % b"a"
        + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n15;x=y\r\nfghijklmnopqrstuvwxyz\r\n0\r\nTrailer: t\r\n\r\n",
    ],
)
def test_a_stream_is_the_same_whole_or_byte_by_byte(serving: Callable[..., Any], message: bytes) -> None:
    """And the connection goes on after it."""
    at_once = talk(serving, echo, message + LAST)
    slowly = talk(serving, echo, *(bytes([byte]) for byte in message), LAST)
    for answer in (at_once, slowly):
        assert b"/a abcdefghijklmnopqrstuvwxyz" in answer
        assert answer.endswith(b"/last ")


def test_small_bodies_are_collected(serving: Callable[..., Any]) -> None:
    seen: list[bool] = []

    async def handler(request: Request) -> Response:
        seen.append(request.stream is None)
        return await echo(request)

    for length in (10, 11):
        talk(serving, handler, HEAD % b"a" + b"Content-Length: %d\r\n\r\n" % length + b"x" * length + LAST)
    assert seen == [True, True, False, True]


def test_a_body_is_asked_for_when_somebody_wants_it(serving: Callable[..., Any]) -> None:
    gate = asyncio.Event()

    async def handler(request: Request) -> Response:
        await gate.wait()
        return await echo(request)

    async def scenario(server: HttpServer, port: int) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD % b"a" + b"Content-Length: 20\r\nExpect: 100-continue\r\n\r\n")
        while not any(connection._task for connection in server.connections):
            await asyncio.sleep(0)
        gate.set()
        first = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"y" * 20)
        rest = await reader.readuntil(b"y" * 20)
        writer.close()
        return [first, rest]

    first, rest = serving(handler, scenario, STREAMING)
    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert rest.startswith(b"HTTP/1.1 200")


def test_what_is_refused_by_its_head_is_not_asked_for(serving: Callable[..., Any]) -> None:
    async def handler(request: Request) -> Response:
        return Response(403, b"no")

    message = HEAD % b"a" + b"Content-Length: 20\r\nExpect: 100-continue\r\n\r\n"
    answer = talk(serving, handler, message)
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"Connection: close" in answer
    assert b"100 Continue" not in answer


def test_an_answer_before_the_bodys_end_reaches_who_is_still_sending(serving: Callable[..., Any]) -> None:
    async def handler(request: Request) -> Response:
        assert request.stream is not None
        await request.stream.read()
        return Response(413, b"enough")

    answer = talk(serving, handler, HEAD % b"a" + b"Content-Length: 9000000\r\n\r\n", b"x" * 100_000, b"x" * 100_000)
    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.endswith(b"enough")


@pytest.mark.parametrize(
    ("rest", "status"),
    [(b"zz\r\n", b"400"), (b"5\r\nabcdeX", b"400"), (b"1;" + b"x" * 400_000, b"400")],
)
def test_a_body_that_is_not_http_is_told_so(serving: Callable[..., Any], rest: bytes, status: bytes) -> None:
    answer = talk(serving, echo, HEAD % b"a" + b"Transfer-Encoding: chunked\r\n\r\n", rest)
    assert answer.startswith(b"HTTP/1.1 " + status)


def test_a_client_waits_when_nobody_reads(serving: Callable[..., Any]) -> None:
    """The body is much larger than what is held, and comes out whole once it is read."""
    gate, size = asyncio.Event(), 40 * BUFFERED

    async def handler(request: Request) -> Response:
        await gate.wait()
        return Response(200, b"%d" % len(await whole(request)))

    async def scenario(server: HttpServer, port: int) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD % b"a" + b"Content-Length: %d\r\n\r\n" % size + b"x" * size)
        while not any(connection._held for connection in server.connections):
            await asyncio.sleep(0)
        [connection] = server.connections
        assert connection._stream is not None
        held = connection._stream._size
        gate.set()
        answer = await reader.readuntil(b"%d" % size)
        writer.close()
        return held, answer

    held, _ = serving(handler, scenario, STREAMING)
    assert held < 3 * BUFFERED


def test_a_client_that_leaves_ends_its_request(serving: Callable[..., Any]) -> None:
    ended = asyncio.Event()

    async def handler(request: Request) -> Response:
        try:
            return await echo(request)
        finally:
            ended.set()

    async def scenario(server: HttpServer, port: int) -> bool:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD % b"a" + b"Content-Length: 100\r\n\r\nx")
        while not any(connection._task for connection in server.connections):
            await asyncio.sleep(0)
        writer.transport.abort()
        await ended.wait()
        return True

    assert serving(handler, scenario, STREAMING)


def test_a_silent_sender_is_dropped(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD % b"a" + b"Content-Length: 100\r\n\r\nx")
        while not any(connection._stream and connection._stream._waiting for connection in server.connections):
            await asyncio.sleep(0)
        server.tick += server.limits.body_seconds + 1
        server._beat()
        try:
            rest = await reader.read()
        except ConnectionResetError:
            rest = b""
        writer.close()
        return rest

    assert serving(echo, scenario, STREAMING) == b""


class Numbers:
    """A source of so many bytes, of which the last `missing` cannot be read."""

    def __init__(self, length: int, missing: int = 0) -> None:
        self._length, self._missing = length, missing
        self.read_at: list[int] = []

    def __len__(self) -> int:
        return self._length

    def read(self, offset: int, size: int) -> bytes:
        self.read_at.append(offset)
        return b"n" * min(size, self._length - self._missing - offset)


def of(source: Numbers) -> Response:
    return Response.laid_out(200, b"Content-Length: %d\r\n" % len(source), source=source)


def test_a_source_is_sent_and_the_connection_goes_on(serving: Callable[..., Any]) -> None:
    size = 3_000_000
    answer = talk(
        serving, lambda request: of(Numbers(size if request.target == b"/a" else 5)), HEAD % b"a" + b"\r\n" + LAST
    )
    first, _, rest = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 3000000" in first
    assert rest[:size] == b"n" * size
    assert rest[size:].endswith(b"\r\n\r\nnnnnn")


def test_a_source_is_not_read_faster_than_the_client_takes_it(serving: Callable[..., Any]) -> None:
    source = Numbers(200_000_000)

    async def scenario(server: HttpServer, port: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(HEAD % b"a" + b"\r\n")
        while not any(connection._writable for connection in server.connections):
            await asyncio.sleep(0)
        read = source.read_at[-1]
        writer.transport.abort()
        while server.connections:
            await asyncio.sleep(0)
        assert not reader.at_eof()
        return read

    assert serving(lambda request: of(source), scenario) < 50_000_000


def test_a_source_that_ends_early_is_not_taken_for_whole(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD % b"a" + b"\r\n")
        got = b""
        try:
            while piece := await reader.read(65536):
                got += piece
        except ConnectionResetError:
            pass
        writer.close()
        return len(got.partition(b"\r\n\r\n")[2])

    assert serving(lambda request: of(Numbers(1000, missing=1)), scenario) < 1000


def test_head_reads_no_source(serving: Callable[..., Any]) -> None:
    source = Numbers(1000)
    answer = talk(serving, lambda request: of(source), b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert b"Content-Length: 1000" in answer
    assert answer.endswith(b"\r\n\r\n")
    assert source.read_at == []


def test_a_broken_stream_says_so_to_its_reader() -> None:
    async def scenario() -> None:
        stream = BodyStream(asyncio.get_running_loop(), lambda wants: None)
        stream.feed(b"x")
        assert await stream.read() == [b"x"]
        stream.fail()
        with pytest.raises(BrokenBody):
            await stream.read()

    asyncio.run(scenario())
