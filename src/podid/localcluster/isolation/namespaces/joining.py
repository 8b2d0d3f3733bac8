"""`kubectl exec`: a process that joins a running container, with the streams of the client or with a terminal of the container's own.

The forked child is made in the container's pid namespace and enters its user and mount namespaces; the network it is in already. The
terminal comes from the container's own /dev/pts and becomes the controlling one inside, or a shell would refuse job control.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import termios
from typing import Any, NoReturn

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.loop import Connection, Loop
from podid.localcluster.isolation.namespaces import init, kernel

_TIOCSPTLCK = 0x40045431
_TIOCGPTN = 0x80045430


def run(
    channel: socket.socket,
    terminal: socket.socket | None,
    namespaces: tuple[int, int],
    streams: list[int],
    message: dict[str, Any],
) -> NoReturn:
    """The forked child. `terminal`: where to send the terminal's other end, if one is asked for."""
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.setns(namespaces[0], kernel.CLONE_NEWUSER)
        kernel.setns(namespaces[1], kernel.CLONE_NEWNS)
        os.chdir("/")
        os.setsid()
        if terminal is not None:
            streams = _open_terminal(terminal, message.get("size"))
        for target, source in enumerate(streams):
            os.dup2(source, target)
    except (OSError, ValueError) as problem:
        messages.send(channel, {"error": f"cannot join the container: {problem}", "code": 126})
        os._exit(126)
    init.execute(message, channel)


def _open_terminal(client: socket.socket, size: list[int] | None) -> list[int]:
    """A new terminal of the container, controlling this session; its other end goes to the client."""
    main = os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(main, _TIOCSPTLCK, struct.pack("i", 0))
    (number,) = struct.unpack("i", fcntl.ioctl(main, _TIOCGPTN, struct.pack("i", 0)))
    if size:
        fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    end = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(end, termios.TIOCSCTTY, 0)
    client.setblocking(True)
    messages.send(client, {"terminal": True}, [main])
    client.close()
    os.close(main)
    return [end, end, end]


class Session:
    """The pod's side of one exec: tells the client that it runs or why not, then its exit code; ends it when the client goes."""

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
                os.kill(self._pid, signal.SIGKILL)
