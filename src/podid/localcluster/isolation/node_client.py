"""The kubelet's side of a node's helper process, as far as it is the same in every adapter: starting it, asking it, its programs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from podid.localcluster.isolation import launch
from podid.localcluster.isolation.channel import Channel, Gone, ask
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.port import IsolationError, Program

_START_TIMEOUT = 15.0
_ANSWER_TIMEOUT = 5.0
LAUNCHER = str(Path(launch.__file__).resolve())
NODE_VARIABLE = "PODID_NODE"
"""The node's folder, in the environment of its helpers and programs, by which leftovers are found."""


class NodeClient:
    """Speaks to the node's process in a folder."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self._home = home
        self._socket = folder / "node.sock"

    async def answers(self) -> bool:
        """Whether a node's process that an earlier kubelet made is there."""
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT):
                await ask(self._socket, {"op": "hello"})
        except (Gone, TimeoutError):
            return False
        return True

    async def make(self, what: str, *arguments: str) -> None:
        """Start the node's process by the launcher's word `what`. Raises IsolationError with what it said."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = {
            "PODID_HOME": str(self._home),
            NODE_VARIABLE: str(self.folder),
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", LAUNCHER, what, str(self.folder), *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            env=environment,
        )
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            raise IsolationError(f"the node was not made within {_START_TIMEOUT:.0f} s") from None
        answer = out.decode(errors="replace").strip()
        if not answer.isdigit():
            said = answer.removeprefix("error ") or err.decode(errors="replace").strip()[-500:]
            raise IsolationError(f"the node could not be made: {said}")

    async def ask(self, message: Message) -> tuple[Message, list[int]]:
        return await ask(self._socket, message)

    async def run(self, name: str, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> Program:
        """See `port.Node.run`."""
        channel = await Channel.open(self._socket)
        variables = {**environment, NODE_VARIABLE: str(self.folder)}
        await channel.send({"op": "program", "argv": list(argv), "environment": variables, "log": str(log)})
        answer, _ = await channel.receive()
        if "error" in answer:
            raise IsolationError(f"{name} could not be started: {answer['error']}")
        return _NodeProgram(channel)


class _NodeProgram:
    """See `port.Program`. It ends with the connection that started it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._code: asyncio.Task[int] = asyncio.create_task(channel.exit_code())

    async def wait(self) -> int:
        return await asyncio.shield(self._code)

    async def stop(self) -> None:
        self._code.cancel()
        await asyncio.gather(self._code, return_exceptions=True)
        self._channel.close()  # a task cancelled before its first step has not done it
