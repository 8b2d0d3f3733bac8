"""One HTTP exchange as the answers see it, over ASGI.

It must not know Kubernetes' paths. A request's body is read once and never beyond `MAX_BODY`; an answer is bytes at once or a stream
that ends early when the client goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import parse_qs

from msgspec import Struct

from podid.localcluster.objects.errors import ApiError, BadRequest, TooLarge
from podid.localcluster.objects.metadata import encode

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

MAX_BODY: Final = 3 * 1024 * 1024
"""Bytes, as kube-apiserver's `limitedReadBody` has it."""


class Query:
    """The query string. Booleans and numbers are read as Kubernetes reads them."""

    def __init__(self, raw: str) -> None:
        try:
            self._values = parse_qs(raw, keep_blank_values=True, max_num_fields=1000)
        except ValueError as problem:
            raise BadRequest("the query string has too many fields") from problem

    def text(self, name: str) -> str:
        """The first value, or ""."""
        return self._values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def flag(self, name: str) -> bool:
        """`0` and any case of `false` are false; everything else that is there, even nothing, is true."""
        return name in self._values and self.text(name).lower() not in ("0", "false")

    def integer(self, name: str) -> int | None:
        """Raises BadRequest where it is not a number that fits 64 bits."""
        text = self.text(name)
        if not text:
            return None
        try:
            number = int(text)
        except ValueError:
            number = 1 << 64
        if abs(number) >= 1 << 63:
            raise BadRequest(f"{name}: {text[:50]!r} is not a number")
        return number


class Request:
    """One request. Header names are in lower case; of a repeated header `headers` has the last."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.every_header = [
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope.get("headers") or ()
        ]
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"]
        self.path = self.path.partition("?")[0]
        self.query = Query(scope["query_string"].decode("latin-1"))
        self.headers: Mapping[str, str] = dict(self.every_header)
        self._receive = receive

    @property
    def accept(self) -> str:
        return self.headers.get("accept", "")

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge."""
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise BadRequest("the client went away before its request had ended")
            piece = message.get("body", b"")
            size += len(piece)
            if size > MAX_BODY:
                raise TooLarge(f"Request entity too large: limit is {MAX_BODY}")
            pieces.append(piece)
            if not message.get("more_body"):
                return b"".join(pieces)


class Answer(Struct, frozen=True, kw_only=True):
    """What goes back. With `stream`, its pieces are sent as they come, after `body`."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    stream: AsyncGenerator[bytes, None] | None = None

    def warned(self, warnings: list[str]) -> Answer:
        """The same with `Warning` headers, which kubectl shows to the person."""
        extra = tuple(("warning", f'299 - "{_quoted(text)}"') for text in dict.fromkeys(warnings))
        return Answer(
            status=self.status,
            body=self.body,
            content_type=self.content_type,
            headers=self.headers + extra,
            stream=self.stream,
        )


def _quoted(text: str) -> str:
    kept = "".join(character if character.isprintable() else " " for character in text)
    return kept.encode("ascii", "replace").decode()[:2000].replace("\\", "\\\\").replace('"', '\\"')


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(status=status, body=encode(value))


def error_answer(error: ApiError) -> Answer:
    return json_answer(error.as_status(), error.status)


def text_answer(text: str, status: int = 200) -> Answer:
    return Answer(status=status, body=text.encode(), content_type="text/plain; charset=utf-8")


async def send_answer(answer: Answer, send: Send, receive: Receive, stopping: asyncio.Event) -> None:
    """Write an answer. A stream is closed as soon as the client has gone, and ends well when the server stops."""
    headers = [(b"content-type", answer.content_type.encode())]
    if not any(name == "cache-control" for name, _ in answer.headers):
        headers.append((b"cache-control", b"no-cache, private"))
    if answer.stream is None:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.stream is None:
        await send({"type": "http.response.body", "body": answer.body})
        return
    # A first piece, even an empty one, makes the status line go out now: a watch may have nothing to say for long.
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    gone = asyncio.create_task(_until_gone(receive))
    stop = asyncio.create_task(stopping.wait())
    pump = asyncio.create_task(_pump(answer.stream, send))
    try:
        await asyncio.wait({gone, stop, pump}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (gone, stop, pump):
            task.cancel()
        await asyncio.gather(gone, stop, pump, return_exceptions=True)
    if not pump.cancelled() and (problem := pump.exception()) is not None:
        raise problem
    if gone.cancelled():
        await send({"type": "http.response.body", "body": b""})


async def _pump(stream: AsyncGenerator[bytes, None], send: Send) -> None:
    async with aclosing(stream):
        async for piece in stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
