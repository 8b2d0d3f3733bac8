"""Bodies that are never whole in memory: those that come piece by piece, and those that go out of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

BUFFERED: Final = 256 * 1024
"""Bytes of one body that may lie here unread before the client is made to wait."""


class BrokenBody(Exception):
    """The body is not HTTP, or will not be complete."""


class BodyStream:
    """The body of a request, as it comes. One reader.

    `wants` is told whether anyone waits for bytes (True) or there are enough for now (False); it keeps the socket and the clock.
    """

    def __init__(self, loop: AbstractEventLoop, wants: Callable[[bool], None]) -> None:
        self.ended = False
        self._loop = loop
        self._wants = wants
        self._pieces: list[bytes] = []
        self._size = 0
        self._broken = False
        self._waiting: Future[None] | None = None

    @property
    def full(self) -> bool:
        """Whether no more should be read from the client for now."""
        return self._size >= BUFFERED

    async def read(self) -> list[bytes]:
        """What has come since the last call, waited for where nothing has; nothing at the end. Raises BrokenBody."""
        if not self._pieces and not self.ended and not self._broken:
            self._waiting = self._loop.create_future()
            self._wants(True)
            try:
                await self._waiting
            finally:
                self._waiting = None
        if self._broken:
            raise BrokenBody
        pieces, self._pieces, self._size = self._pieces, [], 0
        self._wants(False)
        return pieces

    def feed(self, piece: bytes) -> None:
        """Bytes have come."""
        self._pieces.append(piece)
        self._size += len(piece)
        self._wake()

    def end(self) -> None:
        """The body is complete."""
        self.ended = True
        self._wake()

    def fail(self) -> None:
        """The body will never be complete."""
        self._broken = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Source(Protocol):
    """The body of an answer, read as it is sent. `read` may block: it is called in a thread, and never twice at once."""

    def __len__(self) -> int: ...
    def read(self, offset: int, size: int) -> bytes: ...
