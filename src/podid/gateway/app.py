"""The ASGI application: takes a request off the wire within its limits, has a thread answer it, sends the answer.

The event loop reads and writes; everything in between (signature, IAM, handlers, moto) is done in a bounded pool of threads, so that a slow
client costs no thread and a slow handler no other client.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from msgspec.structs import replace

from podid.core.clock import Clock
from podid.core.http import Headers, HttpRequest, HttpResponse
from podid.gateway.bodies import Bodies
from podid.gateway.gateway import Gateway, Later
from podid.gateway.receive import Head, TooLarge, is_own, read_head
from podid.gateway.steps.values import Received

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEALTH = "/_podid/health"
OWN_THREADS = 4
_THREADS = ("podid-own", "podid-other")
_NO_BODY = frozenset({204, 304})


class App:
    """`gateway` answers; `threads` bounds how many requests are worked on at once, the rest wait their turn.

    podid's own services have a few threads of their own, so that no call of moto's keeps a pod from its credentials; few, because they
    compute and hardly wait, and threads that compute only hinder each other.
    """

    def __init__(self, gateway: Gateway, clock: Clock, *, threads: int = 16) -> None:
        self._gateway = gateway
        self._clock = clock
        self._own = ThreadPoolExecutor(max_workers=min(OWN_THREADS, threads), thread_name_prefix="podid-own")
        self._others = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="podid-other")
        self._bodies = Bodies()
        self._started: list[Callable[[], None]] = []

    def when_ready(self, action: Callable[[], None]) -> None:
        """Have something done once the endpoint listens, such as warming what the first calls will need."""
        self._started.append(action)

    def has_ended(self, seconds: float) -> bool:
        """After the stop: whether every thread that worked on a request has ended, within so many seconds."""
        until = time.monotonic() + seconds
        threads = [thread for thread in threading.enumerate() if thread.name.startswith(_THREADS)]
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:  # no WebSockets here
            await send({"type": "websocket.close", "code": 1003})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            head = read_head(scope)
        except TooLarge as error:
            await _send(send, _plain(error.status, str(error)), "GET")
            return
        if head.path == HEALTH and head.method in ("GET", "HEAD"):
            await _send(send, _json(200, b'{"status":"ok"}'), head.method)
            return
        received = self._received(scope, head)
        loop = asyncio.get_running_loop()
        pool = self._own if is_own(head) else self._others
        try:
            body = await self._bodies.read(
                head, receive, lambda: loop.run_in_executor(pool, self._gateway.recognise, received)
            )
        except TooLarge as error:
            await _send(send, _plain(error.status, str(error), close=True), head.method)
            return
        if isinstance(body, HttpResponse):
            await _send(send, _closing(body), head.method)
        elif body is not None:  # else the client left
            try:
                await self._work(replace(received, request=replace(received.request, body=body)), pool, receive, send)
            finally:
                self._bodies.release(len(body))

    def _received(self, scope: Scope, head: Head) -> Received:
        client = scope.get("client")
        return Received(
            request=HttpRequest(method=head.method, path=head.path, query=head.query, headers=head.headers),
            now=self._clock(),
            source_ip=client[0] if client else "127.0.0.1",
            secure=scope.get("scheme") == "https",
        )

    async def _work(self, received: Received, pool: ThreadPoolExecutor, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        # The time is that of the head: a slow upload does not make a signature stale.
        told = await loop.run_in_executor(pool, self._gateway.begin, received)
        while isinstance(told, Later):
            if await _left_within(told.seconds, receive):
                return
            told = await loop.run_in_executor(pool, told.again)
        await _send(send, told, received.request.method)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for action in self._started:
                    action()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                for pool in (self._own, self._others):
                    pool.shutdown(wait=False, cancel_futures=True)
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _left_within(seconds: float, receive: Receive) -> bool:
    """Wait; whether the client went away meanwhile. What it would have been told must then not be fetched: a message would be lost."""
    try:
        async with asyncio.timeout(seconds):  # not wait_for, which on Python 3.11 can swallow a cancellation
            message = await receive()
    except TimeoutError:
        return False
    return bool(message["type"] == "http.disconnect")


async def _send(send: Send, response: HttpResponse, method: str) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers]
    named = {name for name, _ in response.headers}
    body = b"" if method == "HEAD" or response.status in _NO_BODY else response.body
    if "content-length" not in named and response.status not in _NO_BODY:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _json(status: int, body: bytes) -> HttpResponse:
    return HttpResponse(status=status, headers=(("content-type", "application/json"),), body=body)


def _closing(response: HttpResponse) -> HttpResponse:
    """The answer to a request whose body was not taken: the connection cannot be used any further."""
    return replace(response, headers=(*response.headers, ("connection", "close")))


def _plain(status: int, text: str, *, close: bool = False) -> HttpResponse:
    headers: Headers = (("content-type", "text/plain; charset=utf-8"),)
    return HttpResponse(
        status=status, headers=(*headers, ("connection", "close")) if close else headers, body=text.encode()
    )
