"""What the tests of the agent and of IMDS share: a server that checks every signature, a clock moved by hand, a loop on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from podid.core.http import HttpRequest
from podid.core.sigv4 import check, read_claim
from podid.lean.messages import Request, Response
from podid.lean.server import HttpServer, bound_socket

T = TypeVar("T")
KEY = "AKIAIOSFODNN7EXAMPLE"


class MovedClock:
    """Starts now and stands still until it is moved: signatures stay within their window, tests never sleep."""

    def __init__(self) -> None:
        self.at = float(int(time.time()))

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def seconds(self) -> float:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += seconds


class SignedServer:
    """A real HTTP server of a service: `respond` answers what is signed with KEY and `secret`; what is not fails the test (`problems`)."""

    def __init__(self, clock: MovedClock, *, service: str, secret: str) -> None:
        self.clock = clock
        self.problems: list[str] = []
        self.hold: asyncio.Event | None = None
        self.url = ""
        self._service = service
        self._secret = secret
        self._server: HttpServer | None = None

    async def start(self) -> None:
        self._server = HttpServer(self._answer)
        sock = bound_socket("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        await self._server.listen(sock)

    async def stop(self) -> None:
        """End; and fail for what was not signed as it must be."""
        assert self._server is not None
        await self._server.close(grace=0.5)
        assert self.problems == []

    async def respond(self, request: Request) -> Response:
        raise NotImplementedError

    async def _answer(self, request: Request) -> Response:
        self._check(request)
        return await self.respond(request)

    def _check(self, request: Request) -> None:
        received = HttpRequest(
            method=request.method,
            path=request.target.decode(),
            headers=tuple((name.decode(), value.decode()) for name, value in request.headers),
            body=request.body,
        )
        try:
            claim = read_claim(received)
            assert claim is not None
            assert (claim.access_key_id, claim.region, claim.service) == (KEY, "us-east-1", self._service)
            check(claim, received, self._secret, now=self.clock())
        except Exception as problem:
            self.problems.append(repr(problem))
            raise


class Background:
    """An event loop on a thread of its own, for clients that block."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
