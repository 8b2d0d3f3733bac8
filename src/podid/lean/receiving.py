"""One connection of the server, the half that receives: bytes to requests, within limits, and no faster than they are taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from typing import TYPE_CHECKING, Any, Final, cast

import httptools

from podid.lean.messages import Request
from podid.lean.streams import BodyStream

if TYPE_CHECKING:
    from podid.lean.connection import Connection
    from podid.lean.server import HttpServer

NEVER: Final = 1 << 62
"""A deadline that does not come."""

_PIPELINE: Final = 16
"""Requests that may wait behind one that is being answered before reading stops."""

_OVERHEAD: Final = 16 * 1024
"""Bytes of chunk heads, extensions and trailers that may come without a byte of the body."""

_SPECIAL: Final = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_VERSIONS: Final = ("1.1", "1.0")
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Receiver(asyncio.Protocol):
    """The half of a connection that takes requests in. Its callbacks named `on_…` are httptools'."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.deadline = NEVER
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._peer = ""
        self._parser: Any = httptools.HttpRequestParser(self)
        self._target = b""
        self._names: list[bytes] = []
        self._values: list[bytes] = []
        self._body: list[bytes] = []
        self._size = 0
        self._version = ""
        self._unfinished = 0
        self._in_body = False
        self._receiving = False
        self._refused = 0
        self._stream: BodyStream | None = None
        self._busy = False
        """Whether a request is being answered."""
        self._task: asyncio.Task[None] | None = None
        self._pending: object = None
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._writable: asyncio.Future[None] | None = None
        self._held = False
        self._broken = False
        self._ending = False

    # transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        self._peer = str(name[0]) if isinstance(name, tuple) and name else ""
        if self.server.closing or not self.server.admits(self._peer):
            transport.close()
            return
        self.server.connections.add(cast("Connection", self))
        self.server.peers[self._peer] += 1
        self.deadline = self.server.tick + self.server.limits.receive_seconds

    def connection_lost(self, exc: Exception | None) -> None:
        this = cast("Connection", self)
        if this in self.server.connections:
            self.server.gone(this, self._peer)
        self._ending = True
        self._parser = None  # it holds this connection: without the circle both go at once, not when they are collected
        self._waiting.clear()
        if self._stream is not None:
            self._stream.fail()
        if self._task is not None:
            self._task.cancel()
            pending, self._pending = self._pending, None
            if iscoroutine(pending) and getcoroutinestate(pending) == CORO_CREATED:
                pending.close()  # nobody will begin it

    def eof_received(self) -> bool:
        """The client sends no more. What it sent whole is still answered: it may have ended its own side alone (RFC 9293, section 3.6).

        Gives whether the connection stays. A body that ends too early has no answer; asyncio's TLS ends both sides at once.
        """
        if not self._busy or self._stream is not None or not self._transport.can_write_eof():
            return False
        self._end_after_answers()
        return True

    def pause_writing(self) -> None:
        self._writable = self.server.loop.create_future()
        self._regulate()
        self.deadline = self.server.tick + self.server.limits.write_seconds

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None
        if not self._busy:
            self._rest()
        else:
            self.deadline = NEVER
        self._regulate()

    def data_received(self, data: bytes) -> None:
        if self._ending or self._broken:
            return
        self._unfinished += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request was handed over; what it asked to change to is not spoken here.
            self._end_after_answers()
        except httptools.HttpParserError:
            self._refuse(self._refused or 400)
        else:
            limits = self.server.limits
            if self._refused:
                self._refuse(self._refused)
            elif self._stream is not None:
                if self._unfinished > _OVERHEAD:
                    self._refuse(400)
            elif self._receiving and self._unfinished > limits.head + (limits.body if self._in_body else 0):
                self._refuse(413 if self._in_body else 431)

    def _regulate(self) -> None:
        """Read from the client, or let it wait: nobody makes this end hold more than it can pass on."""
        held = (
            self._writable is not None
            or len(self._waiting) >= _PIPELINE
            or (self._stream is not None and self._stream.full)
        )
        if held != self._held and not self._transport.is_closing():
            self._held = held
            if held:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    # httptools

    def on_message_begin(self) -> None:
        self._names = []
        self._values = []
        self._body = []
        self._target = b""
        self._size = 0
        self._in_body = False
        self._receiving = True
        if not self._busy:
            self.deadline = self.server.tick + self.server.limits.receive_seconds

    def on_url(self, url: bytes) -> None:
        self._target += url
        if len(self._target) > self.server.limits.head:
            self._refused = 431

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:  # trailers are counted and never taken for headers
            self._size += len(name) + len(value) + 4
            if self._size > self.server.limits.head:
                self._refused = 431
            return
        self._names.append(name.lower())
        self._values.append(value)

    def on_headers_complete(self) -> None:
        self._in_body = True
        names = self._names
        size = len(self._target) + sum(map(len, names)) + sum(map(len, self._values)) + 4 * len(names)
        if size > self.server.limits.head:  # what is not yet complete is counted as it comes: see data_received
            self._refused = 431
        self._version = self._parser.get_http_version()
        if self._version not in _VERSIONS:
            self._refused = 505
        if not self._refused and not _SPECIAL.isdisjoint(names):
            self._prepare_for_body(dict(zip(names, self._values, strict=True)))

    def _prepare_for_body(self, special: dict[bytes, bytes]) -> None:
        expected = special.get(b"expect")
        if expected is not None and expected.strip().lower() != b"100-continue":
            self._refused = 417
            return
        coding = special.get(b"transfer-encoding")
        if coding is not None and (
            coding.strip().lower() != b"chunked"
            or self._names.count(b"transfer-encoding") > 1
            or self._version != "1.1"
        ):  # RFC 9112, sections 6.1 and 7: another coding is not understood, and HTTP/1.0 has none
            self._refused = 400
            return
        most = self.server.limits.collected
        length = special.get(b"content-length", b"0").strip()
        comes = coding is not None or length != b"0"
        if most is not None and (coding is not None or not length.isdigit() or int(length[:18]) > most):
            self._unfinished = 0
            request, keep = self._request(b"")
            wants = self._asking_stream(expected is not None)
            request.stream = self._stream = BodyStream(self.server.loop, wants)
            self._take(request, keep)
        elif expected is not None and comes and not self._busy:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        if self._stream is not None:
            self._unfinished = 0
            self._stream.feed(body)
            if self._stream.full:
                self._regulate()
            return
        self._body.append(body)
        self._size += len(body)
        if self._size > self.server.limits.body:
            self._refused = 413

    def on_message_complete(self) -> None:
        self._receiving = False
        self._unfinished = 0
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.end()
            self._regulate()
        elif not self._refused and not self._ending:
            self._take(*self._request(b"".join(self._body) if self._body else b""))

    def _request(self, body: bytes) -> tuple[Request, bool]:
        parser = self._parser
        request = Request(
            parser.get_method().decode("ascii"),
            self._target,
            self._version,
            self._names,
            self._values,
            body,
            self._peer,
        )
        return request, self._version == "1.1" and parser.should_keep_alive()

    def _asking_stream(self, expected: bool) -> Callable[[bool], None]:
        """What a stream tells of its reader: who waits for the client has a deadline, and asks for the body if it waits to be asked."""

        def wants(more: bool) -> None:
            nonlocal expected
            if not more:
                self.deadline = NEVER
                self._regulate()
                return
            self.deadline = self.server.tick + self.server.limits.body_seconds
            if expected:
                expected = False
                self._transport.write(_CONTINUE)

        return wants

    # the other half

    def _take(self, request: Request, keep: bool) -> None:
        """Answer a request, or have it wait for those before it. `keep`: whether the client wants to go on."""
        raise NotImplementedError

    def _refuse(self, status: int) -> None:
        """What comes is not to be answered as a request."""
        raise NotImplementedError

    def _end_after_answers(self) -> None:
        raise NotImplementedError

    def _rest(self) -> None:
        """Nothing is under way: set the time by which something must come."""
        raise NotImplementedError
