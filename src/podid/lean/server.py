"""An HTTP/1.1 server on asyncio and httptools, bounded in everything a stranger can make it hold.

It knows no routes: one handler gets every request, or all that came in one turn of the loop, and gives a `Response` for each, at once or
as an awaitable. Answers go out in the order of their requests (pipelining). Limits are named below; past one the connection gets its
status, or is closed.

Time is kept by one tick a second for all connections, so that a request costs no timer of its own.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from email.utils import formatdate
from typing import Any, Final, cast

from msgspec import Struct

from podid.lean.connection import Connection
from podid.lean.messages import Request, Response, refusal

Handler = Callable[[Request], "Response | Awaitable[Response]"]

Together = Callable[[Sequence[Request]], "Sequence[Response | Awaitable[Response]]"]
"""Answers several requests at once, in their order."""

Refused = Callable[[int, str], Response]
"""The answer to what is not HTTP, or beyond a limit: a status, and the address of who sent it."""

_AT_ONCE: Final = 32
"""Requests that are answered together."""

log = logging.getLogger(__name__)


class Limits(Struct, frozen=True, kw_only=True):
    """What one connection, one peer and all of them may take."""

    head: int = 64 * 1024
    """Bytes of request line and headers together. Real service account tokens have one or two thousand."""
    body: int = 64 * 1024
    """Bytes of a request's body, where it is collected."""
    collected: int | None = None
    """Bytes up to which a body is collected before the request is handed over; larger ones, and those that do not say, are handed over as
    streams with their heads. None: all are collected."""
    receive_seconds: int = 10
    """Time from a request's first byte (or from the connection's start) to its last, a streamed body excepted."""
    body_seconds: int = 60
    """Time in which some of a streamed body must come, once it is waited for; botocore's own read timeout."""
    idle_seconds: int = 75
    """Time a kept connection may stay without a request; as long as common proxies and SDK pools keep theirs."""
    write_seconds: int = 30
    """Time in which a client must take some of its answer."""
    connections: int = 8192
    """Connections in all."""
    connections_per_peer: int = 1024
    """Connections of one address: one pod cannot take every descriptor of the process."""


class HttpServer:
    """Listens on any number of addresses and has one function answer. Made inside a running event loop."""

    def __init__(
        self,
        handler: Handler | None = None,
        *,
        together: Together | None = None,
        limits: Limits | None = None,
        readers: Executor | None = None,
        refused: Refused = refusal,
    ) -> None:
        """Who answers is either `handler`, one request at a time as they are read, or `together`: all the requests that came in one turn of the
        loop, once they are read. Under load these are many, and code that has just run for one of them runs for the next in a fraction of
        the time; a single request waits for no other. Raises ValueError for both or neither. `readers`: the threads that answers' sources are read in; asyncio's own where None. `refused` words the answer
        to what is no request."""
        if (handler is None) == (together is None):
            raise ValueError("either a handler or one for requests together")
        self.handler = cast(Handler, handler)  # not asked where there is `together`
        self.together = together
        self._gathered: list[tuple[Connection, Request, bool]] = []
        self.readers = readers
        self.refused = refused
        self.limits = limits or Limits()
        self.tick = 0
        self.date = b""
        self.closing = False
        self.connections: set[Connection] = set()
        self.peers: Counter[str] = Counter()
        self._empty = asyncio.Event()
        self._listeners: list[asyncio.Server] = []
        self.loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._beat()

    async def listen(self, listening: socket.socket, *, tls: ssl.SSLContext | None = None) -> None:
        """Serve a bound socket. It is the server's from now on."""
        # asyncio's own way of making sockets is not used: who binds decides about families and options (bound_socket).
        extra: dict[str, Any] = {}
        if tls is not None:
            # A client that is closed upon is not waited for: a stop would last as long.
            extra = {"ssl": tls, "ssl_handshake_timeout": 10.0, "ssl_shutdown_timeout": 0.5}
        self._listeners.append(
            await self.loop.create_server(lambda: Connection(self), sock=listening, backlog=1024, **extra)
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

    def gather(self, connection: Connection, request: Request, keep: bool) -> None:
        """Have a request answered together with the others of this turn."""
        if not self._gathered:
            self.loop.call_soon(self._answer_gathered)
        self._gathered.append((connection, request, keep))

    def _answer_gathered(self) -> None:
        assert self.together is not None
        gathered, self._gathered = self._gathered[:_AT_ONCE], self._gathered[_AT_ONCE:]
        if self._gathered:  # what is answered goes out first
            self.loop.call_soon(self._answer_gathered)
        try:
            results: Sequence[Response | Awaitable[Response]] = self.together([request for _, request, _ in gathered])
        except Exception:
            results = [connection.failed(request) for connection, request, _ in gathered]
        for (connection, request, keep), result in zip(gathered, results, strict=True):
            connection.answer(request, result, keep)

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
        self._timer = self.loop.call_later(1.0, self._beat)


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
