"""The last step of a forked child: becoming the program that was asked for, or saying why not."""

# A helper process: pathlib would cost start-up time.

from __future__ import annotations

import fcntl
import os
import signal
import socket
import termios
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from podid.localcluster.isolation.helper import messages

NOT_FOUND = 127
NOT_EXECUTABLE = 126


def become(argv: Sequence[str], environment: Mapping[str, str], folder: str, channel: socket.socket) -> NoReturn:
    """Execute a program with nothing of podid's but the three standard streams.

    An error goes to `channel`, which is closed at exec: its end without a word means that the program runs.
    """
    try:
        keep = channel.fileno()
        os.closerange(3, keep)
        os.closerange(keep + 1, 65536)
        _change_folder(folder)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        os.umask(0o022)
        os.execvpe(argv[0], list(argv), dict(environment))
    except (OSError, ValueError) as problem:
        answer = start_error(problem, argv[0])
        messages.send(channel, answer)
        os._exit(answer["code"])


def take_streams(streams: Sequence[int]) -> None:
    """Make three descriptors the standard streams."""
    for target, source in enumerate(streams):
        os.dup2(source, target)


def control_terminal(end: int) -> None:
    """Make a terminal the controlling one of this session."""
    fcntl.ioctl(end, termios.TIOCSCTTY, 0)


def give_terminal(client: socket.socket, main: int) -> None:
    """Send a terminal's other end to whoever asked for it."""
    client.setblocking(True)
    messages.send(client, {"terminal": True}, [main])
    client.close()
    os.close(main)


def _change_folder(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError as problem:
        raise OSError(problem.errno, f"cannot work in {folder}: {problem.strerror}") from problem


def start_error(problem: OSError | ValueError, program: str) -> dict[str, Any]:
    """Why a program did not start, in the words that container runtimes use."""
    if isinstance(problem, ValueError):  # a zero byte in an argument or a variable
        return {"error": f'exec: "{program}": {problem}', "errno": 22, "code": NOT_EXECUTABLE}
    missing = isinstance(problem, FileNotFoundError | NotADirectoryError)
    if problem.filename is None:
        text = str(problem.strerror)
    elif missing and "/" not in program:
        text = f'exec: "{program}": executable file not found in $PATH'
    else:
        text = f'exec: "{program}": {(problem.strerror or "cannot be started").lower()}'
    return {"error": text, "errno": problem.errno, "code": NOT_FOUND if missing else NOT_EXECUTABLE}
