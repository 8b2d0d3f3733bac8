"""The process that is the node: process 1 of the node's pid namespace, in its user (if need be), mount, network and uts namespaces.

It makes the pods' processes, runs podid's own programs of the node (IMDS), and passes out sockets of the node's network. When it ends, the
kernel ends everything on the node, so nothing can be left over; a kubelet that was killed finds it again by its socket.

    start():  (ordinary user: a user namespace) → pid, mount, network, uts namespaces → fork → exec itself as `node`
The exec matters: a process that is not dumpable belongs to the root of the user namespace in which it was executed, which as an
ordinary user must be the node's, not the host's.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH123

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import NoReturn

from podid.localcluster.isolation.helper import messages, processes
from podid.localcluster.isolation.helper.loop import Connection, Loop
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.namespaces import kernel, network, pod_process, privileges

_NAMESPACES = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC


def enter_user_namespace() -> None:
    """As an ordinary user: become root of a user namespace whose only id is one's own. As real root nothing is needed."""
    with open("/proc/self/status") as file:
        status = file.read()
    if privileges.is_real_root(status, os.geteuid()):
        return
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1\n"), ("gid_map", f"0 {group} 1\n")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def enter_namespaces() -> None:
    """Everything of the node that a process enters for itself; its next child is process 1 of the node."""
    enter_user_namespace()
    kernel.unshare(_NAMESPACES)


def start(folder: str, hostname: str, launcher: str) -> None:
    """Start the node in the background, with its socket and its record in a folder; tell on standard output `PID`, else why not."""
    read, write = os.pipe()
    enter_namespaces()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        os.set_inheritable(write, True)
        os.execv(sys.executable, [sys.executable, "-I", "-S", launcher, "node", folder, hostname, str(write)])
    os.close(write)
    processes.write_record(f"{folder}/node.json", pid)
    answer = os.read(read, 4096).decode(errors="replace")
    print(pid if answer == "ready" else f"error {answer or 'the node ended at once'}", flush=True)  # noqa: T201


def main(folder: str, hostname: str, report: int) -> NoReturn:
    """The node itself. `report`: a descriptor to write "ready" to, or what is wrong. Tracebacks go to `node.log`."""
    os.set_inheritable(report, False)
    nothing = os.open("/dev/null", os.O_RDWR)
    log = os.open(f"{folder}/node.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for target, source in enumerate((nothing, nothing, log)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
    try:
        kernel.set_title("podid-node", f"podid: node {hostname}")
        os.setsid()
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        socket.sethostname(hostname)
        network.prepare_node()
        node = NodeProcess(messages.listen(f"{folder}/node.sock"))
    except OSError as problem:
        os.write(report, str(problem).encode())
        os._exit(1)
    os.write(report, b"ready")
    os.close(report)
    node.run()
    os._exit(0)


class NodeProcess:
    """The operations of the node's socket: hello, pod, program, socket, end."""

    def __init__(self, listener: socket.socket) -> None:
        self._loop = Loop(
            listener,
            {
                "hello": lambda connection, _, __: connection.send({"pods": sorted(self._pods)}),
                "pod": self._pod,
                "program": self._program,
                "socket": self._socket,
                "end-pod": self._end_pod,
            },
        )
        self._pods: dict[str, int] = {}
        with open("/proc/self/uid_map") as file:
            self._uid_map = file.read()

    def run(self) -> None:
        """Until SIGTERM, as a machine that shuts down sends it: the kernel then ends everything on the node."""
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        self._loop.run()

    def _pod(self, connection: Connection, message: Message, _: list[int]) -> None:
        """Make a pod's process; the answer comes when its socket serves."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._loop.abandon()
            os.close(read)
            self._become_pod(message, write)
        os.close(write)
        self._pods[message["uid"]] = pid
        self._loop.on_exit(pid, lambda _code: self._pod_ended(message["uid"], pid))

        def ready() -> None:
            self._loop.forget(read)
            answer = os.read(read, 4096).decode(errors="replace")
            os.close(read)
            connection.send({} if answer == "ready" else {"error": answer or "the pod's process ended at once"})

        self._loop.watch(read, ready)

    def _become_pod(self, message: Message, report: int) -> NoReturn:
        try:
            listener = pod_process.enter(message)
            ids = privileges.choose_ids(self._uid_map, message["number"])
            pod = pod_process.Pod(listener, ids, message["number"])
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

    def _program(self, connection: Connection, message: Message, _: list[int]) -> None:
        """Run a program of podid's own in the node's namespaces. It ends with the connection; its exit code is told."""
        pid = os.fork()
        if pid == 0:
            self._loop.abandon()
            _execute(message)
        connection.send({"pid": pid})
        running = True

        def ended(code: int) -> None:
            nonlocal running
            running = False
            connection.send({"exit": code})

        def gone() -> None:
            if running:
                os.kill(pid, signal.SIGKILL)

        self._loop.on_exit(pid, ended)
        connection.on_close = gone

    def _socket(self, connection: Connection, message: Message, _: list[int]) -> None:
        with socket.socket(socket.AF_INET6 if message["family"] == 6 else socket.AF_INET, socket.SOCK_STREAM) as made:
            connection.send({}, [made.fileno()])

    def _end_pod(self, connection: Connection, message: Message, _: list[int]) -> None:
        """End a pod's process, if it lives: its containers end with it."""
        pid = self._pods.get(message["uid"])
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        connection.send({})


def _execute(message: Message) -> NoReturn:
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
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
