"""A pod's sandbox, as the kubelet sees it: requests to the pod's process (`pod_process.py`), and the view that it is to make."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from podid.localcluster.isolation.channel import ask
from podid.localcluster.isolation.helper_sandbox import HelperSandbox, base_message
from podid.localcluster.isolation.namespaces import privileges, view
from podid.localcluster.isolation.namespaces.network import GATEWAY4, GATEWAY6, pod_addresses
from podid.localcluster.isolation.port import ContainerSettings, IsolationError, NodeSettings, PodSettings
from podid.localcluster.ports import ExecSession

_CONNECT_TIMEOUT = 5.0
_API_NAMES = "kubernetes.default.svc.cluster.local kubernetes.default.svc kubernetes.default kubernetes"
_RESOLVER = "# a pod of podid resolves what /etc/hosts lists, and nothing else\noptions timeout:1 attempts:1\n"


class NamespaceSandbox(HelperSandbox):
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
        super().__init__(pod)
        self.number = number
        own = pod_addresses(number) if not pod.host_network else (GATEWAY4, GATEWAY6)
        usable = own if Path("/proc/sys/net/ipv6").exists() else own[:1]
        self.addresses = tuple(str(address) for address in usable)
        self._node = node
        self._ids = ids
        self._api_host = api_host
        self._removed = removed
        self._base = {
            "PATH": view.tool_path(len(node.tools)),
            "HOME": "/root",
            "HOSTNAME": pod.hostname,
            "LANG": "C.UTF-8",
        }

    async def start(self, container: ContainerSettings) -> None:
        root = self.pod.folder / "root"
        root.mkdir(exist_ok=True)
        identity = {
            "user": container.user,
            "group": container.group,
            "groups": list(container.groups),
            "capabilities": privileges.container_capabilities(container.drop_capabilities, container.user),
        }
        environment = self.program_environment(container.name, self._base, container.environment)
        message = base_message(
            container.name, container.attempt, container.argv, environment, container.folder, container.log
        )
        await self.ask_to_start(message | {"root": str(root), "identity": identity, "view": self._view(container)})

    def _view(self, container: ContainerSettings) -> dict[str, Any]:
        volumes = [
            {
                "source": str(mount.source),
                "target": mount.target,
                "sub_path": mount.sub_path,
                "read_only": mount.read_only,
            }
            for mount in sorted(container.mounts, key=lambda mount: mount.target.count("/"))
        ]
        return {
            "tools": [str(folder) for folder in self._node.tools],
            "own": [str(folder) for folder in self._node.own_folders] if container.own else [],
            "hide": [str(self._node.home)],
            "volumes": volumes,
            "files": {"hosts": self._hosts(), "hostname": self.pod.hostname + "\n", "resolv.conf": _RESOLVER},
            "read_only": container.read_only_root,
            "folder": container.folder,
        }

    def _hosts(self) -> str:
        lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
        lines += [f"{address}\t{self.pod.hostname}" for address in self.addresses]
        lines.append(f"{self._api_host}\t{_API_NAMES}")
        lines += [f"{address}\t{' '.join(names)}" for address, names in self.pod.hosts.items()]
        return "\n".join(lines) + "\n"

    async def exec(
        self, container: str, argv: Sequence[str], environment: Mapping[str, str], *, stdin: bool, terminal: bool
    ) -> ExecSession:
        more = {"TERM": "xterm"} if terminal else {}
        variables = self.program_environment(container, self._base, more, environment)
        return await self.ask_to_exec(container, argv, variables, stdin=stdin, terminal=terminal)

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
        _, (fd,) = await ask(self.socket, {"op": "socket", "family": 6 if ":" in address else 4})
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

    async def remove(self) -> None:
        await self.end()
        shutil.rmtree(self.pod.folder / "root", ignore_errors=True)
        await self._removed(self.uid)
