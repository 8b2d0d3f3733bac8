"""A node on each adapter, in a folder of its own, with something to reach on the host's loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from podid.localcluster.isolation.choose import Trial, choose, try_namespaces
from podid.localcluster.isolation.port import (
    ContainerSettings,
    ContainerState,
    Mode,
    Node,
    NodeSettings,
    PodSettings,
    Sandbox,
)

_TRIAL: list[Trial] = []


def _trial() -> Trial:
    if not _TRIAL:
        _TRIAL.append(try_namespaces())
    return _TRIAL[0]


class Rig:
    """A started node, and short words for what tests do with it."""

    def __init__(self, home: Path, node: Node, settings: NodeSettings, mode: Mode) -> None:
        self.home = home
        self.node = node
        self.settings = settings
        self.mode = mode
        self._count = 0

    async def pod(self, *, uid: str = "", host_network: bool = False, **more: Any) -> Sandbox:
        self._count += 1
        return await self.node.create(self.pod_settings(uid or f"{self._count}", host_network=host_network, **more))

    def pod_settings(self, name: str, **more: Any) -> PodSettings:
        """Uids are this run's own: adapters sweep the whole machine by them, and another run of these tests may be there."""
        uid = self.uid(name)
        folder = self.home / "pods" / uid
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return PodSettings(uid=uid, folder=folder, hostname=f"pod-{name}", **more)

    def uid(self, name: str) -> str:
        return f"{self.home.name}-{name}"

    def log(self, sandbox: Sandbox, name: str = "app", attempt: int = 0) -> Path:
        return self.home / "pods" / sandbox.uid / f"{name}.{attempt}.log"

    def container(
        self, sandbox: Sandbox, *argv: str, name: str = "app", attempt: int = 0, **more: Any
    ) -> ContainerSettings:
        more.setdefault("environment", self.node.environment())
        return ContainerSettings(name=name, attempt=attempt, argv=argv, log=self.log(sandbox, name, attempt), **more)

    async def start(self, sandbox: Sandbox, *argv: str, **more: Any) -> None:
        await sandbox.start(self.container(sandbox, *(argv or ("sleep", "infinity")), **more))

    async def run(self, sandbox: Sandbox, *argv: str, name: str = "app", **more: Any) -> tuple[int, str]:
        """Start a container that ends by itself: its exit code and its log without times."""
        await self.start(sandbox, *argv, name=name, **more)
        state = await self.until(sandbox, lambda state: state.state == "exited", name)
        lines = self.log(sandbox, name).read_text().splitlines()
        return state.code, "\n".join(line.split(" ", 3)[3] for line in lines)

    async def exec(
        self, sandbox: Sandbox, *argv: str, stdin: bytes | None = None, terminal: bool = False
    ) -> tuple[int, str]:
        """Run a program beside a container's own: its exit code and all that it said."""
        session = await sandbox.exec("app", argv, self.node.environment(), stdin=stdin is not None, terminal=terminal)

        async def feed() -> None:
            if stdin is not None:
                await session.write(stdin)
                await session.close_stdin()

        feeding = asyncio.create_task(feed())
        said = b"".join([piece async for _, piece in session.output()])
        await feeding
        return await session.wait(), said.decode(errors="replace").replace("\r\n", "\n")

    async def until_says(self, sandbox: Sandbox, text: str, name: str = "app") -> None:
        """Until a container's log holds a text."""
        async with asyncio.timeout(20):
            while text not in self.log(sandbox, name).read_text():
                await asyncio.sleep(0.01)

    async def until(
        self, sandbox: Sandbox, holds: Callable[[ContainerState], bool], name: str = "app"
    ) -> ContainerState:
        """The first state of a container that holds."""
        async with asyncio.timeout(20):
            async for states in sandbox.states():
                for state in states:
                    if state.name == name and holds(state):
                        return state
        raise AssertionError(f"container {name} never came to that")


@contextlib.asynccontextmanager
async def node_in(home: Path, mode: Mode, *, aws_port: int = 1, **more: Any) -> AsyncIterator[Rig]:
    """A node that is stopped at the end."""
    settings = NodeSettings(
        folder=home / "node",
        home=home,
        hostname="node-1",
        region="us-east-1",
        aws_port=aws_port,
        api_port=aws_port,
        **more,
    )
    node = choose(mode).node(settings)
    try:
        await node.start()
        yield Rig(home, node, settings, mode)
    finally:
        await node.stop()


@contextlib.asynccontextmanager
async def greeter() -> AsyncIterator[int]:
    """A server on the host's loopback that says "hello from the host"; its port."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nhello from the host")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path that only this user may enter: as the real one."""
    folder = Path(tempfile.mkdtemp(prefix="podid-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=["namespaces", "process"])
def mode(request: pytest.FixtureRequest) -> Mode:
    """Each adapter that this host allows."""
    chosen: Mode = request.param
    if chosen == "namespaces":
        need_namespaces()
    return chosen


@pytest.fixture
def namespaces() -> Mode:
    need_namespaces()
    return "namespaces"


def need_namespaces() -> None:
    if sys.platform != "linux" or _trial().refused:
        pytest.skip(f"this host gives no namespaces: {_trial().refused} {_trial().text}")


def processes_with(**variables: str) -> list[int]:
    """Pids of this machine whose environment has these."""
    wanted = {f"{name}={value}".encode() for name, value in variables.items()}
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted <= set((entry / "environ").read_bytes().split(b"\0")) and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found
