"""The process of one pod, as far as it is the same however a pod is kept apart: what the kubelet may ask of it.

It is the parent of the pod's containers: it owns their standard streams, logs and exit codes, and outlives the kubelet; a kubelet that
comes back asks it what still runs. An adapter says how a program is forked and joined.
"""

from __future__ import annotations

import socket
import time
from abc import ABC, abstractmethod

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.containers import Container, Containers
from podid.localcluster.isolation.helper.exec_child import ExecChild
from podid.localcluster.isolation.helper.loop import Connection, Handler, Loop
from podid.localcluster.isolation.helper.messages import Message


class Pod(ABC):
    """The operations of a pod's socket: hello, events, start, signal, exec, end, and the adapter's own."""

    def __init__(self, listener: socket.socket, number: int, more: dict[str, Handler]) -> None:
        self._number = number
        handlers: dict[str, Handler] = {
            "hello": self._hello,
            "events": self._events,
            "start": self._start,
            "signal": self._signal,
            "exec": self._exec,
            "end": self._end,
        }
        self.loop = Loop(listener, handlers | more)
        self._containers = Containers(self.loop, self.kill_container)

    def run(self) -> None:
        """Until told to end."""
        self.loop.run()

    @abstractmethod
    def fork_container(self, container: Container, message: Message, channel: socket.socket) -> int:
        """Fork the child that becomes the container; what it says on `channel` comes to `heard`. In the child: never returns."""

    @abstractmethod
    def fork_exec(
        self,
        container: Container,
        message: Message,
        channel: socket.socket,
        terminal: socket.socket | None,
        streams: list[int],
    ) -> int:
        """Fork the child that joins a container. `terminal`: where to send a terminal's other end. In the child: never returns."""

    @abstractmethod
    def kill_container(self, container: Container, number: int) -> None:
        """Send a signal to a container's program; SIGKILL to all of the container."""

    def heard(self, container: Container, message: Message, descriptors: list[int], channel: socket.socket) -> None:
        """A word of a container that is being started, other than an error."""
        raise ValueError(f"container {container.name} said {message}")

    def _hello(self, connection: Connection, _: Message, __: list[int]) -> None:
        connection.send({"number": self._number})

    def _events(self, connection: Connection, _: Message, __: list[int]) -> None:
        self._containers.subscribe(connection)

    def _start(self, connection: Connection, message: Message, _: list[int]) -> None:
        """Start a container; the answer comes when its program runs, or when it cannot."""
        container = self._containers.new(message)
        ours, theirs = socket.socketpair()
        try:
            pid = self.fork_container(container, message, theirs)
        except OSError:
            container.discard()
            ours.close()
            raise
        finally:
            theirs.close()
        container.started(pid, time.time())
        self.loop.on_exit(pid, container.ended)
        starting = _Starting(self, container, connection, ours)
        self.loop.watch(ours.fileno(), starting.ready)

    def _signal(self, connection: Connection, message: Message, _: list[int]) -> None:
        self.kill_container(self._containers.running(message["name"]), message["signal"])
        connection.send({})

    def _exec(self, connection: Connection, message: Message, descriptors: list[int]) -> None:
        container = self._containers.running(message["name"])
        terminal = connection.socket.dup() if message["terminal"] else None
        ours, theirs = socket.socketpair()
        try:
            pid = self.fork_exec(container, message, theirs, terminal, descriptors)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
            if terminal is not None:
                terminal.close()
        ExecChild(self.loop, connection, pid, ours)

    def _end(self, connection: Connection, message: Message, _: list[int]) -> None:
        """End the containers, and answer when nothing of them is left."""
        self._containers.kill_all()
        self.loop.await_children()
        connection.send({})
        self.loop.stop()


class _Starting:
    """Waits for one container to come up."""

    def __init__(self, pod: Pod, container: Container, client: Connection, channel: socket.socket) -> None:
        self._pod, self._container, self._client, self._channel = pod, container, client, channel
        self._reader = messages.Reader()

    def ready(self) -> None:
        data, descriptors = messages.receive(self._channel)
        if not data:
            self._done({"pid": self._container.pid})
            return
        for message, received in self._reader.feed(data, descriptors):
            if "error" not in message:
                try:
                    self._pod.heard(self._container, message, received, self._channel)
                    continue
                except (OSError, ValueError) as problem:
                    self._pod.kill_container(self._container, 9)
                    message = {"error": f"the container could not be set up: {problem}"}
            self._done(message)
            return

    def _done(self, answer: Message) -> None:
        self._pod.loop.forget(self._channel.fileno())
        self._channel.close()
        self._container.answered(answer)
        self._client.send(answer)
