"""A pod's sandbox, as the kubelet sees it: requests to the pod's process (`pod_process.py`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from podid.localcluster.isolation.channel import Channel, Gone, ask
from podid.localcluster.isolation.exec_session import HelperSession
from podid.localcluster.isolation.namespaces import privileges, view
from podid.localcluster.isolation.namespaces.network import GATEWAY4, GATEWAY6, pod_addresses
from podid.localcluster.isolation.port import (
    CannotStart,
    ContainerSettings,
    ContainerState,
    IsolationError,
    NodeSettings,
    PodSettings,
)
from podid.localcluster.ports import ExecSession

_CONNECT_TIMEOUT = 5.0
_END_TIMEOUT = 10.0
_SOCKET = "pod.sock"


class NamespaceSandbox:
    """One pod on the node of this adapter. See `port.Sandbox`."""

    def __init__(
        self,
        node: NodeSettings,
        pod: PodSettings,
        number: int,
        ids: privileges.Ids | None,
        api_host: str,
        removed: Callable[[str], Awaitable[None]],
    ) -> None:
        """`ids`: the pod's, as the kubelet's own user namespace has them; None where the kubelet may not give files away."""
        self.uid = pod.uid
        self.number = number
        own = pod_addresses(number) if not pod.host_network else (GATEWAY4, GATEWAY6)
        usable = own if Path("/proc/sys/net/ipv6").exists() else own[:1]
        self.addresses = tuple(str(address) for address in usable)
        self._node = node
        self._pod = pod
        self._ids = ids
        self._api_host = api_host
        self._removed = removed

    @staticmethod
    def socket_of(pod: PodSettings) -> Path:
        return pod.folder / _SOCKET

    async def start(self, container: ContainerSettings) -> None:
        root = self._pod.folder / "root"
        root.mkdir(exist_ok=True)
        message = {
            "op": "start",
            "name": container.name,
            "attempt": container.attempt,
            "argv": list(container.argv),
            "environment": self._environment(container.name, container.environment),
            "folder": container.folder,
            "log": str(container.log),
            "record": str(container.log.with_suffix(".exit")),
            "root": str(root),
            "identity": {
                "user": container.user,
                "group": container.group,
                "groups": list(container.groups),
                "capabilities": privileges.container_capabilities(container.drop_capabilities, container.user),
            },
            "view": self._view(container),
        }
        channel = await Channel.open(self.socket_of(self._pod))
        try:
            await channel.send(message)
            answer, _ = await channel.receive()
        finally:
            channel.close()
        if "error" in answer:
            raise CannotStart(str(answer["error"]), int(answer.get("code", 128)))

    def _environment(self, container: str, environment: Mapping[str, str]) -> dict[str, str]:
        base = {
            "PATH": view.tool_path(len(self._node.tools)),
            "HOME": "/root",
            "HOSTNAME": self._pod.hostname,
            "LANG": "C.UTF-8",
        }
        return {**base, **environment, "PODID_CONTAINER": f"{self.uid}/{container}"}

    def _view(self, container: ContainerSettings) -> dict[str, Any]:
        mounts = sorted(container.mounts, key=lambda mount: mount.target.count("/"))
        return {
            "tools": [str(folder) for folder in self._node.tools],
            "own": [str(folder) for folder in self._node.own_folders] if container.own else [],
            "hide": [str(self._node.home)],
            "volumes": [
                {
                    "source": str(mount.source),
                    "target": mount.target,
                    "sub_path": mount.sub_path,
                    "read_only": mount.read_only,
                }
                for mount in mounts
            ],
            "files": {
                "hosts": self._hosts(),
                "hostname": self._pod.hostname + "\n",
                "resolv.conf": "# a pod of podid resolves what /etc/hosts lists, and nothing else\noptions timeout:1 attempts:1\n",
            },
            "read_only": container.read_only_root,
            "folder": container.folder,
        }

    def _hosts(self) -> str:
        lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
        lines += [f"{address}\t{self._pod.hostname}" for address in self.addresses]
        names = ("kubernetes.default.svc.cluster.local", "kubernetes.default.svc", "kubernetes.default", "kubernetes")
        lines.append(f"{self._api_host}\t{' '.join(names)}")
        lines += [f"{address}\t{' '.join(names)}" for address, names in self._pod.hosts.items()]
        return "\n".join(lines) + "\n"

    async def states(self) -> AsyncIterator[Sequence[ContainerState]]:
        try:
            channel = await Channel.open(self.socket_of(self._pod))
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
        try:
            await ask(self.socket_of(self._pod), {"op": "signal", "name": container, "signal": number})
        except IsolationError:
            return  # it has ended, or the whole pod has

    async def exec(
        self, container: str, argv: Sequence[str], environment: Mapping[str, str], *, stdin: bool, terminal: bool
    ) -> ExecSession:
        base = {"TERM": "xterm"} if terminal else {}
        message = {
            "name": container,
            "argv": list(argv),
            "environment": self._environment(container, {**base, **environment}),
            "folder": "",
        }
        return await HelperSession.start(self.socket_of(self._pod), message, stdin=stdin, terminal=terminal)

    async def dial(self, port: int, host: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        refused: Exception | None = None
        for address in (host,) if host else (self.addresses[0], "127.0.0.1"):
            literal = "127.0.0.1" if address == "localhost" else address
            try:
                return await self._connect(literal, port)
            except (OSError, TimeoutError) as problem:
                refused = problem
        raise IsolationError(f"nothing answers at port {port} of the pod: {refused}") from refused

    async def _connect(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        _, (fd,) = await ask(self.socket_of(self._pod), {"op": "socket", "family": 6 if ":" in address else 4})
        connection = socket.socket(fileno=fd)
        try:
            connection.setblocking(False)
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                await asyncio.get_running_loop().sock_connect(connection, (address, port))
                return await asyncio.open_connection(sock=connection)
        except BaseException:
            connection.close()
            raise

    def hand_over(self, path: Path, user: int = 0, group: int = 0) -> None:
        if self._ids is not None:
            os.chown(path, self._ids.outside(user), self._ids.outside(group), follow_symlinks=False)

    async def end(self) -> None:
        """End whatever runs of the pod."""
        with contextlib.suppress(IsolationError, TimeoutError):  # it has ended already, or hangs: then the node ends it
            async with asyncio.timeout(_END_TIMEOUT):
                await ask(self.socket_of(self._pod), {"op": "end"})
        self.socket_of(self._pod).unlink(missing_ok=True)
        shutil.rmtree(self._pod.folder / "root", ignore_errors=True)

    async def remove(self) -> None:
        await self.end()
        await self._removed(self.uid)
