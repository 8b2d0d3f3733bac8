"""The helper's side of one `kubectl exec`: tells the client that the program runs or why not, then its exit code; ends it with the client."""

from __future__ import annotations

import os
import signal
import socket

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.loop import Connection, Loop


class ExecChild:
    """One program beside a container's own."""

    def __init__(self, loop: Loop, client: Connection, pid: int, channel: socket.socket) -> None:
        self._loop, self._client, self._pid, self._channel = loop, client, pid, channel
        self._reader = messages.Reader()
        self._started = self._over = False
        self._code: int | None = None
        loop.watch(channel.fileno(), self._heard)
        loop.on_exit(pid, self._ended)
        client.on_close = self._client_gone

    def _heard(self) -> None:
        data, _ = messages.receive(self._channel)
        answers = [message for message, _ in self._reader.feed(data)] if data else [{"running": True}]
        if not answers:
            return
        self._loop.forget(self._channel.fileno())
        self._channel.close()
        self._started = True
        self._client.send(answers[0])
        self._tell_end()

    def _ended(self, code: int) -> None:
        self._code = code
        self._tell_end()

    def _tell_end(self) -> None:
        """The exit code comes after the answer to the start, whichever is known first."""
        if self._started and self._code is not None and not self._over:
            self._over = True
            self._client.send({"exit": self._code})

    def _client_gone(self) -> None:
        if self._code is None:
            try:
                os.killpg(self._pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                os.kill(self._pid, signal.SIGKILL)  # it has not made its own group yet
