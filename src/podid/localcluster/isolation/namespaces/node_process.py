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
from typing import NoReturn

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.helper.node import NodeProcess, detach, run_reporting, start_in_background
from podid.localcluster.isolation.helper.pod import Pod
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
    enter_namespaces()
    start_in_background(folder, launcher, "node", folder, hostname)


def main(folder: str, hostname: str, report: int) -> NoReturn:
    """The node itself. `report`: a descriptor to write "ready" to, or what is wrong."""
    detach(folder)

    def make() -> NodeProcess:
        kernel.set_title("podid-node", f"podid: node {hostname}")
        os.setsid()
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        socket.sethostname(hostname)
        network.prepare_node()
        return NamespaceNodeProcess(messages.listen(f"{folder}/node.sock"))

    run_reporting(report, make)


class NamespaceNodeProcess(NodeProcess):
    """Process 1 of the node."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener, {"socket": pod_process.open_socket})
        with open("/proc/self/uid_map") as file:
            self._uid_map = file.read()

    def make_pod(self, message: Message) -> Pod:
        listener = pod_process.enter(message)
        ids = privileges.choose_ids(self._uid_map, message["number"])
        return pod_process.NamespacePod(listener, ids, message["number"])

    def follow_node(self) -> None:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
