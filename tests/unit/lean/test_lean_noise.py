"""Whatever comes over a socket, in whatever pieces: nothing escapes, nothing is left behind, and answers are answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from podid.lean.connection import Connection
from podid.lean.messages import Request, Response
from podid.lean.server import HttpServer, Limits

MESSAGES = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /x HTTP/1.0\r\n\r\n",
    b"POST /b?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nabcde",
    b"PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nabcde\r\n0\r\nT: t\r\n\r\n",
    b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n" + b"x" * 40,
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
]
NOISE = [
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\xff", b"%", b"0\r\n\r\n", b"HTTP/1.1", b"Expect: x\r\n"),
    *(b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"Connection: close\r\n"),
    b"x" * 3000,
]
_ANSWERS = re.compile(rb"HTTP/1\.1 (100|200|400|413|417|431|505) ")


class Wire:
    """The other end of a connection, as its protocol sees it."""

    def __init__(self) -> None:
        self.closed = False
        self.sent = b""

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return ("127.0.0.1", 1)

    def write(self, data: bytes) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


def handler(request: Request) -> Any:
    async def later() -> Response:
        got = request.body
        if request.stream is not None:
            while pieces := await request.stream.read():
                got += b"".join(pieces)
        return Response(200, got.hex().encode())  # so that no part of it looks like a head

    return Response(200) if request.method == "GET" else later()


@st.composite
def noise(draw: st.DrawFn) -> bytes:
    message = bytearray(b"".join(draw(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(message)))
        message[at : at + draw(st.integers(0, 8))] = draw(st.sampled_from(NOISE) | st.binary(max_size=3))
    return bytes(message)


def together(requests: Sequence[Request]) -> list[Any]:
    return [handler(request) for request in requests]


def told(message: bytes, sizes: list[int], *, patient: bool, gathered: bool, settled: bool = False) -> bytes:
    """What a client is told that sends this in pieces of these sizes. `patient`: it lets the server have its turn between them; `settled`:
    it stays until nothing is under way."""

    async def scenario() -> bytes:
        limits = Limits(head=2000, body=20, collected=20)
        server = HttpServer(None if gathered else handler, together=together if gathered else None, limits=limits)
        wire = Wire()
        connection = Connection(server)
        connection.connection_made(cast(asyncio.Transport, wire))
        rest, turn = message, 0
        while rest and not wire.closed:
            size = sizes[turn % len(sizes)]
            connection.data_received(rest[:size])
            rest, turn = rest[size:], turn + 1
            if patient:
                await asyncio.sleep(0)
        if settled:
            for _ in range(20):
                await asyncio.sleep(0)
            assert wire.closed or connection._stream is not None or not connection._busy
            assert not connection._waiting or connection._busy
        connection.connection_lost(None)
        for _ in range(3):
            await asyncio.sleep(0)
        assert not server.connections
        assert not server.peers
        await server.close(grace=0)
        return wire.sent

    return asyncio.run(scenario())


@given(noise(), st.lists(st.integers(1, 200), min_size=1, max_size=8), st.booleans(), st.booleans())
def test_noise(message: bytes, sizes: list[int], patient: bool, gathered: bool) -> None:
    sent = told(message, sizes, patient=patient, gathered=gathered)
    for start in re.finditer(rb"HTTP/1\.1 \d", sent):
        assert _ANSWERS.match(sent, start.start()), sent
    assert sent.count(b"Connection: close") <= 1


@given(noise(), st.lists(st.integers(1, 200), min_size=1, max_size=8))
def test_what_is_answered_together_is_answered_as_alone(message: bytes, sizes: list[int]) -> None:
    """But for the refusal of what follows a request that is not answered yet: the connection ends instead."""
    alone, gathered = (told(message, sizes, patient=False, gathered=one, settled=True) for one in (False, True))
    assert gathered.count(b"HTTP/1.1 200 ") == alone.count(b"HTTP/1.1 200 ")
