"""The application behind the socket: takes a request within its limits, has it answered, on the loop or in a thread, and lays the answer out.

A request that only computes (a pod's token for credentials, who am I) is answered where it was read, with those that came in the same turn:
handing it to a thread and back would cost a fifth of it, and each hand-over waits for the interpreter. What may wait (a store's writer,
another server, moto) is done in threads, a bounded number of them, so that a slow client costs no thread and a slow handler no other
client. See docs/decisions/0010-who-answers-where.md.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from http import HTTPStatus

from msgspec.structs import replace

from podid.core.clock import Clock
from podid.core.http import HttpRequest, HttpResponse
from podid.core.ids import names_at_random, uuid7
from podid.core.waiting import without_waiting
from podid.gateway.answers import laid_out, plain
from podid.gateway.bodies import Bodies
from podid.gateway.coming import Coming
from podid.gateway.gateway import Gateway
from podid.gateway.passage import Later, Told
from podid.gateway.receive import TooLarge, is_answered_at_once, is_of_s3, is_own, read_head
from podid.gateway.steps.values import Received
from podid.lean.messages import Request, Response
from podid.lean.streams import BodyStream

log = logging.getLogger("podid.access")

HEALTH = "/_podid/health"
OWN_THREADS = 4
BATCH = 256 * 1024
"""Bytes of an upload that are handed to a thread at once."""

_WEB_IDENTITY, _FORM = b"Action=AssumeRoleWith", 4096
"""What a form to STS has that nobody signs, and where it is looked for."""

_HEALTHY = HttpResponse(status=200, headers=(("content-type", "application/json"),), body=b'{"status":"ok"}')


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
        self.readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="podid-bodies")
        """The threads that objects are read in, as clients take them."""
        self._bodies = Bodies()
        self._secure = False
        self._started: list[Callable[[], None]] = []

    def when_ready(self, action: Callable[[], None]) -> None:
        """Have something done once the endpoint listens, such as warming what the first calls will need."""
        self._started.append(action)

    def begin(self, *, secure: bool) -> None:
        """`secure`: whether clients come by TLS."""
        self._secure = secure

    def is_ready(self) -> None:
        """The endpoint listens."""
        for action in self._started:
            action()

    def end(self) -> None:
        """Nobody is served any more."""
        for pool in (self._own, self._others, self.readers):
            pool.shutdown(wait=False, cancel_futures=True)

    def _join(self) -> None:
        for pool in (self._own, self._others, self.readers):
            pool.shutdown(wait=True)

    def has_ended(self, seconds: float) -> bool:
        """After the stop: whether every thread that worked on a request has ended, within so many seconds."""
        waiting = threading.Thread(target=self._join, daemon=True)
        waiting.start()
        waiting.join(seconds)
        return not waiting.is_alive()

    def handle(self, requests: Sequence[Request]) -> list[Response | Awaitable[Response]]:
        """Answer requests that came at the same time, in their order."""
        taken = [self._take_in(request) for request in requests]
        short = [one for one in taken if isinstance(one, Received)]
        told = iter(without_waiting(lambda: self._gateway.begin_together(short)) if short else ())
        return [self._told(one, next(told)) if isinstance(one, Received) else one for one in taken]

    def _take_in(self, request: Request) -> Received | Response | Awaitable[Response]:
        """The answer to a request; of one that is answered at once, what it says."""
        try:
            head = read_head(request)
        except TooLarge as error:
            return self.refused(error.status, request.peer, str(error))
        if head.path == HEALTH and head.method in ("GET", "HEAD"):
            return laid_out(_HEALTHY, head.method)
        source_ip = request.peer or "127.0.0.1"
        received = Received(request=head, now=self._clock(), source_ip=source_ip, secure=self._secure)
        if request.stream is not None:
            return self._receive(head, request.stream, received)
        if is_answered_at_once(head):
            return received
        own = is_own(head) or (head.method == "POST" and _WEB_IDENTITY in request.body[:_FORM])
        return self._work(received, self._own if own else self._others)

    def _told(self, received: Received, told: Told) -> Response | Awaitable[Response]:
        if isinstance(told, HttpResponse):
            return laid_out(told, received.request.method)
        if isinstance(told, Later):
            return self._wait(told, received.request, self._own)
        return self._work(received, self._own)

    def refused(self, status: int, peer: str, text: str = "") -> Response:
        """The answer to what is no request, or one beyond the limits: before any service speaks for it, but with an id and a line in the log."""
        request_id = uuid7(int(self._clock().timestamp() * 1000), names_at_random)
        text = text or HTTPStatus(status).phrase
        log.info("refused", extra={"request_id": request_id, "source_ip": peer, "status": status, "text": text})
        return plain(status, text, request_id)

    async def _work(self, received: Received, pool: Executor) -> Response:
        told = await asyncio.get_running_loop().run_in_executor(pool, self._gateway.begin, received)
        if isinstance(told, HttpResponse):
            return laid_out(told, received.request.method)
        return await self._wait(told, received.request, pool)

    async def _wait(self, told: HttpResponse | Later, asked: HttpRequest, pool: Executor) -> Response:
        """Ask again until there is an answer. A client that leaves meanwhile cancels this, and nothing is fetched for it any more."""
        loop = asyncio.get_running_loop()
        while isinstance(told, Later):
            if told.seconds:
                await asyncio.sleep(told.seconds)
            told = await loop.run_in_executor(pool, told.again)
        return laid_out(told, asked.method)

    async def _receive(self, head: HttpRequest, stream: BodyStream, received: Received) -> Response:
        """Take a body that comes as a stream. The time stays that of the head: a slow upload does not make a signature stale."""
        loop = asyncio.get_running_loop()
        pool = self._own if is_own(head) else self._others
        body: bytes | HttpResponse | Coming | None = None
        try:
            if is_of_s3(head):
                body = await loop.run_in_executor(pool, self._gateway.recognise, received)
            if isinstance(body, Coming):
                return await self._take_up(body, stream, head, pool)
            if body is None:
                body = await self._bodies.collect(head, stream)
        except TooLarge as error:
            return self.refused(error.status, received.source_ip, str(error))
        if isinstance(body, HttpResponse):
            return laid_out(body, head.method, closes=True)
        try:
            return await self._work(replace(received, request=replace(received.request, body=body)), pool)
        finally:
            self._bodies.release(len(body))

    async def _take_up(self, coming: Coming, stream: BodyStream, head: HttpRequest, pool: Executor) -> Response:
        """Hand an upload on as it comes. A thread works on what has come, and is not there to wait for more."""
        loop = asyncio.get_running_loop()
        batch: list[bytes] = []
        size = 0
        while True:
            pieces = await stream.read()
            batch += pieces
            size += sum(map(len, pieces))
            if batch and (size >= BATCH or not pieces):
                refusal = await loop.run_in_executor(pool, coming.take, batch)
                if refusal is not None:
                    return laid_out(refusal, head.method, closes=True)
                batch, size = [], 0
            if not pieces:
                break
        return await self._wait(await loop.run_in_executor(pool, coming.finish), head, pool)
