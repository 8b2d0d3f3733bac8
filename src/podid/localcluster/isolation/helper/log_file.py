"""A container's log: what it wrote on its standard streams, with times, as the CRI has it.

    2026-01-02T03:04:05.678901234Z stdout F a whole line
    2026-01-02T03:04:05.678901234Z stderr P a piece of a line that goes on

Source: Kubernetes design proposal "CRI: dockershim's log format"; written here, read by `kubelet/logs.py`.
A file that has grown past its limit becomes FILE.1, in the place of an older FILE.1.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH105

from __future__ import annotations

import os
import time

LONGEST_LINE = 16384
LARGEST_FILE = 10 << 20


class LogFile:
    """Appends. A full disk loses lines, never the container."""

    def __init__(self, path: str, largest: int = LARGEST_FILE) -> None:
        self._path = path
        self._largest = largest
        self._open()

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size

    def write(self, lines: bytes) -> None:
        try:
            if self._size + len(lines) > self._largest and self._size:
                os.close(self._file)
                os.replace(self._path, self._path + ".1")
                self._open()
            while lines:
                written = os.write(self._file, lines)
                self._size += written
                lines = lines[written:]
        except OSError:
            return

    def close(self) -> None:
        os.close(self._file)


class Lines:
    """Cuts one stream into log lines."""

    def __init__(self, stream: str) -> None:
        self._stream = stream.encode()
        self._rest = b""

    def feed(self, data: bytes, now: float) -> bytes:
        """The log lines that are complete now; what is left waits, unless it is long."""
        *whole, rest = (self._rest + data).split(b"\n")
        stamp = format_time(now).encode() + b" " + self._stream
        out = b"".join(self._cut(stamp, line, b" F ") for line in whole)
        if len(rest) >= LONGEST_LINE:
            out, rest = out + self._cut(stamp, rest, b" P "), b""
        self._rest = rest
        return out

    def end(self, now: float) -> bytes:
        """What is left when the stream has ended, as a line."""
        rest, self._rest = self._rest, b""
        return self._cut(format_time(now).encode() + b" " + self._stream, rest, b" F ") if rest else b""

    @staticmethod
    def _cut(stamp: bytes, line: bytes, last: bytes) -> bytes:
        pieces = [line[at : at + LONGEST_LINE] for at in range(0, len(line), LONGEST_LINE)] or [b""]
        return b"".join(stamp + b" P " + piece + b"\n" for piece in pieces[:-1]) + stamp + last + pieces[-1] + b"\n"


def format_time(now: float) -> str:
    """An instant (seconds since 1970) as RFC 3339 with nine digits, in UTC."""
    seconds, fraction = divmod(round(now * 1_000_000), 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:06d}000Z"
