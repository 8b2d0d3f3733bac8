"""The process of the node where nothing is kept apart: it makes the pods' processes and keeps the node's loopback ports bound."""

# A helper process: pathlib would cost start-up time.

from __future__ import annotations

import os
import socket
from typing import NoReturn

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.loop import Connection
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.helper.node import NodeProcess, detach, run_reporting, start_in_background
from podid.localcluster.isolation.helper.pod import Pod
from podid.localcluster.isolation.process.places import hold
from podid.localcluster.isolation.process.pod_process import ProcessPod


def start(folder: str, launcher: str) -> None:
    """Start the node in the background, with its socket and its record in a folder; tell on standard output `PID`, else why not."""
    start_in_background(folder, launcher, "process-node", folder)


def main(folder: str, report: int) -> NoReturn:
    """The node itself. `report`: a descriptor to write "ready" to, or what is wrong."""
    detach(folder)

    def make() -> NodeProcess:
        os.setsid()
        return ProcessNodeProcess(messages.listen(f"{folder}/node.sock"))

    run_reporting(report, make)


class ProcessNodeProcess(NodeProcess):
    """Besides what every node's process does: `hold`, which binds ports."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener, {"hold": self._hold})
        self._held: dict[int, socket.socket] = {}

    def make_pod(self, message: Message) -> Pod:
        for held in self._held.values():
            held.close()
        return ProcessPod(messages.listen(message["socket"]), message["number"])

    def follow_node(self) -> None:
        """There is no way that every system has; whoever ends the node ends its programs too."""

    def _hold(self, connection: Connection, message: Message, _: list[int]) -> None:
        """Keep these ports bound; those that somebody uses now are told, and may be asked for again."""
        for port in message["ports"]:
            if port not in self._held:
                held = hold(port)
                if held is not None:
                    self._held[port] = held
        connection.send({"missing": [port for port in message["ports"] if port not in self._held]})
