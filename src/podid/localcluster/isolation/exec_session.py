"""A program beside a container's own, seen from the kubelet: its streams as pipes or as a terminal, its exit code from the helper."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

from podid.localcluster.isolation.channel import Channel
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.port import CannotStart

_PIECE = 65536
_LINGER = 1.0
"""Seconds to wait for more output once the program has ended: something it left behind may hold its streams for ever."""
_END_OF_INPUT = b"\x04"


class HelperSession:
    """An `ExecSession` whose program is a child of a helper process."""

    def __init__(
        self, channel: Channel, stdin: int | None, outputs: dict[int, Literal[1, 2]], *, terminal: bool
    ) -> None:
        self._channel = channel
        self._stdin = stdin
        self._outputs = outputs
        self._terminal = terminal
        self._reading = False
        self._code: asyncio.Task[int] = asyncio.create_task(channel.exit_code())

    @classmethod
    async def start(cls, helper: Path, message: Message, *, stdin: bool, terminal: bool) -> HelperSession:
        """Ask a helper to run a program. Raises CannotStart, Gone."""
        channel = await Channel.open(helper)
        inside: list[int] = []
        outside: list[int] = []
        try:
            if not terminal:
                _pipes(inside, outside, stdin=stdin)
            await channel.send({**message, "op": "exec", "terminal": terminal}, inside)
            answer, received = await channel.receive()
            if answer.get("terminal"):
                outside += received
                answer, _ = await channel.receive()
            if "error" in answer:
                raise CannotStart(str(answer["error"]), int(answer.get("code", 126)))
        except BaseException:
            for fd in outside:
                os.close(fd)
            channel.close()
            raise
        finally:
            for fd in inside:
                os.close(fd)
        for fd in outside:
            os.set_blocking(fd, False)
        if terminal:
            (main,) = outside
            return cls(channel, os.dup(main), {main: 1}, terminal=True)
        return cls(channel, outside[2] if stdin else None, {outside[0]: 1, outside[1]: 2}, terminal=False)

    async def write(self, data: bytes) -> None:
        """Give the program input; what it no longer reads is dropped."""
        view = memoryview(data)
        while view and self._stdin is not None:
            try:
                view = view[os.write(self._stdin, view) :]
            except BlockingIOError:
                await self._writable(self._stdin)
            except OSError:
                self._close_input()

    async def close_stdin(self) -> None:
        if self._terminal:
            await self.write(_END_OF_INPUT)
        else:
            self._close_input()

    async def resize(self, width: int, height: int) -> None:
        if self._terminal and self._stdin is not None:
            size = struct.pack("HHHH", height & 0xFFFF, width & 0xFFFF, 0, 0)
            fcntl.ioctl(self._stdin, termios.TIOCSWINSZ, size)

    async def output(self) -> AsyncIterator[tuple[Literal[1, 2], bytes]]:
        """Pieces as they come. Each stream is read only as fast as its reader takes it."""
        loop = asyncio.get_running_loop()
        wake = asyncio.Event()
        self._reading = True
        self._code.add_done_callback(lambda _: wake.set())
        try:
            while self._outputs:
                pieces = [(number, fd, _read(fd)) for fd, number in self._outputs.items()]
                for number, fd, data in pieces:
                    if data:
                        yield number, data
                    elif data is not None:
                        os.close(fd)
                        del self._outputs[fd]
                if any(data is not None for _, _, data in pieces):
                    continue
                wake.clear()
                for fd in self._outputs:
                    loop.add_reader(fd, wake.set)
                try:
                    async with asyncio.timeout(_LINGER if self._code.done() else None):
                        await wake.wait()
                except TimeoutError:
                    return
                finally:
                    for fd in self._outputs:
                        loop.remove_reader(fd)
        finally:
            self._reading = False
            self._close_outputs()

    async def wait(self) -> int:
        try:
            return await asyncio.shield(self._code)
        except asyncio.CancelledError:
            if self._code.cancelled():
                return 137  # it was killed
            raise

    async def kill(self) -> None:
        """The helper ends the program when its connection goes."""
        self._close_input()
        self._code.cancel()
        await asyncio.gather(self._code, return_exceptions=True)
        self._channel.close()  # a task cancelled before its first step has not done it
        if not self._reading:
            self._close_outputs()

    def _close_outputs(self) -> None:
        for fd in self._outputs:
            os.close(fd)
        self._outputs = {}

    def _close_input(self) -> None:
        if self._stdin is not None:
            os.close(self._stdin)
            self._stdin = None

    async def _writable(self, fd: int) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_writer(fd, ready.set)
        self._code.add_done_callback(lambda _: ready.set())
        try:
            await ready.wait()
        finally:
            loop.remove_writer(fd)
        if self._code.done():
            self._close_input()


def _pipes(inside: list[int], outside: list[int], *, stdin: bool) -> None:
    """Three descriptors for the program, and ours: standard output, standard error and, with `stdin`, its input."""
    if stdin:
        read, write = os.pipe()
        inside.append(read)
        spare: Sequence[int] = (write,)
    else:
        inside.append(os.open("/dev/null", os.O_RDONLY))
        spare = ()
    for _ in range(2):
        read, write = os.pipe()
        inside.append(write)
        outside.append(read)
    outside += spare


def _read(fd: int) -> bytes | None:
    """A piece; nothing at the end; None if there is none yet. A terminal whose last user has gone answers EIO."""
    try:
        return os.read(fd, _PIECE)
    except BlockingIOError:
        return None
    except OSError:
        return b""
