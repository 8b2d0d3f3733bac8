"""One connection of the server: bytes to requests, answers to bytes, and how long each may take."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, cast

import httptools

from podid.lean.messages import Header, Request, Response, text
from podid.lean.streams import BodyStream, BrokenBody, Source

if TYPE_CHECKING:
    from podid.lean.server import HttpServer

log = logging.getLogger("podid.lean.server")

_NEVER: Final = 1 << 62
_PIPELINE: Final = 16
"""Requests that may wait behind one that is being answered before reading stops."""

_LINGER: Final = 2
"""Seconds for which a refused client may go on sending before it is cut off."""

_OVERHEAD: Final = 16 * 1024
"""Bytes of chunk heads, extensions and trailers that may come without a byte of the body."""

_PIECE: Final = 256 * 1024
"""Bytes of a source that are read and sent at once."""

_SPECIAL: Final = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_VERSIONS: Final = ("1.1", "1.0")
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_REFUSALS: Final = {
    400: "400 Bad Request",
    413: "413 Request Entity Too Large",
    417: "417 Expectation Failed",
    431: "431 Request Header Fields Too Large",
    505: "505 HTTP Version Not Supported",
}


class Connection(asyncio.Protocol):
    """One connection. Its callbacks named `on_…` are httptools'."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.deadline = _NEVER
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._peer = ""
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[Header] = []
        self._special: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._unfinished = 0
        self._in_body = False
        self._receiving = False
        self._refused = 0
        self._stream: BodyStream | None = None
        self._task: asyncio.Task[None] | None = None
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
        self.server.connections.add(self)
        self.server.peers[self._peer] += 1
        self.deadline = self.server.tick + self.server.limits.receive_seconds

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self.server.connections:
            self.server.gone(self, self._peer)
        self._ending = True
        self._waiting.clear()
        if self._stream is not None:
            self._stream.fail()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable = self.server.loop.create_future()
        self._regulate()
        self.deadline = self.server.tick + self.server.limits.write_seconds

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None
        if self._task is None:
            self._rest()
        else:
            self.deadline = _NEVER
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
        self._headers = []
        self._special = {}
        self._body = []
        self._target = b""
        self._size = 0
        self._in_body = False
        self._receiving = True
        if self._task is None:
            self.deadline = self.server.tick + self.server.limits.receive_seconds

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._size += len(url)
        if self._size > self.server.limits.head:
            self._refused = 431

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # trailers are counted and never taken for headers
            name = name.lower()
            self._headers.append((name, value))
            if name in _SPECIAL:
                self._special[name] = value
        self._size += len(name) + len(value) + 4
        if self._size > self.server.limits.head:
            self._refused = 431

    def on_headers_complete(self) -> None:
        self._in_body = True
        self._size = 0
        if self._parser.get_http_version() not in _VERSIONS:
            self._refused = 505
        if self._special and not self._refused:
            self._prepare_for_body(self._special)

    def _prepare_for_body(self, special: dict[bytes, bytes]) -> None:
        expected = special.get(b"expect")
        if expected is not None and expected.lower() != b"100-continue":
            self._refused = 417
            return
        most = self.server.limits.collected
        length = special.get(b"content-length", b"0")
        comes = b"transfer-encoding" in special or length != b"0"
        if most is not None and (b"transfer-encoding" in special or not length.isdigit() or int(length[:18]) > most):
            self._unfinished = 0
            request, keep = self._request(b"")
            wants = self._asking_stream(expected is not None)
            request.stream = self._stream = BodyStream(self.server.loop, wants)
            self._take(request, keep)
        elif expected is not None and comes and self._task is None:
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
        version = parser.get_http_version()
        request = Request(
            method=parser.get_method().decode("ascii"),
            target=self._target,
            version=version,
            headers=self._headers,
            body=body,
            peer=self._peer,
        )
        return request, parser.should_keep_alive() and version == "1.1"

    def _asking_stream(self, expected: bool) -> Callable[[bool], None]:
        """What a stream tells of its reader: who waits for the client has a deadline, and asks for the body if it waits to be asked."""

        def wants(more: bool) -> None:
            nonlocal expected
            if not more:
                self.deadline = _NEVER
                self._regulate()
                return
            self.deadline = self.server.tick + self.server.limits.body_seconds
            if expected:
                expected = False
                self._transport.write(_CONTINUE)

        return wants

    # answers

    def _take(self, request: Request, keep: bool) -> None:
        if self._task is not None or self._waiting:
            self._waiting.append((request, keep))
            self._regulate()
        else:
            self._answer(request, keep)

    def _answer(self, request: Request, keep: bool) -> None:
        try:
            result = self.server.handler(request)
        except Exception:
            result = self._failed(request)
        if isinstance(result, Response) and result.source is None:
            self._send(request, result, keep)
        else:
            self.deadline = _NEVER  # whoever answers later keeps time itself
            self._task = self.server.loop.create_task(self._answer_later(request, result, keep))

    async def _answer_later(self, request: Request, pending: Awaitable[Response] | Response, keep: bool) -> None:
        try:
            response = pending if isinstance(pending, Response) else await pending
        except BrokenBody:
            status = self._refused or 400
            response = text(status, _REFUSALS[status])
        except Exception:
            response = self._failed(request)
        if response.source is None or request.method == "HEAD":
            self._task = None
            self._send(request, response, keep)
        else:
            whole = await self._send_source(response, keep)
            self._task = None
            self._finish(whole and keep, request)
        self._answer_waiting()

    def _failed(self, request: Request) -> Response:
        log.exception("a request failed", extra={"target": request.target[:200].decode("latin-1")})
        return text(500, "Internal Server Error")

    def _answer_waiting(self) -> None:
        while self._waiting and self._task is None and not self._ending:
            self._answer(*self._waiting.popleft())
        if not self._ending:
            self._regulate()

    def _send(self, request: Request, response: Response, keep: bool) -> None:
        if self._ending and self._transport.is_closing():
            return
        keep = self._keeps(response, keep) and (request.stream is None or request.stream.ended)
        ending = b"\r\n" if keep else b"Connection: close\r\n\r\n"
        body = response.body if request.method != "HEAD" else b""
        self._transport.write(b"".join((response.head, self.server.date, ending, body)))
        self._finish(keep, request)

    def _keeps(self, response: Response, keep: bool) -> bool:
        return (
            keep
            and not response.closes
            and not self.server.closing
            and not self._broken
            and not (self._ending and not self._waiting)
        )

    async def _send_source(self, response: Response, keep: bool) -> bool:
        """Send head and source, as fast as the client takes them; whether all of it went out."""
        source = cast(Source, response.source)
        ending = b"\r\n" if self._keeps(response, keep) else b"Connection: close\r\n\r\n"
        self._transport.write(b"".join((response.head, self.server.date, ending, response.body)))
        sent, length = 0, len(source)
        try:
            while sent < length and not self._transport.is_closing():
                piece = await self.server.loop.run_in_executor(self.server.readers, source.read, sent, _PIECE)
                if not piece:
                    break
                sent += len(piece)
                self._transport.write(piece)
                if self._writable is not None:
                    await self._writable
        except OSError:
            log.exception("an answer could not be read to its end")
        if sent < length:
            self.abort()  # the client must not take it for the whole
        return sent >= length and self._keeps(response, keep)

    def _finish(self, keep: bool, request: Request) -> None:
        if keep:
            self._rest()
            return
        self._ending = True
        self._waiting.clear()
        if request.stream is not None and not request.stream.ended:
            self._linger()
        else:
            self._transport.close()
            self.deadline = self.server.tick + self.server.limits.write_seconds

    def _rest(self) -> None:
        limits = self.server.limits
        self.deadline = self.server.tick + (limits.receive_seconds if self._receiving else limits.idle_seconds)

    def _refuse(self, status: int) -> None:
        """End the connection with a status, unless answers to earlier requests are still due: then without one."""
        if self._ending:
            return
        if self._stream is not None:  # whoever reads it gives the answer
            self._broken = True
            self._refused = status
            self._stream.fail()
            return
        if self._task is not None or self._waiting:
            self._end_after_answers()
            return
        self._ending = True
        response = text(status, _REFUSALS.get(status, "400 Bad Request"))
        self._transport.write(b"".join((response.head, self.server.date, b"Connection: close\r\n\r\n", response.body)))
        self._linger()

    def _linger(self) -> None:
        """Stop, though the client may still be sending. Closing at once would reset the connection and with it the answer on its way
        (RFC 9112, section 9.6): what comes is read and dropped for a moment."""
        if self._transport.can_write_eof():
            self._held = False
            self._transport.write_eof()
            self._transport.resume_reading()
            self.deadline = self.server.tick + _LINGER
        else:
            self._transport.close()

    def _end_after_answers(self) -> None:
        self._ending = True
        if self._task is None:
            self._transport.close()
            self.deadline = self.server.tick + self.server.limits.write_seconds

    def close_if_idle(self) -> None:
        """Close now if nothing is under way; else after the answer."""
        if self._task is None and not self._receiving:
            self._ending = True
            self._transport.close()

    def abort(self) -> None:
        """End the connection now; unsent bytes are lost."""
        self._ending = True
        self._transport.abort()
