"""The process of one pod where nothing is kept apart: its containers are process groups. What it does is `helper/pod.py`; here is how."""

# A helper process: pathlib would cost start-up time.

from __future__ import annotations

import contextlib
import os
import pty
import signal
import socket
from typing import NoReturn

from podid.localcluster.isolation.helper.containers import Container
from podid.localcluster.isolation.helper.execute import become, control_terminal, give_terminal, take_streams
from podid.localcluster.isolation.helper.forking import fork
from podid.localcluster.isolation.helper.messages import Message
from podid.localcluster.isolation.helper.pod import Pod


class ProcessPod(Pod):
    """A pod of plain processes."""

    def __init__(self, listener: socket.socket, number: int) -> None:
        super().__init__(listener, number, {})

    def fork_container(self, container: Container, message: Message, channel: socket.socket) -> int:
        def child() -> NoReturn:
            self.loop.abandon()
            os.setsid()
            take_streams(container.streams_inside())
            become(message["argv"], message["environment"], message["folder"], channel)

        return fork(child)

    def fork_exec(
        self,
        container: Container,
        message: Message,
        channel: socket.socket,
        terminal: socket.socket | None,
        streams: list[int],
    ) -> int:
        def child() -> NoReturn:
            self.loop.abandon()
            os.setsid()
            take_streams(streams if terminal is None else _open_terminal(terminal))
            become(message["argv"], message["environment"], container.message["folder"], channel)

        return fork(child)

    def kill_container(self, container: Container, number: int) -> None:
        """To the program alone, as a container's init would hand it on; to the whole group where all must end."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if number == signal.SIGKILL:
                os.killpg(container.pid, number)
            else:
                os.kill(container.pid, number)


def _open_terminal(client: socket.socket) -> list[int]:
    main, end = pty.openpty()
    control_terminal(end)
    give_terminal(client, main)
    return [end, end, end]
