"""One connection, kept within bounds: how large a request's head may be, how long a client may take to send it.

uvicorn's protocol on httptools has no such bounds of its own. A client that sends a head without an end, or a byte a minute, costs a
little memory here, never a thread, and is cut off.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from podid.gateway.receive import LARGEST_HEADERS, LONGEST_TARGET

HEAD_SECONDS = 30.0
"""For a whole head, from its first byte (or the connection) to its last."""

BODY_SECONDS = 60.0
"""Without a single byte of a body that is still to come; botocore's own read timeout."""

LARGEST_HEAD = LARGEST_HEADERS + LONGEST_TARGET
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 24\r\nconnection: close\r\n\r\nThe head is far too long"
)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's connection with limits on heads and on waiting."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_size = 0
        self._in_head = True
        self._waiting_for_body = False
        self._heard_at = self.loop.time()
        self._watch = self.loop.call_later(HEAD_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            if self._head_size == 0:
                self._heard_at = self.loop.time()
            self._head_size += len(data)
        else:
            self._heard_at = self.loop.time()
        super().data_received(data)
        # Bytes of a body that came with its head are counted too: they are only a mistake where the head has not ended.
        if self._in_head and self._head_size > LARGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._waiting_for_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_size = 0
        self._waiting_for_body = False
        super().on_message_complete()

    def _look(self) -> None:
        """Cut off who is too slow; look again later at everybody else."""
        now: float = self.loop.time()
        silent = now - self._heard_at
        reading_paused: Any = self.flow.read_paused
        if (self._in_head and self._head_size > 0 and silent >= HEAD_SECONDS) or (
            self._waiting_for_body and not reading_paused and silent >= BODY_SECONDS
        ):
            self.transport.close()
            return
        never_asked = self._in_head and self._head_size == 0 and self.cycle is None
        if never_asked and silent >= HEAD_SECONDS:
            self.transport.close()
            return
        self._watch = self.loop.call_later(HEAD_SECONDS / 2, self._look)
