"""The process of one pod: it lives in the pod's network namespace, holds it, and is the parent of the pod's containers.

It owns their standard streams, logs and exit codes, and outlives the kubelet; a kubelet that comes back asks it what still runs. One
process of podid's for each pod: exec is a fork of it that joins a container (2 to 3 ms), and a connection to a pod's port is a socket
that it opened in the pod's network and passed out.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH123

from __future__ import annotations

import os
import signal
import socket
import time
from typing import Any

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.containers import Container, Containers
from podid.localcluster.isolation.helper.loop import Connection, Loop
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.namespaces import init, joining, kernel, network
from podid.localcluster.isolation.namespaces.netlink import Netlink
from podid.localcluster.isolation.namespaces.privileges import Ids


def enter(pod: Message) -> socket.socket:
    """In the forked child of the node: make the pod's namespaces and network. The listening socket of the pod."""
    kernel.set_title("podid-pod", f"podid: pod {pod['uid']}")
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
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


class Pod:
    """The operations of a pod's socket: hello, events, start, signal, exec, socket, end."""

    def __init__(self, listener: socket.socket, ids: Ids, number: int) -> None:
        self._ids = ids
        self._number = number
        self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._loop = Loop(
            listener,
            {
                "hello": lambda connection, _, __: connection.send({"number": self._number, "pid": os.getpid()}),
                "events": lambda connection, _, __: self._containers.subscribe(connection),
                "start": self._start,
                "signal": self._signal,
                "exec": self._exec,
                "socket": self._socket,
                "end": self._end,
            },
        )
        self._containers = Containers(self._loop)

    def run(self) -> None:
        self._loop.run()

    def _identity(self, message: Message) -> dict[str, Any]:
        return {**message["identity"], "count": self._ids.size}

    def _start(self, connection: Connection, message: Message, _: list[int]) -> None:
        """Start a container; the answer comes when its program runs, or when it cannot."""
        identity = self._identity(message)
        message["identity"] = identity
        message["owner"] = self._ids.outside(identity["user"]), self._ids.outside(identity["group"])
        container = self._containers.new(message)
        ours, theirs = socket.socketpair()
        kernel.unshare(kernel.CLONE_NEWPID)
        try:
            pid = os.fork()
            if pid == 0:
                self._loop.abandon()
                ours.close()
                init.run(theirs, container.streams_inside(), message)
        finally:
            # where children are made from now on: here again
            kernel.setns(self._own_pids, kernel.CLONE_NEWPID)
        theirs.close()
        container.started(pid, time.time())
        self._loop.on_exit(pid, container.ended)
        starting = _Starting(self._loop, self._ids, container, connection, ours, identity)
        self._loop.watch(ours.fileno(), starting.ready)

    def _signal(self, connection: Connection, message: Message, _: list[int]) -> None:
        container = self._containers.running(message["name"])
        os.kill(container.pid, message["signal"])
        connection.send({})

    def _exec(self, connection: Connection, message: Message, descriptors: list[int]) -> None:
        container = self._containers.running(message["name"])
        message["identity"] = self._identity({"identity": container.message["identity"]})
        user, mounts, pids = container.namespaces
        ours, theirs = socket.socketpair()
        kernel.setns(pids, kernel.CLONE_NEWPID)
        try:
            pid = os.fork()
            if pid == 0:
                terminal = connection.socket.dup() if message["terminal"] else None
                self._loop.abandon()
                ours.close()
                joining.run(theirs, terminal, (user, mounts), descriptors, message)
        finally:
            kernel.setns(self._own_pids, kernel.CLONE_NEWPID)
        theirs.close()
        joining.Session(self._loop, connection, pid, ours)

    def _socket(self, connection: Connection, message: Message, _: list[int]) -> None:
        """A socket that belongs to the pod's network, whoever connects it."""
        with socket.socket(socket.AF_INET6 if message["family"] == 6 else socket.AF_INET, socket.SOCK_STREAM) as made:
            connection.send({}, [made.fileno()])

    def _end(self, connection: Connection, message: Message, _: list[int]) -> None:
        """End the containers, and answer when nothing of them is left."""
        self._containers.kill_all()
        self._loop.await_children()
        connection.send({})
        self._loop.stop()


class _Starting:
    """Waits for one container's init to come up."""

    def __init__(
        self,
        loop: Loop,
        ids: Ids,
        container: Container,
        client: Connection,
        channel: socket.socket,
        identity: dict[str, Any],
    ) -> None:
        self._loop, self._ids, self._container, self._client = loop, ids, container, client
        self._channel, self._identity = channel, identity
        self._reader = messages.Reader()

    def ready(self) -> None:
        data, descriptors = messages.receive(self._channel)
        if not data:
            self._done({"pid": self._container.pid})
            return
        for message, namespaces in self._reader.feed(data, descriptors):
            if "error" in message:
                self._done(message)
                return
            self._container.namespaces = tuple(namespaces)
            self._map()
            self._channel.send(b"g")

    def _map(self) -> None:
        pid = self._container.pid
        for name, inside in (("gid", self._identity["group"]), ("uid", self._identity["user"])):
            if self._ids.size == 1 and name == "gid":
                _write(f"/proc/{pid}/setgroups", "deny")
            _write(f"/proc/{pid}/{name}_map", self._ids.mapping(inside))

    def _done(self, answer: Message) -> None:
        self._loop.forget(self._channel.fileno())
        self._channel.close()
        self._container.answered(answer)
        self._client.send(answer)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
