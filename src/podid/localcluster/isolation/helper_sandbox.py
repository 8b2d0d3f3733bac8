"""What is the same in every adapter's sandbox: asking the pod's helper process (`helper/pod.py`) over its socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import msgspec

from podid.localcluster.isolation.channel import Channel, Gone, ask
from podid.localcluster.isolation.exec_session import HelperSession
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.port import CannotStart, ContainerState, IsolationError, PodSettings
from podid.localcluster.ports import ExecSession

_SOCKET = "pod.sock"
_END_TIMEOUT = 10.0
CONTAINER_VARIABLE = "PODID_CONTAINER"
"""`POD-UID/NAME`, in the environment of every process of a container, by which leftovers are found."""


class HelperSandbox:
    """The part of `port.Sandbox` that asks the helper."""

    def __init__(self, pod: PodSettings) -> None:
        self.uid = pod.uid
        self.pod = pod
        self.socket = socket_of(pod)

    async def ask_to_start(self, message: Message) -> None:
        """Send a `start` message. Raises CannotStart with the program's own problem, Gone."""
        channel = await Channel.open(self.socket)
        try:
            await channel.send({**message, "op": "start"})
            answer, _ = await channel.receive()
        finally:
            channel.close()
        if "error" in answer:
            raise CannotStart(str(answer["error"]), int(answer.get("code", 128)))

    async def ask_to_exec(
        self, container: str, argv: Sequence[str], environment: Mapping[str, str], *, stdin: bool, terminal: bool
    ) -> ExecSession:
        """Send an `exec` message. The program begins in the container's own working directory."""
        message = {"name": container, "argv": list(argv), "environment": dict(environment)}
        try:
            return await HelperSession.start(self.socket, message, stdin=stdin, terminal=terminal)
        except UnicodeEncodeError as problem:
            raise CannotStart(f"an argument is not text: {problem}", 126) from problem

    async def states(self) -> AsyncIterator[Sequence[ContainerState]]:
        try:
            channel = await Channel.open(self.socket)
        except Gone:
            return
        try:
            await channel.send({"op": "events"})
            while True:
                message, _ = await channel.receive()
                yield msgspec.convert(message.get("containers", [message.get("container")]), tuple[ContainerState, ...])
        except Gone:
            return
        finally:
            channel.close()

    async def signal(self, container: str, number: int) -> None:
        with contextlib.suppress(IsolationError):  # it has ended, or the whole pod has
            await ask(self.socket, {"op": "signal", "name": container, "signal": number})

    async def end(self) -> None:
        """End whatever runs of the pod, and its helper."""
        with contextlib.suppress(
            IsolationError, TimeoutError
        ):  # it has ended already, or hangs: then the adapter ends it
            async with asyncio.timeout(_END_TIMEOUT):
                await ask(self.socket, {"op": "end"})
        self.socket.unlink(missing_ok=True)

    def program_environment(self, container: str, *environments: Mapping[str, str]) -> dict[str, str]:
        """Variables, later ones over earlier ones, and the mark by which the container's processes are known."""
        merged: dict[str, str] = {}
        for environment in environments:
            merged |= environment
        return merged | {CONTAINER_VARIABLE: f"{self.uid}/{container}"}


def socket_of(pod: PodSettings) -> Path:
    """Where a pod's helper listens."""
    return pod.folder / _SOCKET


def base_message(
    name: str, attempt: int, argv: Sequence[str], environment: Mapping[str, str], folder: str, log: Path
) -> Message:
    """The members of a `start` message that every adapter's helper reads (`helper/containers.py`)."""
    return {
        "name": name,
        "attempt": attempt,
        "argv": list(argv),
        "environment": dict(environment),
        "folder": folder,
        "log": str(log),
        "record": str(log.with_suffix(".exit")),
    }
