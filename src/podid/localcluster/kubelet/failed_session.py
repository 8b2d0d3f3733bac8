"""An exec whose program could not be started: says why, as a shell would, and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

from msgspec import Struct


class FailedSession(Struct, frozen=True):
    """A `ports.ExecSession` that is over."""

    code: int
    text: str
    terminal: bool = False

    async def write(self, data: bytes) -> None:
        return

    async def close_stdin(self) -> None:
        return

    async def resize(self, width: int, height: int) -> None:
        return

    async def output(self) -> AsyncIterator[tuple[Literal[1, 2], bytes]]:
        ending = "\r\n" if self.terminal else "\n"
        yield (1 if self.terminal else 2), (self.text + ending).encode()

    async def wait(self) -> int:
        return self.code

    async def kill(self) -> None:
        return
