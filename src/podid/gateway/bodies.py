"""Bodies as they come in: bounded one by one and all together, and above a size only from who has shown a signature that holds.

Memory is what an upload costs. So a large body is not taken before its head was authenticated (S3's signatures hold without the
body: its digest, or that it has none, is among what is signed), and all bodies together have a bound, beyond which clients are told to slow
down.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from podid.core.http import HttpResponse
from podid.gateway.receive import Head, TooLarge, body_limit

PROVEN_ABOVE = 1024 * 1024
"""Bytes that anyone may send."""

MOST_HELD = 1024 * 1024 * 1024
"""Bytes of all bodies that wait for an answer."""

Prove = Callable[[], Awaitable[HttpResponse | None]]
"""Authenticates the head alone: the answer that refuses it, or None."""


class Bodies:
    """Counts what all bodies of a process take."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self.held = 0

    def release(self, size: int) -> None:
        """A body of this size is not needed any more."""
        self.held -= size

    async def read(
        self, head: Head, receive: Callable[[], Awaitable[MutableMapping[str, Any]]], prove: Prove
    ) -> bytes | HttpResponse | None:
        """The whole body, to be released later; a refusal; or None where the client left before its end. Raises TooLarge."""
        limit = body_limit(head)
        declared = _declared(head)
        if declared > limit:
            raise TooLarge(413, "The request body is too large.")
        proven = False
        pieces: list[bytes] = []
        size = 0
        whole = False
        try:
            while True:
                if not proven and max(size, declared) > PROVEN_ABOVE:
                    refusal = await prove()
                    if refusal is not None:
                        return refusal
                    proven = True
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                piece = message.get("body", b"")
                if piece:
                    size += len(piece)
                    self.held += len(piece)
                    if size > limit:
                        raise TooLarge(413, "The request body is too large.")
                    if self.held > self._most:
                        raise TooLarge(503, "Too many uploads at once: please slow down.")
                    pieces.append(piece)
                if not message.get("more_body", False):
                    whole = True
                    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        finally:
            if not whole:
                self.release(size)


def _declared(head: Head) -> int:
    text = head.header("content-length")
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else 0
