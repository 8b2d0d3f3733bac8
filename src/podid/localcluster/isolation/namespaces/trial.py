"""The whole recipe once, in a process of its own: what does this kernel allow?

Some distributions let the first step pass and refuse the next; where a container engine masks parts of /proc, all passes but the mount of
proc. So each step is really taken, with the helpers' own code, and the first that is refused is named.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH123

from __future__ import annotations

import json
import os
import socket
import traceback
from collections.abc import Callable
from typing import NoReturn

from podid.localcluster.isolation.namespaces import init, kernel, network, node_process, privileges, view
from podid.localcluster.isolation.namespaces.netlink import Netlink

_VIEW = {"tools": [], "own": [], "hide": [], "volumes": [], "files": {}, "read_only": False, "folder": ""}


def main(folder: str) -> None:
    """Try, with an empty folder to mount on; one line of JSON: {"refused": STEP or "", "errno": N, "text": ...}."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _try(folder, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    silent = {"refused": "start", "errno": 0, "text": "the trial ended at once"}
    print(answer.decode() or json.dumps(silent), flush=True)  # noqa: T201


class _Refused(Exception):
    def __init__(self, step: str, problem: OSError) -> None:
        super().__init__(str(problem))
        self.step = step
        self.problem = problem


def _step(name: str, action: Callable[[], object]) -> None:
    try:
        action()
    except OSError as problem:
        raise _Refused(name, problem) from problem


def _answer(write: int, step: str, problem: OSError | None) -> NoReturn:
    text = "" if problem is None else str(problem.strerror)
    if problem is not None and problem.filename:
        text += f" ({problem.filename})"
    found = {"refused": step, "errno": problem.errno if problem else 0, "text": text}
    os.write(write, json.dumps(found).encode())
    os._exit(0)


def _try(folder: str, write: int) -> NoReturn:
    try:
        _step("user namespace", node_process.enter_user_namespace)
        _step("pid and mount namespace", lambda: kernel.unshare(kernel.CLONE_NEWPID | kernel.CLONE_NEWNS))
        _step(
            "network namespace", lambda: kernel.unshare(kernel.CLONE_NEWNET | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC)
        )
    except _Refused as refused:
        _answer(write, refused.step, refused.problem)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os._exit(0)
    try:
        _in_namespaces(folder)
    except _Refused as refused:
        _answer(write, refused.step, refused.problem)
    except BaseException:
        _answer(write, "trial", OSError(0, traceback.format_exc(limit=3)))
    _answer(write, "", None)


def _in_namespaces(folder: str) -> None:
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    _step("mount", lambda: kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE))
    _step("mount of proc", lambda: kernel.mount("proc", "/proc", "proc", flags))
    _step("bridge", network.prepare_node)
    node = Netlink()
    _step("second network namespace", lambda: kernel.unshare(kernel.CLONE_NEWNET))
    mine = os.open("/proc/self/ns/net", os.O_RDONLY)
    _step("veth", lambda: network.add_pod_link(node, 2, mine))
    _step("pod's network", lambda: network.prepare_pod(2))
    _step("second mount namespace", lambda: kernel.unshare(kernel.CLONE_NEWNS))
    with open("/proc/self/uid_map") as file:
        ids = privileges.choose_ids(file.read(), 2)
    _step("root file system", lambda: view.build(folder, _VIEW, (ids.outside(0), ids.outside(0))))
    _step("container's user namespace", lambda: _container(ids))


def _container(ids: privileges.Ids) -> None:
    """The last steps of `init`, with this process in the place of the pod's."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        code = 0
        try:
            init.enter_user_namespace(theirs)
            privileges.give_up(0, 0, 0, (), may_set_groups=ids.size > 1)
        except OSError as problem:
            code = problem.errno or 1
        os._exit(code)
    theirs.close()
    if ours.recv(4096):
        for name in ("gid", "uid"):
            if ids.size == 1 and name == "gid":
                _write(f"/proc/{child}/setgroups", "deny")
            _write(f"/proc/{child}/{name}_map", ids.mapping(0))
        ours.send(b"g")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
