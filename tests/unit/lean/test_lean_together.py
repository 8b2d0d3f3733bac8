"""Requests that come in one turn of the loop, answered together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from tests.unit.lean.links import close, links_to

from podid.lean.messages import Request, Response
from podid.lean.server import HttpServer

GET = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
Answers = list[Any]


class Together:
    """Answers each request with its target, and keeps what came together."""

    def __init__(self) -> None:
        self.came: list[list[bytes]] = []

    def __call__(self, requests: Sequence[Request]) -> Answers:
        self.came.append([request.target for request in requests])
        return [self.answer(request) for request in requests]

    def answer(self, request: Request) -> Any:
        return Response(200, request.target)


async def answered(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head.partition(b" ")[2][:3] + b" " + await reader.readexactly(length)


def test_what_comes_in_one_turn_is_answered_together(serving: Callable[..., Any]) -> None:
    """To each the answer to its own; no more of them at once than are named for it."""
    together = Together()

    async def scenario(server: HttpServer, port: int) -> list[bytes]:
        links = await links_to(server, port, 80)
        for number, (_, writer) in enumerate(links):
            writer.write(GET % number)  # no await between: the server's turn has not come
        answers = [await answered(reader) for reader, _ in links]
        await close(links)
        return answers

    assert serving(None, scenario, together=together) == [b"200 /%d" % number for number in range(80)]
    assert sorted(target for came in together.came for target in came) == sorted(b"/%d" % n for n in range(80))
    assert max(map(len, together.came)) == 32


def test_one_connection_has_one_request_among_them(serving: Callable[..., Any]) -> None:
    together = Together()

    async def scenario(server: HttpServer, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(GET % number for number in range(40)) + LAST)
        answer = await reader.read()
        writer.close()
        return answer

    answer = serving(None, scenario, together=together)
    assert together.came == [[b"/%d" % number] for number in range(40)] + [[b"/last"]]
    assert answer.count(b"HTTP/1.1 200 OK") == 41
    assert answer.endswith(b"/last")


def test_some_are_answered_later(serving: Callable[..., Any]) -> None:
    class Mixed(Together):
        def answer(self, request: Request) -> Any:
            async def later() -> Response:
                await asyncio.sleep(0)
                return Response(200, b"later " + request.target)

            return later() if request.target == b"/0" else super().answer(request)

    async def scenario(server: HttpServer, port: int) -> list[bytes]:
        links = await links_to(server, port, 2)
        for number, (_, writer) in enumerate(links):
            writer.write(GET % number)
        answers = [await answered(reader) for reader, _ in links]
        await close(links)
        return answers

    assert serving(None, scenario, together=Mixed()) == [b"200 later /0", b"200 /1"]


def test_a_handler_that_fails_fails_those_alone_that_came_with_it(serving: Callable[..., Any]) -> None:
    class Failing(Together):
        def answer(self, request: Request) -> Any:
            if request.target == b"/0":
                raise RuntimeError("a mistake")
            return super().answer(request)

    async def scenario(server: HttpServer, port: int) -> tuple[list[bytes], bytes]:
        links = await links_to(server, port, 2)
        for number, (_, writer) in enumerate(links):
            writer.write(GET % number)
        failed = [(await answered(reader))[:3] for reader, _ in links]
        links[1][1].write(GET % 1)
        good = await answered(links[1][0])
        await close(links)
        return failed, good

    assert serving(None, scenario, together=Failing()) == ([b"500", b"500"], b"200 /1")


def test_who_leaves_in_the_same_turn_leaves_nothing_behind(serving: Callable[..., Any]) -> None:
    """No coroutine that nobody awaits, no connection that stays."""
    begun = []

    class Leaving(Together):
        def answer(self, request: Request) -> Any:
            async def later() -> Response:
                begun.append(request.target)
                return Response(200)

            return later()

    async def scenario(server: HttpServer, port: int) -> int:
        links = await links_to(server, port)
        (connection,) = server.connections
        connection.data_received(GET % 0)
        connection.connection_lost(None)
        connection.abort()  # its socket, which has not been lost
        for _ in range(3):
            await asyncio.sleep(0)
        await close(links)
        return len(server.connections)

    assert serving(None, scenario, together=Leaving()) == 0
    assert begun == []


def test_a_stop_waits_for_what_was_gathered(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> bytes:
        ((reader, writer),) = await links_to(server, port)
        (connection,) = server.connections
        connection.data_received(GET % 7)
        await server.close(grace=5.0)
        answer = await reader.read()
        writer.close()
        return answer

    answer = serving(None, scenario, together=Together())
    assert answer.endswith(b"/7")
    assert b"Connection: close" in answer
