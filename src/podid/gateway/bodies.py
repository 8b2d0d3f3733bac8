"""Bodies that are collected: bounded one by one and all together, for memory is what they cost.

Objects of S3 are not among them; they are taken up as they come (`uploads`).
"""

from __future__ import annotations

from podid.core.http import HttpRequest
from podid.gateway.receive import LARGEST_BODY, TooLarge, body_limit, is_of_s3
from podid.lean.streams import BodyStream

MOST_HELD = 1024 * 1024 * 1024
"""Bytes of all bodies that wait for an answer."""


class Bodies:
    """Counts what all bodies of a process take."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self.held = 0

    def release(self, size: int) -> None:
        """A body of this size is not needed any more."""
        self.held -= size

    async def collect(self, head: HttpRequest, stream: BodyStream) -> bytes:
        """The whole body, to be released later. Raises TooLarge, and BrokenBody where it is not HTTP."""
        limit = LARGEST_BODY if is_of_s3(head) else body_limit(head)
        if _declared(head) > limit:
            raise TooLarge(413, "The request body is too large.")
        pieces: list[bytes] = []
        size = 0
        whole = False
        try:
            while come := await stream.read():
                length = sum(map(len, come))
                size += length
                self.held += length
                if size > limit:
                    raise TooLarge(413, "The request body is too large.")
                if self.held > self._most:
                    raise TooLarge(503, "Too many uploads at once: please slow down.")
                pieces += come
            whole = True
            return b"".join(pieces)
        finally:
            if not whole:
                self.release(size)


def _declared(head: HttpRequest) -> int:
    text = head.header("content-length")
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else 0
