"""The process of one pod: it lives in the pod's network namespace and holds it. What it does is `helper/pod.py`; here is how.

Exec is a fork of it that joins a container (2 to 3 ms), and a connection to a pod's port is a socket that it opened in the pod's network
and passed out.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH123

from __future__ import annotations

import os
import signal
import socket
from typing import Any, NoReturn

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.containers import Container
from podid.localcluster.isolation.helper.forking import fork
from podid.localcluster.isolation.helper.loop import Connection
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.helper.pod import Pod
from podid.localcluster.isolation.namespaces import init, joining, kernel, network
from podid.localcluster.isolation.namespaces.netlink import Netlink
from podid.localcluster.isolation.namespaces.privileges import Ids


def enter(pod: Message) -> socket.socket:
    """In the forked child of the node: make the pod's namespaces and network. The listening socket of the pod."""
    kernel.set_title("podid-pod", f"podid: pod {pod['uid']}")
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    listener = messages.listen(pod["socket"])
    kernel.unshare(kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS)
    socket.sethostname(pod["hostname"])
    if not pod["host_network"]:
        node = Netlink()
        kernel.unshare(kernel.CLONE_NEWNET)
        mine = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        network.add_pod_link(node, pod["number"], mine)
        os.close(mine)
        node.close()
        network.prepare_pod(pod["number"])
    return listener


class NamespacePod(Pod):
    """A pod in namespaces."""

    def __init__(self, listener: socket.socket, ids: Ids, number: int) -> None:
        self._ids = ids
        self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        super().__init__(listener, number, {"socket": open_socket})

    def fork_container(self, container: Container, message: Message, channel: socket.socket) -> int:
        identity = self._identity(message)
        owner = self._ids.outside(identity["user"]), self._ids.outside(identity["group"])
        kernel.unshare(kernel.CLONE_NEWPID)
        try:
            return fork(
                lambda: self._become_init(channel, container, {**message, "identity": identity, "owner": owner})
            )
        finally:
            # where children are made from now on: here again
            kernel.setns(self._own_pids, kernel.CLONE_NEWPID)

    def heard(self, container: Container, message: Message, descriptors: list[int], channel: socket.socket) -> None:
        """The container's init has entered its user namespace and wants its ids; its namespaces come with the word."""
        container.namespaces = tuple(descriptors)
        identity = container.message["identity"]
        for name, inside in (("gid", identity["group"]), ("uid", identity["user"])):
            if self._ids.size == 1 and name == "gid":
                _write(f"/proc/{container.pid}/setgroups", "deny")
            _write(f"/proc/{container.pid}/{name}_map", self._ids.mapping(inside))
        channel.send(b"g")

    def fork_exec(
        self,
        container: Container,
        message: Message,
        channel: socket.socket,
        terminal: socket.socket | None,
        streams: list[int],
    ) -> int:
        user, mounts, pids = container.namespaces
        own = container.message
        message = {**message, "identity": self._identity(own), "folder": own["folder"]}
        kernel.setns(pids, kernel.CLONE_NEWPID)
        try:
            return fork(lambda: self._join(channel, terminal, (user, mounts), streams, message))
        finally:
            kernel.setns(self._own_pids, kernel.CLONE_NEWPID)

    def _become_init(self, channel: socket.socket, container: Container, message: Message) -> NoReturn:
        self.loop.abandon()
        init.run(channel, container.streams_inside(), message)

    def _join(
        self,
        channel: socket.socket,
        terminal: socket.socket | None,
        namespaces: tuple[int, int],
        streams: list[int],
        message: Message,
    ) -> NoReturn:
        self.loop.abandon()
        joining.run(channel, terminal, namespaces, streams, message)

    def kill_container(self, container: Container, number: int) -> None:
        """The container's init hands the signal on; when it is killed, the kernel kills all in its pid namespace."""
        os.kill(container.pid, number)

    def _identity(self, message: Message) -> dict[str, Any]:
        return {**message["identity"], "size": self._ids.size}


def open_socket(connection: Connection, message: Message, _: list[int]) -> None:
    """A socket that belongs to the network namespace of this process, whoever binds or connects it."""
    with socket.socket(socket.AF_INET6 if message["family"] == 6 else socket.AF_INET, socket.SOCK_STREAM) as made:
        connection.send({}, [made.fileno()])


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
