"""Messages between the kubelet and the helpers: one JSON object a line over a Unix socket, descriptors beside it.

Both ends are podid's; the socket lies in a folder that only its user may enter. Lines are bounded all the same.
A Unix socket's path has 108 bytes at most (104 on a Mac), a home folder may be longer: `short_address` is another name for it.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH108, PTH112, PTH211

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any

Message = dict[str, Any]

LARGEST_LINE = 4 << 20
_SHORT = 100


class Malformed(Exception):
    """The other end sent what is no message."""


def encode(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


class Reader:
    """Gathers bytes and descriptors into messages. A descriptor belongs to the message in whose bytes it arrived."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._descriptors: list[int] = []

    def feed(self, data: bytes, descriptors: Sequence[int] = ()) -> list[tuple[Message, list[int]]]:
        """The messages that are whole now. The sender waits for an answer before it sends descriptors again."""
        self._bytes += data
        self._descriptors += descriptors
        messages: list[tuple[Message, list[int]]] = []
        while (end := self._bytes.find(b"\n")) >= 0:
            line = bytes(self._bytes[:end])
            del self._bytes[: end + 1]
            try:
                message = json.loads(line)
            except ValueError as problem:
                raise Malformed("not JSON") from problem
            if not isinstance(message, dict):
                raise Malformed("not an object")
            messages.append((message, self._descriptors))
            self._descriptors = []
        if len(self._bytes) > LARGEST_LINE:
            raise Malformed("a line is too long")
        return messages


def receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Bytes and descriptors that have arrived; empty bytes at the end. Descriptors are closed at exec."""
    close_at_exec = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # Linux's own
    data, descriptors, _, _ = socket.recv_fds(connection, 65536, 8, close_at_exec)
    if not close_at_exec:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
    return data, descriptors


def send(connection: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    """Send one message whole, on a blocking socket."""
    data = encode(message)
    if descriptors:
        sent = socket.send_fds(connection, [data], list(descriptors))
        data = data[sent:]
    connection.sendall(data)


@contextlib.contextmanager
def short_address(path: str) -> Iterator[str]:
    """An address for the socket at `path` that is short enough to bind or connect to, for as long as the context lasts."""
    if len(os.fsencode(path)) < _SHORT:
        yield path
        return
    folder, name = os.path.split(path)
    if os.path.isdir("/proc/self/fd"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield f"/proc/self/fd/{descriptor}/{name}"
        finally:
            os.close(descriptor)
        return
    import tempfile  # not where it is not needed: it would cost start-up time

    with tempfile.TemporaryDirectory(prefix="podid-") as short:
        os.symlink(folder, f"{short}/to")
        yield f"{short}/to/{name}"


def listen(path: str) -> socket.socket:
    """A listening socket at `path`, in the place of an older one."""
    if os.path.lexists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with short_address(path) as address:
        listener.bind(address)
    listener.listen(64)
    return listener
