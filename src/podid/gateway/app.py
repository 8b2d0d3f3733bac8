"""The ASGI application: takes a request off the wire within its limits, has a thread answer it, sends the answer.

The event loop reads and writes; everything in between (signature, IAM, handlers, moto) is done in a bounded pool of threads, so that a slow
client costs no thread and a slow handler no other client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from podid.core.clock import Clock
from podid.core.http import Headers, HttpRequest, HttpResponse
from podid.gateway.gateway import Gateway
from podid.gateway.receive import TooLarge, read_body, read_head
from podid.gateway.steps.values import Received

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEALTH = "/_podid/health"
_NO_BODY = frozenset({204, 304})


class App:
    """`gateway` answers; `threads` bounds how many requests are worked on at once, the rest wait their turn."""

    def __init__(self, gateway: Gateway, clock: Clock, *, threads: int = 16) -> None:
        self._gateway = gateway
        self._clock = clock
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="request")
        self._started: list[Callable[[], None]] = []

    def when_ready(self, action: Callable[[], None]) -> None:
        """Have something done once the endpoint listens, such as warming what the first calls will need."""
        self._started.append(action)

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
        try:
            body = await read_body(head, receive)
        except TooLarge as error:
            await _send(send, _plain(error.status, str(error), close=True), head.method)
            return
        if body is None:  # the client left
            return
        client = scope.get("client")
        received = Received(
            request=HttpRequest(method=head.method, path=head.path, query=head.query, headers=head.headers, body=body),
            now=self._clock(),
            source_ip=client[0] if client else "127.0.0.1",
            secure=scope.get("scheme") == "https",
        )
        response = await asyncio.get_running_loop().run_in_executor(self._pool, self._gateway.answer, received)
        await _send(send, response, head.method)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for action in self._started:
                    action()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self._pool.shutdown(wait=False, cancel_futures=True)
                await send({"type": "lifespan.shutdown.complete"})
                return


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


def _plain(status: int, text: str, *, close: bool = False) -> HttpResponse:
    headers: Headers = (("content-type", "text/plain; charset=utf-8"),)
    return HttpResponse(
        status=status, headers=(*headers, ("connection", "close")) if close else headers, body=text.encode()
    )
