"""The one way into the node from outside: two sockets in the node's network, each joined to one port of the host's loopback.

Nothing else passes: there is no route. The listening socket was made in the node's namespace and passed out; the connection to the host is
made here, in the host's namespace.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable

logger = logging.getLogger(__name__)

_PIECE = 65536


class Relay:
    """Carries connections of listening sockets to ports of 127.0.0.1."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.Task[None]] = set()

    async def carry(self, listener: socket.socket, port: int) -> None:
        """Accept on a bound socket from now on."""

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._join(reader, writer, port))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

        self._servers.append(await asyncio.start_server(accepted, sock=listener, limit=_PIECE, backlog=512))

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._open):
            task.cancel()
        if self._open:
            await asyncio.gather(*self._open, return_exceptions=True)
        self._servers = []

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        other: asyncio.StreamWriter | None = None
        try:
            from_host, other = await asyncio.open_connection("127.0.0.1", port, limit=_PIECE)
            await asyncio.gather(_copy(reader, other), _copy(from_host, writer))
        except OSError as problem:
            logger.debug("relay to port %d: %s", port, problem)
        finally:
            for end in (writer, other):
                if end is not None:
                    _abort(end)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, to its end; the end is passed on while the other direction may still run."""
    while data := await reader.read(_PIECE):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        with contextlib.suppress(OSError):
            writer.write_eof()


def _abort(writer: asyncio.StreamWriter) -> None:
    close: Callable[[], None] = writer.close
    with contextlib.suppress(OSError, RuntimeError):
        close()
