"""The kubelet's end of a helper's socket: `helper/messages.py` on an event loop."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.port import IsolationError


class Gone(IsolationError):
    """The helper is not there, or ended while it was asked."""


class Channel:
    """One connection. Not for two tasks at once."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._reader = messages.Reader()
        self._waiting: list[tuple[Message, list[int]]] = []

    @classmethod
    async def open(cls, path: Path) -> Channel:
        """Connect; raises Gone where nobody listens."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            with messages.short_address(str(path)) as address:
                # a local connect is done at once, or refused: there is nothing to wait for
                connection.connect(address)
        except OSError as problem:
            connection.close()
            raise Gone(f"no helper process answers at {path}") from problem
        return cls(connection)

    async def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        data = messages.encode(message)
        try:
            if descriptors:
                sent = socket.send_fds(self._socket, [data], list(descriptors))
                data = data[sent:]
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
        except OSError as problem:
            raise Gone("the helper process has ended") from problem

    async def receive(self) -> tuple[Message, list[int]]:
        """The next message and the descriptors that came with it, which the caller closes. Raises Gone at the end."""
        while not self._waiting:
            try:
                data, descriptors = messages.receive(self._socket)
            except BlockingIOError:
                await self._readable()
                continue
            except OSError as problem:
                raise Gone("the helper process has ended") from problem
            if not data:
                raise Gone("the helper process has ended")
            self._waiting += self._reader.feed(data, descriptors)
        return self._waiting.pop(0)

    async def exit_code(self) -> int:
        """What a program ended with that was started over this connection, which is closed then; 137 where its helper has gone."""
        try:
            answer, _ = await self.receive()
            return int(answer["exit"])
        except Gone:
            return 137
        finally:
            self.close()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._socket, _settle, ready)
        try:
            await ready
        finally:
            loop.remove_reader(self._socket)

    def close(self) -> None:
        self._socket.close()


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def ask(path: Path, message: Message, descriptors: Sequence[int] = ()) -> tuple[Message, list[int]]:
    """One question on a connection of its own. An answer with `error` is raised as IsolationError."""
    channel = await Channel.open(path)
    try:
        await channel.send(message, descriptors)
        answer, received = await channel.receive()
    finally:
        channel.close()
    if "error" in answer:
        for fd in received:
            os.close(fd)
        raise IsolationError(str(answer["error"]))
    return answer, received
