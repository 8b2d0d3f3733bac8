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
from typing import Any, NoReturn

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.execute import control_terminal, give_terminal, take_streams
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
            streams = _open_terminal(terminal)
        take_streams(streams)
    except (OSError, ValueError) as problem:
        messages.send(channel, {"error": f"cannot join the container: {problem}", "code": 126})
        os._exit(126)
    init.execute(message, channel)


def _open_terminal(client: socket.socket) -> list[int]:
    """A new terminal of the container, controlling this session; its other end goes to the client."""
    main = os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(main, _TIOCSPTLCK, struct.pack("i", 0))
    (number,) = struct.unpack("i", fcntl.ioctl(main, _TIOCGPTN, struct.pack("i", 0)))
    end = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_CLOEXEC)
    control_terminal(end)
    give_terminal(client, main)
    return [end, end, end]
