"""The loop of a helper process: requests over a Unix socket, children that end, descriptors that become readable.

One thread, no waiting outside `run`: whoever answers later keeps the connection and answers then. After a fork the child calls
`abandon` first, so that it holds nothing of its parent's.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Any

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.messages import Message

Handler = Callable[["Connection", Message, list[int]], None]


class Connection:
    """One client. When it has gone, `on_close` is called once."""

    def __init__(self, loop: Loop, peer: socket.socket) -> None:
        self._loop = loop
        self._reader = messages.Reader()
        self.socket = peer
        self.on_close: Callable[[], None] | None = None
        self.closed = False

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send without waiting: a client that does not read what it asked for is dropped."""
        if self.closed:
            return
        data = messages.encode(message)
        try:
            sent = socket.send_fds(self.socket, [data], list(descriptors)) if descriptors else self.socket.send(data)
        except OSError:
            sent = -1
        if sent != len(data):
            self.close()

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._loop.forget(self.socket.fileno())
        self.socket.close()
        if self.on_close is not None:
            self.on_close()

    def ready(self) -> None:
        try:
            data, descriptors = messages.receive(self.socket)
            received = self._reader.feed(data, descriptors)
        except (OSError, messages.Malformed):
            self.close()
            return
        if not data:
            self.close()
            return
        for message, fds in received:
            try:
                self._loop.handle(self, message, fds)
            finally:
                for fd in fds:
                    os.close(fd)


class Loop:
    """Serves until `stop`. `handlers` maps a message's `op` to the function that answers it."""

    def __init__(self, listener: socket.socket, handlers: dict[str, Handler]) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = listener
        self._handlers = handlers
        self._connections: set[Connection] = set()
        self._ended: dict[int, Callable[[int], None]] = {}
        self._running = True
        self._wake_read, self._wake_write = os.pipe()
        for fd in (self._wake_read, self._wake_write):
            os.set_blocking(fd, False)
        listener.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self.watch(self._wake_read, self._reap)
        self.watch(listener.fileno(), self._accept)

    def watch(self, fd: int, ready: Callable[[], None]) -> None:
        """Call `ready` whenever a descriptor may be read or has ended."""
        self._selector.register(fd, selectors.EVENT_READ, ready)

    def forget(self, fd: int) -> None:
        """Stop watching a descriptor. It may be closed then."""
        try:
            self._selector.unregister(fd)
        except (KeyError, ValueError):
            return

    def on_exit(self, pid: int, ended: Callable[[int], None]) -> None:
        """Call `ended` with the exit code of a child (128 + N after signal N)."""
        self._ended[pid] = ended

    def handle(self, connection: Connection, message: Message, descriptors: list[int]) -> None:
        handler = self._handlers.get(str(message.get("op")))
        try:
            if handler is None:
                raise ValueError(f"no operation {message.get('op')!r}")
            handler(connection, message, descriptors)
        except (OSError, ValueError, KeyError, TypeError) as problem:
            connection.send(failure(problem))

    def run(self) -> None:
        while self._running:
            for key, _ in self._selector.select():
                # what another of the same batch has closed is not ready any more, nor is a descriptor that got its number
                known = self._selector.get_map().get(key.fd)
                if known is not None and known.data is key.data:
                    key.data()

    def stop(self) -> None:
        self._running = False

    def await_children(self) -> None:
        """Wait until every child has ended; their `on_exit` is not called."""
        while True:
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return

    def abandon(self) -> None:
        """In a forked child: close everything of the loop, and have no say in what its parent does."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._listener.close()
        for connection in self._connections:
            connection.closed = True
            connection.socket.close()

    def _accept(self) -> None:
        try:
            peer, _ = self._listener.accept()
        except OSError:
            return
        peer.setblocking(False)
        connection = Connection(self, peer)
        self._connections = {known for known in self._connections if not known.closed} | {connection}
        self.watch(peer.fileno(), connection.ready)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ended = self._ended.pop(pid, None)
            if ended is not None:
                ended(exit_code(status))


def exit_code(status: int) -> int:
    """A wait status as a shell shows it."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def failure(problem: Exception) -> Message:
    """What a client is told about a request that failed."""
    answer: dict[str, Any] = {"error": str(problem) or type(problem).__name__}
    if isinstance(problem, OSError):
        answer["errno"] = problem.errno
        answer["error"] = f"{problem.strerror}: {problem.filename}" if problem.filename else str(problem.strerror)
    return answer
