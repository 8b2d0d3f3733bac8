"""A kubelet on a real store and a real node, with a clock that jumps and tokens that say their number."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from podid.localcluster.events import Recorder
from podid.localcluster.isolation.choose import Trial, choose, try_namespaces
from podid.localcluster.isolation.port import Mode, NodeSettings
from podid.localcluster.kubelet import Kubelet, KubeletSettings
from podid.localcluster.objects.journal import Journal
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import Issued, LogOptions, Object

_TRIAL: list[Trial] = []


class World:
    """The API server's side, as the kubelet needs it."""

    def __init__(self, home: Path, mode: Mode) -> None:
        self.home = home
        self.mode = mode
        self.ahead = timedelta()
        self.issued = 0
        self.store = ObjectStore(Journal(home / "objects.db"), clock=self.clock, random=os.urandom)
        self.events = Recorder(self.store, clock=self.clock, host="node-1")

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def issue(
        self,
        *,
        namespace: str,
        service_account: str,
        audiences: Sequence[str],
        expiration_seconds: int,
        pod: Object | None,
    ) -> Issued:
        self.issued += 1
        return Issued(f"token-{self.issued}", self.clock() + timedelta(seconds=expiration_seconds))

    @contextlib.asynccontextmanager
    async def kubelet(self) -> AsyncIterator[Kubelet]:
        """A kubelet that is stopped at the end, and with it its pods."""
        task, kubelet = await self.start()
        try:
            yield kubelet
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def start(self) -> tuple[asyncio.Task[None], Kubelet]:
        node = choose(self.mode).node(
            NodeSettings(
                folder=self.home / "node", home=self.home, hostname="node-1", region="us-east-1", aws_port=1, api_port=2
            )
        )
        settings = KubeletSettings(folder=self.home / "pods", node_name="node-1", podid=(sys.executable,), stop_grace=5)
        kubelet = Kubelet(
            objects=self.store, tokens=self, events=self.events, node=node, settings=settings, clock=self.clock
        )
        task = asyncio.create_task(kubelet.run())
        ready = asyncio.create_task(kubelet.ready.wait())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            task.result()
        return task, kubelet

    def pod(self, name: str, *containers: dict[str, Any], **spec: Any) -> Object:
        """A pod that is bound to the node."""
        full = [{"name": f"c{number}", "image": "x", **container} for number, container in enumerate(containers)]
        return self.store.create(
            "pods",
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": "default"},
                "spec": {
                    "nodeName": "node-1",
                    "serviceAccountName": "sa",
                    "restartPolicy": "Always",
                    "terminationGracePeriodSeconds": 30,
                    "containers": full,
                    **spec,
                },
            },
        )

    def delete(self, name: str, grace: int) -> None:
        def mark(pod: Object) -> None:
            pod["metadata"] |= {"deletionTimestamp": self.clock().isoformat(), "deletionGracePeriodSeconds": grace}

        self.store.update("pods", "default", name, mark)

    def touch(self, name: str) -> None:
        """Make the kubelet look again."""
        self.store.update(
            "pods",
            "default",
            name,
            lambda pod: pod["metadata"].setdefault("labels", {}).update(touched=str(self.ahead)),
        )

    def get(self, name: str) -> Object | None:
        return self.store.get("pods", "default", name)

    async def until(self, name: str, holds: Callable[[Object], Any]) -> Object:
        """The pod, once it is as wanted."""
        pod: Object | None = None
        try:
            async with asyncio.timeout(20):
                while True:
                    pod = self.get(name)
                    if pod is not None and holds(pod):
                        return pod
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(
                f"pod {name} stayed {(pod or {}).get('status')}; events {self.reasons(name)}"
            ) from None

    async def until_gone(self, name: str) -> None:
        async with asyncio.timeout(20):
            while self.get(name) is not None:
                await asyncio.sleep(0.01)

    def reasons(self, name: str) -> dict[str, str]:
        """The events about a pod: reason to message."""
        about = [event for event in self.store.list("events", "default") if event["involvedObject"]["name"] == name]
        return {event["reason"]: event["message"] for event in about}


def phase(wanted: str) -> Callable[[Object], bool]:
    return lambda pod: bool(pod.get("status", {}).get("phase") == wanted)


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def container(pod: Object, number: int = 0) -> dict[str, Any]:
    """A container's status."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return statuses[number] if statuses else {"state": {}, "restartCount": 0}


async def read_log(kubelet: Kubelet, pod: Object, name: str = "c0", **options: Any) -> str:
    return b"".join([piece async for piece in kubelet.logs(pod, name, LogOptions(**options))]).decode()


async def until_said(kubelet: Kubelet, pod: Object, text: str) -> None:
    """Until a container's log is this."""
    async with asyncio.timeout(20):
        while await read_log(kubelet, pod) != text:
            await asyncio.sleep(0.01)


async def say(kubelet: Kubelet, pod: Object, *command: str, name: str = "c0") -> tuple[int, str]:
    """Run a program beside a container's own."""
    session = await kubelet.exec(pod, name, command, stdin=False, tty=False)
    said = b"".join([piece async for _, piece in session.output()])
    return await session.wait(), said.decode()


def processes_of(uid: str) -> list[int]:
    """The pids of a pod's containers."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"PODID_CONTAINER={uid}/".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


@pytest.fixture
def world() -> Iterator[World]:
    """On plain processes, which every host allows."""
    with _world("process") as made:
        yield made


@pytest.fixture
def namespaced_world() -> Iterator[World]:
    """In namespaces, where this host allows them."""
    if not _TRIAL:
        _TRIAL.append(try_namespaces())
    if _TRIAL[0].refused:
        pytest.skip(f"this host gives no namespaces: {_TRIAL[0].refused}")
    with _world("namespaces") as made:
        yield made


@contextlib.contextmanager
def _world(mode: Mode) -> Iterator[World]:
    home = Path(tempfile.mkdtemp(prefix="podid-kubelet-"))
    made = World(home, mode)
    try:
        yield made
    finally:
        made.store.close()
        shutil.rmtree(home)
