"""`kubectl port-forward`: connections to a pod's ports, each a pair of SPDY streams, all inside one WebSocket.

For every connection the client opens an `error` stream and a `data` stream with one request id and a port. Bytes of the data stream go to
the pod and back; why a port cannot be reached is written to the error stream. kubectl's SPDY library has no flow control of its own
(it never sends WINDOW_UPDATE), so the WebSocket's connection is what slows a sender down, in both directions.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Final

from podid.localcluster.apiserver.http import Receive, Send
from podid.localcluster.apiserver.spdy import BadFrame, Data, FrameReader, FrameWriter, GoAway, Ping, Reset, SynStream
from podid.localcluster.ports import ContainerAccess, NotRunning, Object

PROTOCOL: Final = "SPDY/3.1+portforward.k8s.io"
MAX_STREAMS: Final = 512
_PIECE: Final = 32 * 1024
_log = logging.getLogger(__name__)


class PortForward:
    """One port-forward: `run` until the client goes."""

    def __init__(self, containers: ContainerAccess, pod: Object, receive: Receive, send: Send) -> None:
        self._containers = containers
        self._pod = pod
        self._receive = receive
        self._send = send
        self._reader = FrameReader()
        self._writer = FrameWriter()
        self._sending = asyncio.Lock()
        self._errors: dict[str, int] = {}
        """Request id to its error stream."""
        self._inbox: dict[int, asyncio.Queue[bytes]] = {}
        """Data stream to what came for the pod; an empty piece is its end."""
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        if (await self._receive())["type"] != "websocket.connect":
            return
        await self._send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        try:
            while (message := await self._receive())["type"] == "websocket.receive":
                for frame in self._reader.feed(message.get("bytes") or b""):
                    if isinstance(frame, GoAway):
                        return
                    await self._take(frame)
        except BadFrame as problem:
            _log.info("a port-forward ended: %s", problem)
            await self._send({"type": "websocket.close", "code": 1002})
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, frame: Any) -> None:
        match frame:
            case SynStream():
                await self._open(frame)
            case Data(stream=stream, data=data, fin=fin):
                inbox = self._inbox.get(stream)
                if inbox is not None and data:
                    await inbox.put(data)
                if inbox is not None and fin:
                    await inbox.put(b"")
                if data:
                    await self._write(self._writer.window_update(stream, len(data)))
            case Reset(stream=stream):
                task = self._tasks.get(stream)
                if task is not None:
                    task.cancel()
            case Ping(number=number):
                await self._write(self._writer.ping(number))

    async def _open(self, frame: SynStream) -> None:
        kind, request = frame.headers.get("streamtype"), frame.headers.get("requestid", "")
        port = frame.headers.get("port", "")
        number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
        full = len(self._errors) + len(self._tasks) >= MAX_STREAMS
        if full or kind not in ("error", "data") or not 0 < number < 65536:
            await self._write(self._writer.reset(frame.stream, 3))  # REFUSED_STREAM
            return
        await self._write(self._writer.syn_reply(frame.stream))
        if kind == "error":
            self._errors[request] = frame.stream
            return
        self._inbox[frame.stream] = asyncio.Queue(16)
        if frame.fin:
            self._inbox[frame.stream].put_nowait(b"")
        task = asyncio.create_task(self._connect(frame.stream, request, number))
        self._tasks[frame.stream] = task

    async def _connect(self, stream: int, request: str, port: int) -> None:
        problem = ""
        try:
            problem = await self._carry(stream, port)
        finally:
            del self._inbox[stream], self._tasks[stream]
            error = self._errors.pop(request, None)
            with contextlib.suppress(Exception):
                if error is not None:
                    await self._write(self._writer.data(error, problem.encode(), fin=True))
                await self._write(self._writer.data(stream, b"", fin=True))

    async def _carry(self, stream: int, port: int) -> str:
        """Carry bytes both ways until both ends are done: why it could not be done, or ""."""
        try:
            reader, writer = await self._containers.dial(self._pod, port)
        except (NotRunning, OSError) as problem:
            return f"an error occurred forwarding to port {port}: {problem}"
        inward = asyncio.create_task(self._inward(stream, writer))
        try:
            while piece := await reader.read(_PIECE):
                await self._write(self._writer.data(stream, piece))
            await self._write(self._writer.data(stream, b"", fin=True))
        except OSError as problem:
            return f"an error occurred forwarding to port {port}: {problem}"
        finally:
            # Closed before anything is awaited: this may run because the client went, and be cancelled again.
            inward.cancel()
            writer.close()
            await asyncio.gather(inward, return_exceptions=True)
        return ""

    async def _inward(self, stream: int, writer: asyncio.StreamWriter) -> None:
        inbox = self._inbox[stream]
        with contextlib.suppress(OSError):
            while piece := await inbox.get():
                writer.write(piece)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    async def _write(self, data: bytes) -> None:
        async with self._sending:
            await self._send({"type": "websocket.send", "bytes": data})
