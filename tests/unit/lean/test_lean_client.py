from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from podid.core.http import HttpRequest
from podid.lean.client import BadAnswer, CannotConnect, HttpClient, TimedOut, header
from podid.lean.messages import Request, Response
from podid.lean.server import HttpServer

GET = HttpRequest(method="GET", path="/a", query="b=c", headers=(("x-one", "1"),))


def echo(request: Request) -> Response:
    return Response(200, request.target + b" " + request.body, (("X-One", (request.header(b"x-one") or b"").decode()),))


def test_a_request_goes_out_and_its_answer_comes_back(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> Any:
        client = HttpClient()
        answers, connections = [], set()
        for _ in range(3):
            answers.append(await client.send(f"http://127.0.0.1:{port}/ignored", GET, seconds=5))
            connections |= server.connections
        await client.close()
        return answers[0], answers[2], len(connections)

    first, last, connections = serving(echo, scenario)
    assert (first.status, first.body, header(first, "x-one")) == (200, b"/a?b=c ", "1")
    assert last.body == first.body
    assert connections == 1


def test_a_kept_connection_that_the_server_closed_is_replaced_unseen(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> int:
        client = HttpClient()
        await client.send(f"http://127.0.0.1:{port}", GET, seconds=5)
        for connection in list(server.connections):
            connection.abort()
        answer = await client.send(f"http://127.0.0.1:{port}", GET, seconds=5)
        await client.close()
        return answer.status

    assert serving(echo, scenario) == 200


def raw(answer: bytes) -> Callable[[Callable[[int], Any]], Any]:
    """Runs a scenario against a server that says the same to everybody and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    def run(scenario: Callable[[int], Any]) -> Any:
        async def main() -> Any:
            async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
                return await scenario(server.sockets[0].getsockname()[1])

        return asyncio.run(main())

    return run


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "cut short"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "did not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000, "larger than"),
    ],
)
def test_what_is_no_whole_answer_is_a_bad_one(answer: bytes, problem: str) -> None:
    async def scenario(port: int) -> None:
        client = HttpClient(max_answer=100_000)
        with pytest.raises(BadAnswer, match=problem):
            await client.send(f"http://127.0.0.1:{port}", GET, seconds=5)

    raw(answer)(scenario)


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async def scenario(port: int) -> bytes:
        return (await HttpClient().send(f"http://127.0.0.1:{port}", GET, seconds=5)).body

    assert raw(b"HTTP/1.1 200 OK\r\n\r\nall of it")(scenario) == b"all of it"


def test_a_silent_server_costs_the_time_given_and_no_more(serving: Callable[..., Any]) -> None:
    async def never(request: Request) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def scenario(server: HttpServer, port: int) -> None:
        with pytest.raises(TimedOut, match=r"within 0\.05 s"):
            await HttpClient().send(f"http://127.0.0.1:{port}", GET, seconds=0.05)

    serving(never, scenario)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "ftp://127.0.0.1", "nonsense"])
def test_no_connection_names_the_address(url: str) -> None:
    async def main() -> None:
        with pytest.raises(CannotConnect, match=url.split("//")[-1]):
            await HttpClient().send(url, GET, seconds=5)

    asyncio.run(main())


def test_no_more_connections_than_allowed(serving: Callable[..., Any]) -> None:
    most = 0

    async def handler(request: Request) -> Response:
        await asyncio.sleep(0)
        return Response(200)

    async def scenario(server: HttpServer, port: int) -> int:
        nonlocal most
        client = HttpClient(connections=3)

        async def one() -> None:
            nonlocal most
            await client.send(f"http://127.0.0.1:{port}", GET, seconds=5)
            most = max(most, len(server.connections))

        await asyncio.gather(*(one() for _ in range(30)))
        await client.close()
        return most

    assert 1 <= serving(handler, scenario) <= 3


def test_a_line_break_in_a_header_is_refused(serving: Callable[..., Any]) -> None:
    async def scenario(server: HttpServer, port: int) -> None:
        request = HttpRequest(method="GET", path="/", headers=(("x", "a\r\nInjected: b"),))
        with pytest.raises(ValueError, match="line break"):
            await HttpClient().send(f"http://127.0.0.1:{port}", request, seconds=5)

    serving(echo, scenario)
