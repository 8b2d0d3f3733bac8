from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.lean.links import links_to

from podid.lean.messages import Request, Response, text
from podid.lean.server import HttpServer, Limits

GET = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"


def echo(request: Request) -> Response:
    return Response(200, request.method.encode() + b" " + request.target + b" " + request.body)


async def talk(port: int, *pieces: bytes) -> bytes:
    """Send the pieces, each by itself, then say that no more comes; give all that is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


def bodies(answer: bytes) -> list[bytes]:
    found = []
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        found.append(rest[:length])
        answer = rest[length:]
    return found


def test_a_request_is_the_same_whole_or_byte_by_byte(serving: Callable[..., Any]) -> None:
    message = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"

    async def scenario(server: HttpServer, port: int) -> tuple[bytes, bytes]:
        whole = await talk(port, message)
        pieces = await talk(port, *(message[i : i + 1] for i in range(len(message))))
        return whole, pieces

    whole, pieces = serving(echo, scenario)
    assert bodies(whole) == bodies(pieces) == [b"POST /x abc"]


def test_pipelined_requests_are_answered_in_their_order(serving: Callable[..., Any]) -> None:
    """Even where the first answer takes longest and more wait than the queue holds."""
    gate: asyncio.Event = asyncio.Event()

    def handler(request: Request) -> Any:
        if request.target == b"/0":

            async def later() -> Response:
                await gate.wait()
                return echo(request)

            return later()
        return echo(request)

    async def scenario(server: HttpServer, port: int) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(GET % i for i in range(50)))
        await writer.drain()
        gate.set()
        writer.write(b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return bodies(answer)

    assert serving(handler, scenario) == [b"GET /%d " % i for i in range(50)] + [b"GET /last "]


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"GARBAGE\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000, b"413"),
        (b"GET / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
    ],
)
def test_what_is_malformed_or_too_large_is_refused_and_the_connection_ended(
    serving: Callable[..., Any], message: bytes, status: bytes
) -> None:
    async def scenario(server: HttpServer, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(message)
        answer = await reader.read()
        writer.close()
        return answer

    answer = serving(echo, scenario)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer


def test_a_header_that_never_ends_is_refused_though_it_comes_in_small_pieces(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nA: ")
        for _ in range(80):
            writer.write(b"x" * 1000)
            await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer

    assert serving(echo, scenario).startswith(b"HTTP/1.1 431")


def test_head_has_the_length_and_no_body(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> bytes:
        return await talk(port, b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")

    answer = serving(lambda _: Response(200, b"body"), scenario)
    assert b"Content-Length: 4\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_http_1_0_is_answered_and_closed(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /old HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer

    assert bodies(serving(echo, scenario)) == [b"GET /old "]


def test_trailers_are_not_taken_for_headers(serving: Callable[..., Any]) -> None:
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        return text(200, "ok")

    async def scenario(server: HttpServer, port: int) -> bytes:
        return await talk(
            port, b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: late\r\n\r\n"
        )

    assert serving(handler, scenario).startswith(b"HTTP/1.1 200")
    assert seen[0].header(b"authorization") is None


def test_a_request_left_unfinished_is_dropped_when_its_time_is_over(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> tuple[bytes, int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET % 1)
        await reader.readuntil(b"GET /1 ")
        writer.write(b"GET / HTT")
        while not any(connection._receiving for connection in server.connections):
            await asyncio.sleep(0)
        server.tick += server.limits.receive_seconds + 1
        server._beat()
        try:
            rest = await reader.read()
        except ConnectionResetError:
            rest = b""
        writer.close()
        while server.connections:
            await asyncio.sleep(0)
        return rest, len(server.peers)

    assert serving(echo, scenario) == (b"", 0)


def test_one_peer_may_not_have_all_connections(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> bytes:
        links = await links_to(server, port, 2)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = await reader.read()
        for _, other in [*links, (reader, writer)]:
            other.close()
        return answer

    assert serving(echo, scenario, Limits(connections_per_peer=2)) == b""


def test_a_handler_that_fails_is_a_500_and_the_connection_lives(
    serving: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    def handler(request: Request) -> Response:
        if request.target == b"/1":
            raise RuntimeError("secret detail")
        return echo(request)

    async def scenario(server: HttpServer, port: int) -> bytes:
        return await talk(port, GET % 1, GET % 2)

    answer = serving(handler, scenario)
    assert answer.startswith(b"HTTP/1.1 500")
    assert b"secret detail" not in answer
    assert answer.endswith(b"GET /2 ")
    assert "a request failed" in caplog.text


def test_closing_lets_the_request_under_way_finish(serving: Callable[..., Any]) -> None:
    gate = asyncio.Event()
    begun = asyncio.Event()

    async def handler(request: Request) -> Response:
        begun.set()
        await gate.wait()
        return echo(request)

    async def scenario(server: HttpServer, port: int) -> bytes:
        idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET % 7)
        await begun.wait()
        closing = asyncio.create_task(server.close(grace=10))
        assert await idle_reader.read() == b""
        gate.set()
        answer = await reader.read()
        await closing
        for each in (idle_writer, writer):
            each.close()
        return answer

    answer = serving(handler, scenario)
    assert bodies(answer) == [b"GET /7 "]
    assert b"Connection: close" in answer


def test_a_response_refuses_a_header_with_a_line_break() -> None:
    with pytest.raises(ValueError, match="line break"):
        Response(200, b"", (("X", "a\r\nSet-Cookie: b"),))
