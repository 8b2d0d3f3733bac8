"""The node of the `process` adapter, as the kubelet sees it, and the adapter itself.

Pods are on the host's loopback. The agent's and IMDS's addresses are loopback ports, recorded in the home and kept bound by the node's
process while podid runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from podid.localcluster.isolation.channel import Gone, ask
from podid.localcluster.isolation.helper import processes
from podid.localcluster.isolation.helper_sandbox import socket_of
from podid.localcluster.isolation.node_client import NODE_VARIABLE, NodeClient
from podid.localcluster.isolation.port import (
    IsolationError,
    Mode,
    Node,
    NodeAddresses,
    NodeSettings,
    PodSettings,
    Program,
    Sandbox,
)
from podid.localcluster.isolation.process import sweeping
from podid.localcluster.isolation.process.places import AGENT, IMDS, LOOPBACK, Places
from podid.localcluster.isolation.process.sandbox import ProcessSandbox

AGENT_ADDRESSES = ("169.254.170.23", "fd00:ec2::23")
IMDS_ADDRESSES = ("169.254.169.254", "fd00:ec2::254")
_ANSWER_TIMEOUT = 5.0
_HOLD_AGAIN = 5.0


class ProcessNode:
    """See `port.Node`."""

    def __init__(self, settings: NodeSettings) -> None:
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._settings = settings
        self._places = Places(settings.folder / "ports.json")
        if not processes.is_recorded_alive(str(settings.folder / "node.json")):
            self._places.leave_taken()
        self._hosts = dict.fromkeys(AGENT_ADDRESSES, self._places.port(AGENT))
        self._hosts |= dict.fromkeys(IMDS_ADDRESSES, self._places.port(IMDS))
        self.addresses = NodeAddresses(
            node=LOOPBACK,
            aws_endpoint=f"http://{LOOPBACK}:{settings.aws_port}",
            api_host=LOOPBACK,
            api_port=settings.api_port,
            agent=AGENT_ADDRESSES,
            imds=LOOPBACK,
            imds_port=self._places.port(IMDS),
        )
        self._client = NodeClient(settings.folder, settings.home)
        self._sweeper = sweeping.Sweeper()
        self._holding: asyncio.Task[None] | None = None
        self._making = asyncio.Lock()

    async def start(self) -> bool:
        found = await self._heal()
        self._holding = asyncio.create_task(self._keep_holding())
        return found

    async def _heal(self) -> bool:
        """Make the node's process where there is none, after ending what another left; whether there was one."""
        async with self._making:
            found = await self._client.answers()
            if not found:
                await asyncio.to_thread(end_leftovers, self._settings.folder)
                await self._client.make("start-process-node")
            missing = await self._hold()
            if missing and not found:
                raise IsolationError(
                    f"port {missing[0]} of {LOOPBACK}, which the node needs, was taken by another program"
                )
            return found

    async def _hold(self) -> list[int]:
        """Have the ports held, before anything of this node listens there; those that others have."""
        answer, _ = await self._client.ask({"op": "hold", "ports": sorted(self._places.ports.values())})
        return list(answer["missing"])

    async def _keep_holding(self) -> None:
        """A port that somebody has can be had when they stop."""
        while True:
            await asyncio.sleep(_HOLD_AGAIN)
            with contextlib.suppress(IsolationError):
                await self._hold()

    async def stop(self) -> None:
        if self._holding is not None:
            self._holding.cancel()
        await asyncio.to_thread(end_leftovers, self._settings.folder)

    def environment(self) -> dict[str, str]:
        """Rust's SDK sends even loopback through a proxy, so loopback is excepted by name."""
        return {
            "AWS_ENDPOINT_URL": self.addresses.aws_endpoint,
            "AWS_REGION": self._settings.region,
            "AWS_DEFAULT_REGION": self._settings.region,
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{LOOPBACK}:{self.addresses.imds_port}/",
            "NO_PROXY": ",".join((*AGENT_ADDRESSES, IMDS_ADDRESSES[0], LOOPBACK, "localhost", "::1")),
            "KUBERNETES_SERVICE_HOST": self.addresses.api_host,
            "KUBERNETES_SERVICE_PORT": str(self.addresses.api_port),
            "KUBERNETES_SERVICE_PORT_HTTPS": str(self.addresses.api_port),
            "KUBERNETES_PORT": f"tcp://{self.addresses.api_host}:{self.addresses.api_port}",
        }

    async def run(self, name: str, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> Program:
        await self._heal()
        return await self._client.run(name, argv, environment, log)

    async def create(self, pod: PodSettings) -> Sandbox:
        sandbox = self._sandbox(pod)
        mark = self._mark(pod.uid)
        if mark.exists() or sandbox.was_used():
            await sandbox.end()
            await self._sweeper.end_pod(pod.uid)
        mark.parent.mkdir(exist_ok=True, mode=0o700)
        mark.touch()
        message = {"op": "pod", "uid": pod.uid, "number": 0, "socket": str(sandbox.socket)}
        try:
            await self._client.ask(message)
        except Gone:
            await self._heal()
            mark.touch()
            await self._client.ask(message)
        if pod.host_network:
            await self._hold()
        return sandbox

    async def adopt(self, pod: PodSettings) -> Sandbox | None:
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT):
                await ask(socket_of(pod), {"op": "hello"})
        except (IsolationError, TimeoutError):
            return None
        return self._sandbox(pod)

    async def sweep(self, keep: Sequence[str]) -> None:
        answer, _ = await self._client.ask({"op": "hello"})
        for uid in {*answer["pods"], *_marked(self._settings.folder)} - set(keep):
            await self._forget(uid)
            await self._sweeper.end_pod(uid)

    def _sandbox(self, pod: PodSettings) -> ProcessSandbox:
        if pod.host_network:
            for _, port in pod.ports:
                self._places.port(str(port))
        return ProcessSandbox(
            self._settings, pod, self._places, self._sweeper, self._hosts, AGENT_ADDRESSES, self._forget
        )

    def _mark(self, uid: str) -> Path:
        return self._settings.folder / "pods" / uid

    async def _forget(self, uid: str) -> None:
        with contextlib.suppress(IsolationError):
            await self._client.ask({"op": "end-pod", "uid": uid})
        self._mark(uid).unlink(missing_ok=True)


class Processes:
    """See `port.Isolation`."""

    name: Mode = "process"

    def __init__(self, why: str) -> None:
        self.why = why

    def node(self, settings: NodeSettings) -> Node:
        return ProcessNode(settings)


def _marked(folder: Path) -> list[str]:
    """The pods that were made on this node and not taken away."""
    pods = folder / "pods"
    return sorted(path.name for path in pods.iterdir()) if pods.is_dir() else []


def end_leftovers(folder: Path) -> bool:
    """End the node recorded in a folder, its programs, and all that its pods left; whether anything lived. Blocking."""
    lived = processes.end_recorded(str(folder / "node.json"))
    uids = set(_marked(folder))
    if lived or uids:
        name, of_pods = str(folder), sweeping.of_marks({f"{uid}/" for uid in uids})
        killed = sweeping.sweep(lambda environment: environment.get(NODE_VARIABLE) == name or of_pods(environment))
        lived = lived or killed > 0
    for uid in uids:
        (folder / "pods" / uid).unlink(missing_ok=True)
    (folder / "node.sock").unlink(missing_ok=True)
    return lived
