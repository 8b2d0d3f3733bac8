"""The node of the `namespaces` adapter, as the kubelet sees it, and the adapter itself.

The node is a process (`node_process.py`) that outlives the kubelet; its record `node.json` is made by whoever starts it, and lets whoever
comes later end it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from podid.localcluster.isolation.channel import Gone, ask
from podid.localcluster.isolation.helper import processes
from podid.localcluster.isolation.helper_sandbox import socket_of
from podid.localcluster.isolation.namespaces import network, privileges
from podid.localcluster.isolation.namespaces.relay import Relay
from podid.localcluster.isolation.namespaces.sandbox import NamespaceSandbox
from podid.localcluster.isolation.node_client import NodeClient
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

_AWS_PORT = 4566
_API_PORT = 443
_ANSWER_TIMEOUT = 5.0


class NamespaceNode:
    """See `port.Node`."""

    def __init__(self, settings: NodeSettings) -> None:
        self.addresses = NodeAddresses(
            node=str(network.GATEWAY4),
            aws_endpoint=f"http://{network.GATEWAY4}:{_AWS_PORT}",
            api_host=str(network.API),
            api_port=_API_PORT,
            agent=(str(network.AGENT4), str(network.AGENT6)),
            imds=str(network.IMDS),
        )
        self._settings = settings
        self._client = NodeClient(settings.folder, settings.home)
        self._relay = Relay()
        self._numbers: dict[str, int] = {}
        self._next = 2
        self._making = asyncio.Lock()
        self._uid_map = Path("/proc/self/uid_map").read_text()
        self._real_root = privileges.is_real_root(Path("/proc/self/status").read_text(), os.geteuid())

    async def start(self) -> bool:
        async with self._making:
            found = await self._client.answers()
            if not found:
                await asyncio.to_thread(end_leftovers, self._settings.folder)
                await self._client.make("start-node", self._settings.hostname)
            await self._open_relay()
        return found

    async def _heal(self) -> None:
        """Make the node again where its process has been killed; its pods have gone with it."""
        async with self._making:
            if not await self._client.answers():
                await self._relay.close()
                await asyncio.to_thread(end_leftovers, self._settings.folder)
                await self._client.make("start-node", self._settings.hostname)
                await self._open_relay()

    async def _open_relay(self) -> None:
        for address, port, target in (
            (str(network.GATEWAY4), _AWS_PORT, self._settings.aws_port),
            (str(network.API), _API_PORT, self._settings.api_port),
        ):
            await self._relay.carry(await self._listen(address, port), target)

    async def _listen(self, address: str, port: int) -> socket.socket:
        _, (fd,) = await self._client.ask({"op": "socket", "family": 4})
        listener = socket.socket(fileno=fd)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.setblocking(False)
        return listener

    async def stop(self) -> None:
        await self._relay.close()
        await asyncio.to_thread(end_leftovers, self._settings.folder)

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.addresses.aws_endpoint,
            "AWS_REGION": self._settings.region,
            "AWS_DEFAULT_REGION": self._settings.region,
            "AWS_PAGER": "",
            "NO_PROXY": ",".join((*self.addresses.agent, self.addresses.imds)),
            "KUBERNETES_SERVICE_HOST": self.addresses.api_host,
            "KUBERNETES_SERVICE_PORT": str(self.addresses.api_port),
            "KUBERNETES_SERVICE_PORT_HTTPS": str(self.addresses.api_port),
            "KUBERNETES_PORT": f"tcp://{self.addresses.api_host}:{self.addresses.api_port}",
        }

    async def run(self, name: str, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> Program:
        await self._heal()
        return await self._client.run(name, argv, environment, log)

    async def create(self, pod: PodSettings) -> Sandbox:
        sandbox = self._sandbox(pod, self._free_number(pod.uid))
        await sandbox.end()
        message = {
            "op": "pod",
            "uid": pod.uid,
            "number": sandbox.number,
            "hostname": pod.hostname,
            "host_network": pod.host_network,
            "socket": str(sandbox.socket),
        }
        try:
            await self._client.ask(message)
        except Gone:
            await self._heal()
            await self._client.ask(message)
        return sandbox

    async def adopt(self, pod: PodSettings) -> Sandbox | None:
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT):
                answer, _ = await ask(socket_of(pod), {"op": "hello"})
        except (IsolationError, TimeoutError):
            return None
        self._numbers[pod.uid] = int(answer["number"])
        return self._sandbox(pod, int(answer["number"]))

    async def sweep(self, keep: Sequence[str]) -> None:
        answer, _ = await self._client.ask({"op": "hello"})
        for uid in set(answer["pods"]) - set(keep):
            await self._client.ask({"op": "end-pod", "uid": uid})

    def _sandbox(self, pod: PodSettings, number: int) -> NamespaceSandbox:
        ids = privileges.choose_ids(self._uid_map, number) if self._real_root else None
        return NamespaceSandbox(self._settings, pod, number, ids, self.addresses.api_host, self._forget)

    def _free_number(self, uid: str) -> int:
        """A number for a pod, not used lately: whoever still asks an old address does not meet a new pod."""
        if uid in self._numbers:
            return self._numbers[uid]
        taken = set(self._numbers.values())
        span = network.LARGEST - 1
        for step in range(span):
            number = 2 + (self._next - 2 + step) % span
            if number not in taken:
                self._next = number + 1
                self._numbers[uid] = number
                return number
        raise IsolationError(f"the node is full: it has addresses for {span} pods")

    async def _forget(self, uid: str) -> None:
        """A pod has gone: whatever may be left of it ends, and its number may be given again."""
        with contextlib.suppress(IsolationError):
            await self._client.ask({"op": "end-pod", "uid": uid})
        self._numbers.pop(uid, None)


class Namespaces:
    """See `port.Isolation`."""

    name: Mode = "namespaces"

    def __init__(self, why: str) -> None:
        self.why = why

    def node(self, settings: NodeSettings) -> Node:
        return NamespaceNode(settings)


def end_leftovers(folder: Path) -> bool:
    """End the node recorded in a folder, if it lives, and all that runs on it; waits until it has gone. Blocking."""
    lived = processes.end_recorded(str(folder / "node.json"))
    (folder / "node.sock").unlink(missing_ok=True)
    return lived
