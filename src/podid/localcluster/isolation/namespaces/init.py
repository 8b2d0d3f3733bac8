"""A container's first process: it makes the view, enters the user namespace, starts the program, forwards signals and reaps.

    pod process                                     init, process 1 of a new pid namespace
    fork ───────────────────────────────────────▶   mount namespace, view, pivot_root; user namespace
         ◀── {"mapped?"} and its namespaces ─────
    writes uid_map, gid_map ──── {"go"} ────────▶   ids; no nested user namespaces; /proc/sys read-only; gives up rights
         ◀── end of the pipe, or {"error"} ──────   fork: the program

As process 1 it would not be ended by a signal it does not handle; so a container whose program is `sleep infinity` still ends at
SIGTERM. When it ends, the kernel ends everything in the container. It is not dumpable: the container's own root may neither trace it nor
reach the host through /proc/1.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH123

from __future__ import annotations

import os
import signal
import socket
from typing import Any, NoReturn

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.execute import become, take_streams
from podid.localcluster.isolation.helper.forking import fork
from podid.localcluster.isolation.helper.loop import exit_code, failure
from podid.localcluster.isolation.namespaces import kernel, privileges, view

_FORWARDED = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGCONT,
)


def run(channel: socket.socket, stdio: tuple[int, int, int], container: dict[str, Any]) -> NoReturn:
    """The whole life of the forked child. `channel` leads to the pod process; `container` is the `start` message."""
    kernel.set_title("podid-init", f"podid: init of container {container['name']}")
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        kernel.unshare(kernel.CLONE_NEWNS)
        view.build(container["root"], container["view"], tuple(container["owner"]))
        enter_user_namespace(channel)
        program = _start_program(channel, stdio, container)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        messages.send(channel, failure(problem))
        os._exit(128)
    channel.close()
    _keep_nothing()
    os._exit(_tend(program))


def enter_user_namespace(channel: socket.socket) -> None:
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
    kinds = ("user", "mnt", "pid")
    namespaces = [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds]
    messages.send(channel, {"mapped": False}, namespaces)
    if not channel.recv(1):
        raise OSError(32, "the pod has gone")
    for fd in namespaces:
        os.close(fd)
    # Both need rights in the new user namespace that the program will not have, and neither can be undone without them.
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")
    kernel.mount("/proc/sys", "/proc/sys", None, kernel.MS_BIND | kernel.MS_REC)
    flags = (
        kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    )
    kernel.mount(None, "/proc/sys", None, flags)


def _start_program(channel: socket.socket, stdio: tuple[int, int, int], container: dict[str, Any]) -> int:
    """Fork the program and give up this process's own rights. What goes wrong in the child it tells the pod process itself."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *_FORWARDED})

    def become_program() -> NoReturn:
        os.setsid()
        take_streams(stdio)
        execute(container, channel)

    program = fork(become_program)
    # root of the container, to signal a program that runs as another of its users
    identity = container["identity"]
    only_one = identity["size"] == 1
    user, group = (identity["user"], identity["group"]) if only_one else (0, 0)
    privileges.give_up(1 << privileges.CAPABILITIES["KILL"], user, group, (), may_set_groups=not only_one)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    return program


def execute(container: dict[str, Any], channel: socket.socket) -> NoReturn:
    """Become the container's program, with its rights and no more. In its namespaces; never returns."""
    identity = container["identity"]
    try:
        privileges.give_up(
            identity["capabilities"],
            identity["user"],
            identity["group"],
            identity["groups"],
            may_set_groups=identity["size"] > 1,
        )
    except OSError as problem:
        messages.send(channel, {**failure(problem), "code": 128})
        os._exit(128)
    become(container["argv"], container["environment"], container["folder"] or "/", channel)


def _keep_nothing() -> None:
    """Hold none of the container's streams: they end when the program's do."""
    nothing = os.open("/dev/null", os.O_RDWR)
    for fd in range(3):
        os.dup2(nothing, fd)
    os.closerange(3, 65536)


def _tend(program: int) -> int:
    """Forward signals to the program and reap whatever ends here, until the program ends; its exit code."""
    while True:
        signals = {signal.SIGCHLD, *_FORWARDED}
        number = signal.sigwait(signals)
        if number != signal.SIGCHLD:
            os.kill(program, number)
            continue
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 128
            if pid == program:
                return exit_code(status)
            if pid == 0:
                break
