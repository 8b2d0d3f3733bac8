"""An HTTP/1.1 server: one asyncio protocol on httptools, bounded in everything a stranger can make it hold.

It knows no routes: one handler gets every request and gives a `Response`, at once or as an awaitable. Answers go out in the order of
their requests (pipelining). Limits are named below; past one the connection gets its status, or is closed.

Time is kept by one tick a second for all connections, so that a request costs no timer of its own.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any, Final, cast

import httptools
from msgspec import Struct

from podid.lean.messages import Header, Request, Response, text

Handler = Callable[[Request], "Response | Awaitable[Response]"]

log = logging.getLogger(__name__)

_NEVER: Final = 1 << 62
_PIPELINE: Final = 16
"""Requests that may wait behind one that is being answered before reading stops."""

_LINGER: Final = 2
"""Seconds for which a refused client may go on sending before it is cut off."""


class Limits(Struct, frozen=True, kw_only=True):
    """What one connection, one peer and all of them may take."""

    head: int = 64 * 1024
    """Bytes of request line and headers together. Real service account tokens have one or two thousand."""
    body: int = 64 * 1024
    """Bytes of a request's body."""
    receive_seconds: int = 10
    """Time from a request's first byte (or from the connection's start) to its last."""
    idle_seconds: int = 75
    """Time a kept connection may stay without a request; as long as common proxies and SDK pools keep theirs."""
    write_seconds: int = 30
    """Time in which a client must take some of its answer."""
    connections: int = 8192
    """Connections in all."""
    connections_per_peer: int = 1024
    """Connections of one address: one pod cannot take every descriptor of the process."""


class HttpServer:
    """Listens on any number of addresses with one handler. Made inside a running event loop."""

    def __init__(self, handler: Handler, *, limits: Limits | None = None) -> None:
        self.handler = handler
        self.limits = limits or Limits()
        self.tick = 0
        self.date = b""
        self.closing = False
        self.connections: set[Connection] = set()
        self.peers: Counter[str] = Counter()
        self._empty = asyncio.Event()
        self._listeners: list[asyncio.Server] = []
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._beat()

    async def listen(self, listening: socket.socket, *, tls: ssl.SSLContext | None = None) -> None:
        """Serve a bound socket. It is the server's from now on."""
        # asyncio's own way of making sockets is not used: who binds decides about families and options (bound_socket).
        extra: dict[str, Any] = {"ssl": tls, "ssl_handshake_timeout": 10.0} if tls is not None else {}
        self._listeners.append(
            await self._loop.create_server(lambda: Connection(self), sock=listening, backlog=1024, **extra)
        )

    async def close(self, grace: float = 5.0) -> None:
        """Stop listening, let requests under way finish for up to `grace` seconds, then end every connection."""
        self.closing = True
        for listener in self._listeners:
            listener.close()
        for connection in list(self.connections):
            connection.close_if_idle()
        if self.connections:
            try:
                async with asyncio.timeout(grace):
                    await self._empty.wait()
            except TimeoutError:
                log.warning("requests under way were cut off", extra={"connections": len(self.connections)})
        for connection in list(self.connections):
            connection.abort()
        if self._timer is not None:
            self._timer.cancel()

    def gone(self, connection: Connection, peer: str) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        self.peers[peer] -= 1
        if self.peers[peer] <= 0:
            del self.peers[peer]
        if self.closing and not self.connections:
            self._empty.set()

    def admits(self, peer: str) -> bool:
        """Whether one more connection of this peer may stay."""
        return len(self.connections) < self.limits.connections and (
            not peer or self.peers[peer] < self.limits.connections_per_peer
        )

    def _beat(self) -> None:
        self.tick += 1
        self.date = f"Date: {formatdate(usegmt=True)}\r\n".encode("ascii")
        for connection in [c for c in self.connections if c.deadline < self.tick]:
            connection.abort()
        self._timer = self._loop.call_later(1.0, self._beat)


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
        self._body: list[bytes] = []
        self._size = 0
        self._unfinished = 0
        self._in_body = False
        self._receiving = False
        self._refused = 0
        self._task: asyncio.Task[None] | None = None
        self._waiting: deque[tuple[Request, bool]] = deque()
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
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._transport.pause_reading()
        self.deadline = self.server.tick + self.server.limits.write_seconds

    def resume_writing(self) -> None:
        self._rest()
        if len(self._waiting) < _PIPELINE:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._ending:
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
            elif self._receiving and self._unfinished > limits.head + (limits.body if self._in_body else 0):
                self._refuse(413 if self._in_body else 431)

    # httptools

    def on_message_begin(self) -> None:
        self._headers = []
        self._body = []
        self._target = b""
        self._size = 0
        self._in_body = False
        self._receiving = True
        if self._task is None:
            self.deadline = self.server.tick + self.server.limits.receive_seconds

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # trailers are counted and never taken for headers
            self._headers.append((name.lower(), value))
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        self._in_body = True
        self._size = 0

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        self._size += len(body)
        if self._size > self.server.limits.body:
            self._refused = 413

    def on_message_complete(self) -> None:
        self._receiving = False
        self._unfinished = 0
        if self._refused or self._ending:
            return
        parser = self._parser
        version = parser.get_http_version()
        keep = parser.should_keep_alive() and version == "1.1"
        request = Request(
            method=parser.get_method().decode("ascii"),
            target=self._target,
            version=version,
            headers=self._headers,
            body=b"".join(self._body) if self._body else b"",
            peer=self._peer,
        )
        if self._task is not None or self._waiting:
            self._waiting.append((request, keep))
            if len(self._waiting) >= _PIPELINE:
                self._transport.pause_reading()
        else:
            self._answer(request, keep)

    def _count(self, length: int) -> None:
        self._size += length
        if self._size > self.server.limits.head:
            self._refused = 431

    # answers

    def _answer(self, request: Request, keep: bool) -> None:
        try:
            result = self.server.handler(request)
        except Exception:
            log.exception("a request failed", extra={"target": request.target[:200].decode("latin-1")})
            result = text(500, "Internal Server Error")
        if isinstance(result, Response):
            self._send(request, result, keep)
        else:
            self.deadline = _NEVER  # whoever answers later keeps time itself
            self._task = asyncio.get_running_loop().create_task(self._answer_later(request, result, keep))

    async def _answer_later(self, request: Request, pending: Awaitable[Response], keep: bool) -> None:
        try:
            response = await pending
        except Exception:
            log.exception("a request failed", extra={"target": request.target[:200].decode("latin-1")})
            response = text(500, "Internal Server Error")
        self._task = None
        self._send(request, response, keep)
        self._answer_waiting()

    def _answer_waiting(self) -> None:
        while self._waiting and self._task is None and not self._ending:
            self._answer(*self._waiting.popleft())
        if not self._ending and len(self._waiting) < _PIPELINE:
            self._transport.resume_reading()

    def _send(self, request: Request, response: Response, keep: bool) -> None:
        if self._ending and self._transport.is_closing():
            return
        keep = keep and not self.server.closing and not (self._ending and not self._waiting)
        ending = b"\r\n" if keep else b"Connection: close\r\n\r\n"
        body = response.body if request.method != "HEAD" else b""
        self._transport.write(b"".join((response.head, self.server.date, ending, body)))
        if keep:
            self._rest()
        else:
            self._ending = True
            self._waiting.clear()
            self._transport.close()
            self.deadline = self.server.tick + self.server.limits.write_seconds

    def _rest(self) -> None:
        limits = self.server.limits
        self.deadline = self.server.tick + (limits.receive_seconds if self._receiving else limits.idle_seconds)

    def _refuse(self, status: int) -> None:
        """End the connection with a status, unless answers to earlier requests are still due: then without one."""
        if self._ending:
            return
        if self._task is not None or self._waiting:
            self._end_after_answers()
            return
        self._ending = True
        response = text(status, _REFUSALS.get(status, "400 Bad Request"))
        self._transport.write(b"".join((response.head, self.server.date, b"Connection: close\r\n\r\n", response.body)))
        if self._transport.can_write_eof():
            # The client may still be sending. Closing now would reset the connection and with it the answer on its way (RFC 9112,
            # section 9.6): what comes is read and dropped for a moment.
            self._transport.write_eof()
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


_REFUSALS: Final = {
    400: "400 Bad Request",
    413: "413 Request Entity Too Large",
    431: "431 Request Header Fields Too Large",
}


def bound_socket(host: str, port: int, *, held: bool = False) -> socket.socket:
    """A TCP socket bound to a literal address (or `localhost`), not yet listening. Raises OSError.

    IPv6 sockets take IPv6 alone, as every address has its own listener. `held`: another process of this user keeps the port bound, so that
    no stranger gets it while this one is away; both have to say that they share it.
    """
    name = "127.0.0.1" if host == "localhost" else host.strip("[]")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if held:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((name, port))
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made
