"""exec and attach: a program's standard streams over a WebSocket's channels."""

from __future__ import annotations

import asyncio
import contextlib
import json

from podid.localcluster.apiserver.http import Query
from podid.localcluster.apiserver.websockets import (
    CLOSE,
    RESIZE,
    STDIN,
    STDOUT,
    Channels,
    exit_status,
    failure_status,
)
from podid.localcluster.ports import ContainerAccess, ExecSession, LogOptions, NotRunning, Object

_MAX_SIDE = 32767


async def run_exec(containers: ContainerAccess, pod: Object, container: str, query: Query, channels: Channels) -> None:
    """Run a program until it ends or the client goes; the channels are open."""
    tty = query.flag("tty")
    try:
        session = await containers.exec(
            pod,
            container,
            query.all("command"),
            stdin=query.flag("stdin"),
            tty=tty,
            stdout=query.flag("stdout"),
            stderr=query.flag("stderr") and not tty,
        )
    except NotRunning as problem:
        await channels.finish(failure_status(str(problem)))
        return
    feed = asyncio.create_task(_feed(session, channels))
    drain = asyncio.create_task(_drain(session, channels))
    try:
        await asyncio.wait({feed, drain}, return_when=asyncio.FIRST_COMPLETED)
        if not drain.done():  # the client has gone, or sent what nobody can read
            return
        await drain
        await channels.finish(exit_status(await session.wait()))
    finally:
        for task in (feed, drain):
            task.cancel()
        await asyncio.shield(session.kill())
        await asyncio.gather(feed, drain, return_exceptions=True)


async def _feed(session: ExecSession, channels: Channels) -> None:
    """Client to program, until the client goes. A program that no longer reads is no error."""
    while (message := await channels.receive()) is not None:
        channel, data = message
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            if channel == STDIN and data:
                await session.write(data)
            elif channel == CLOSE and data[:1] == bytes((STDIN,)):
                await session.close_stdin()
            elif channel == RESIZE:
                await _resize(session, data)


async def _resize(session: ExecSession, data: bytes) -> None:
    try:
        size = json.loads(data)
        width, height = int(size["Width"]), int(size["Height"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    if 0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE:
        await session.resize(width, height)


async def _drain(session: ExecSession, channels: Channels) -> None:
    async for channel, data in session.output():
        await channels.send(channel, data)


async def run_attach(
    containers: ContainerAccess, pod: Object, container: str, query: Query, channels: Channels
) -> None:
    """Show what the container's own program writes from now on. Its standard input cannot be joined: it was started without one."""
    if query.flag("stdin"):
        await channels.finish(
            failure_status(
                "the local cluster starts containers without standard input: attach without -i, or use kubectl exec -it"
            )
        )
        return
    pump = asyncio.create_task(_follow(containers, pod, container, channels))
    gone = asyncio.create_task(_until_gone(channels))
    try:
        await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
        if pump.done():
            await channels.finish(await pump)
    finally:
        for task in (pump, gone):
            task.cancel()
        await asyncio.gather(pump, gone, return_exceptions=True)


async def _follow(containers: ContainerAccess, pod: Object, container: str, channels: Channels) -> dict[str, object]:
    try:
        async for piece in containers.logs(pod, container, LogOptions(follow=True, tail_lines=0)):
            await channels.send(STDOUT, piece)
    except NotRunning as problem:
        return failure_status(str(problem))
    return exit_status(0)


async def _until_gone(channels: Channels) -> None:
    while await channels.receive() is not None:
        pass
