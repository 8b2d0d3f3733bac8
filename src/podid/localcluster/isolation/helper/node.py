"""The process of the node, as far as it is the same in every adapter: it makes the pods' processes and runs podid's own programs."""

# A helper process: pathlib would cost start-up time.

from __future__ import annotations

import os
import signal
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NoReturn

from podid.localcluster.isolation.helper import processes
from podid.localcluster.isolation.helper.forking import fork
from podid.localcluster.isolation.helper.loop import Connection, Handler, Loop
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.helper.pod import Pod


def start_in_background(folder: str, launcher: str, *arguments: str) -> None:
    """Start the node as the launcher's `arguments` say, and record it in its folder; tell on standard output `PID`, else why not."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        os.set_inheritable(write, True)
        os.execv(sys.executable, [sys.executable, "-I", "-S", launcher, *arguments, str(write)])
    os.close(write)
    processes.write_record(f"{folder}/node.json", pid)
    answer = os.read(read, 4096).decode(errors="replace")
    print(pid if answer == "ready" else f"error {answer or 'the node ended at once'}", flush=True)  # noqa: T201


def run_reporting(report: int, make: Callable[[], NodeProcess]) -> NoReturn:
    """Be the node that `make` makes. `report`: a descriptor to write "ready" to, or what was wrong."""
    os.set_inheritable(report, False)
    try:
        node = make()
    except OSError as problem:
        os.write(report, str(problem).encode())
        os._exit(1)
    os.write(report, b"ready")
    os.close(report)
    node.run()
    os._exit(0)


class NodeProcess(ABC):
    """The operations of the node's socket: hello, pod, program, end-pod, and the adapter's own."""

    def __init__(self, listener: socket.socket, more: dict[str, Handler]) -> None:
        handlers: dict[str, Handler] = {
            "hello": self._hello,
            "pod": self._pod,
            "program": self._program,
            "end-pod": self._end_pod,
        }
        self.loop = Loop(listener, handlers | more)
        self._pods: dict[str, int] = {}

    def run(self) -> None:
        """Until SIGTERM, as a machine that shuts down sends it."""
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        self.loop.run()

    @abstractmethod
    def make_pod(self, message: Message) -> Pod:
        """In the forked child: become the pod's process."""

    @abstractmethod
    def follow_node(self) -> None:
        """In a forked child that must not outlive the node's process: see to that, where the system can."""

    def _hello(self, connection: Connection, _: Message, __: list[int]) -> None:
        connection.send({"pods": sorted(self._pods)})

    def _pod(self, connection: Connection, message: Message, _: list[int]) -> None:
        """Make a pod's process; the answer comes when its socket serves."""
        read, write = os.pipe()

        def become_pod() -> None:
            self.loop.abandon()
            os.close(read)
            self._become_pod(message, write)

        pid = fork(become_pod)
        os.close(write)
        self._pods[message["uid"]] = pid
        self.loop.on_exit(pid, lambda _code: self._pod_ended(message["uid"], pid))

        def ready() -> None:
            self.loop.forget(read)
            answer = os.read(read, 4096).decode(errors="replace")
            os.close(read)
            connection.send({} if answer == "ready" else {"error": answer or "the pod's process ended at once"})

        self.loop.watch(read, ready)

    def _become_pod(self, message: Message, report: int) -> NoReturn:
        try:
            os.setsid()
            pod = self.make_pod(message)
        except (OSError, ValueError, KeyError) as problem:
            os.write(report, str(problem).encode())
            os._exit(1)
        os.write(report, b"ready")
        os.close(report)
        pod.run()
        os._exit(0)

    def _pod_ended(self, uid: str, pid: int) -> None:
        if self._pods.get(uid) == pid:
            del self._pods[uid]

    def _end_pod(self, connection: Connection, message: Message, _: list[int]) -> None:
        """End a pod's process, if it lives; where it is a namespace's, its containers end with it."""
        pid = self._pods.get(message["uid"])
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        connection.send({})

    def _program(self, connection: Connection, message: Message, _: list[int]) -> None:
        """Run a program of podid's own in the node's place. It ends with the connection; its exit code is told."""
        pid = fork(lambda: self._execute(message))
        connection.send({"pid": pid})
        running = True

        def ended(code: int) -> None:
            nonlocal running
            running = False
            connection.send({"exit": code})

        def gone() -> None:
            if running:
                os.kill(pid, signal.SIGKILL)

        self.loop.on_exit(pid, ended)
        connection.on_close = gone

    def _execute(self, message: Message) -> NoReturn:
        try:
            self.loop.abandon()
            self.follow_node()
            os.setsid()
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_DFL)
            nothing = os.open("/dev/null", os.O_RDONLY)
            log = os.open(message["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            for target, source in enumerate((nothing, log, log)):
                os.dup2(source, target)
            os.closerange(3, 65536)
            os.execvpe(message["argv"][0], message["argv"], message["environment"])
        finally:
            os._exit(127)


def detach(folder: str) -> None:
    """Hold nothing of whoever started this process. Tracebacks go to `node.log`."""
    nothing = os.open("/dev/null", os.O_RDWR)
    log = os.open(f"{folder}/node.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for target, source in enumerate((nothing, nothing, log)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
