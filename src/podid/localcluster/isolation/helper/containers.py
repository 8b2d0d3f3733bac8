"""The containers of one pod, as the pod's helper process knows them: their streams, their logs, how they ended.

How a program is started and kept apart is the adapter's; this is the same for all. Each change is told to whoever subscribed, and the end
of a container also to a file, for a kubelet that finds the helper gone:
    {"name": "app", "attempt": 0, "state": "running", "started": 1767225600.5}
    {"name": "app", "attempt": 0, "state": "exited", "started": 1767225600.5, "finished": 1767225601.5, "code": 1, "error": ""}
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH105, PTH123

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from podid.localcluster.isolation.helper.log_file import Lines, LogFile
from podid.localcluster.isolation.helper.loop import Connection, Loop
from podid.localcluster.isolation.helper.messages import Message

_PIECE = 65536


class Container:
    """One run of a container."""

    def __init__(self, loop: Loop, message: Message, changed: Callable[[Container], None]) -> None:
        self.message = message
        self.name: str = message["name"]
        self.pid = 0
        self.namespaces: tuple[int, ...] = ()
        self.state: Message = {"name": self.name, "attempt": message["attempt"], "state": "starting"}
        self._loop = loop
        self._changed = changed
        self._error = ""
        self._status: int | None = None
        self._log = LogFile(message["log"])
        self._open: dict[int, Lines] = {}
        self._inside: list[int] = []
        for stream in ("stdout", "stderr"):
            read, write = os.pipe()
            os.set_blocking(read, False)
            self._open[read] = Lines(stream)
            self._inside.append(write)
        self._nothing = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)

    def streams_inside(self) -> tuple[int, int, int]:
        """Standard input, output and error for the program, in the forked child."""
        return self._nothing, self._inside[0], self._inside[1]

    def discard(self) -> None:
        """In the parent: it could not even be forked."""
        for fd in (self._nothing, *self._inside, *self._open):
            os.close(fd)
        self._log.close()
        self.state["state"] = "exited"

    def started(self, pid: int, now: float) -> None:
        """In the parent: the child has been forked."""
        self.pid = pid
        self.state["started"] = now
        for fd in (self._nothing, *self._inside):
            os.close(fd)
        for fd in self._open:
            self._loop.watch(fd, functools.partial(self._copy, fd))

    def answered(self, answer: Message) -> None:
        """The program runs, or could not be started (`error`)."""
        self._error = answer.get("error", "")
        if not self._error:
            self.state["state"] = "running"
            self._changed(self)
        if self._status is not None:
            self._finish()

    def ended(self, code: int) -> None:
        """The child has ended; what it wrote is read to its end first."""
        self._status = code
        if self.state["state"] == "running" or self._error:
            self._finish()

    @property
    def is_over(self) -> bool:
        return bool(self.state["state"] == "exited")

    def _finish(self) -> None:
        for fd in list(self._open):
            while self._read(fd):
                pass
        for fd in list(self._open):  # something that it left behind still holds the stream
            self._close(fd)
        for fd in self.namespaces:
            os.close(fd)
        self.namespaces = ()
        self._log.close()
        self.state |= {"state": "exited", "finished": time.time(), "code": self._status, "error": self._error}
        record = self.message["record"]
        with open(record + ".new", "w") as file:
            json.dump(self.state, file)
        os.replace(record + ".new", record)
        self._changed(self)

    def _copy(self, fd: int) -> None:
        self._read(fd)

    def _read(self, fd: int) -> bool:
        """Copy one piece of a stream to the log; False when there is none now."""
        try:
            data = os.read(fd, _PIECE)
        except BlockingIOError:
            return False
        if not data:
            self._close(fd)
            return False
        self._log.write(self._open[fd].feed(data, time.time()))
        return True

    def _close(self, fd: int) -> None:
        self._log.write(self._open.pop(fd).end(time.time()))
        self._loop.forget(fd)
        os.close(fd)


class Containers:
    """All of a pod's, the last run of each."""

    def __init__(self, loop: Loop, kill: Callable[[Container, int], None]) -> None:
        self._loop = loop
        self._kill = kill
        self._known: dict[str, Container] = {}
        self._subscribers: list[Connection] = []

    def new(self, message: Message) -> Container:
        """Room for a container about to be started."""
        before = self._known.get(message["name"])
        if before is not None and not before.is_over:
            raise ValueError(f"container {message['name']} runs already")
        self._known[message["name"]] = made = Container(self._loop, message, self._tell)
        return made

    def running(self, name: str) -> Container:
        container = self._known.get(name)
        if container is None or container.state["state"] != "running":
            raise ValueError(f"container {name} is not running")
        return container

    def subscribe(self, connection: Connection) -> None:
        """Tell a client the state of every container, and each change from then on."""
        states: list[dict[str, Any]] = [container.state for container in self._known.values()]
        connection.send({"containers": states})
        self._subscribers = [known for known in self._subscribers if not known.closed] + [connection]

    def kill_all(self) -> None:
        for container in self._known.values():
            if container.pid and not container.is_over:
                with contextlib.suppress(ProcessLookupError):
                    self._kill(container, signal.SIGKILL)

    def _tell(self, container: Container) -> None:
        for subscriber in self._subscribers:
            subscriber.send({"container": container.state})
