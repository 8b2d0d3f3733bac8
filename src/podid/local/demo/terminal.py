"""Runs one command of the demo as a shell would, and where the script says so on a terminal of its own."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec


class Ran(msgspec.Struct, frozen=True):
    """What a command printed (both streams, as a terminal shows them), what it ended with, and how long it took."""

    code: int
    output: str
    seconds: float


def run(
    command: str,
    *,
    environment: Mapping[str, str],
    folder: Path,
    terminal: bool,
    timeout: float,
    waiting: Callable[[float], None],
) -> Ran:
    """Run `command` with the shell. `waiting` is called with the seconds gone, each time a second has."""
    began = time.monotonic()
    code, output = (_on_terminal if terminal else _piped)(command, environment, folder, timeout, waiting)
    return Ran(code, output.replace("\r\n", "\n").rstrip("\n"), time.monotonic() - began)


def _piped(
    command: str, environment: Mapping[str, str], folder: Path, timeout: float, waiting: Callable[[float], None]
) -> tuple[int, str]:
    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    with process.stdout:
        output, timely = _read_until_closed(process.stdout.fileno(), timeout, waiting)
    if not timely:
        process.kill()
    return process.wait(), output


def _on_terminal(
    command: str, environment: Mapping[str, str], folder: Path, timeout: float, waiting: Callable[[float], None]
) -> tuple[int, str]:
    """As a person's terminal: `kubectl exec -it` asks for one."""
    pid, descriptor = pty.fork()
    if pid == 0:
        try:
            os.chdir(folder)
            os.execve("/bin/sh", ["/bin/sh", "-c", command], dict(environment))
        finally:
            os._exit(127)
    try:
        output, timely = _read_until_closed(descriptor, timeout, waiting)
        if not timely:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), output
    finally:
        os.close(descriptor)


def _read_until_closed(descriptor: int, timeout: float, waiting: Callable[[float], None]) -> tuple[str, bool]:
    """What came until the other end closed; false where the time was over first."""
    seen = b""
    began = told = time.monotonic()
    while time.monotonic() - began < timeout:
        if select.select([descriptor], [], [], 0.1)[0]:
            try:
                piece = os.read(descriptor, 65536)
            except OSError:  # Linux ends a terminal with EIO
                return seen.decode(errors="replace"), True
            if not piece:
                return seen.decode(errors="replace"), True
            seen += piece
        if time.monotonic() - told > 1:
            told = time.monotonic()
            waiting(told - began)
    return seen.decode(errors="replace"), False
