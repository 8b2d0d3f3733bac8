"""Sends requests to a server on another core as fast as it answers, and says what that cost the server.

One thread on one `epoll`: cheap enough to keep a server on httptools busy. What is sent is made beforehand; an answer must have status
200 and the length that the first answer to the same message had.

The rate of one core is the requests that were answered over the processor time that the server's process took for them: where the server
is what limits, that is the rate by the clock, and where this generator or a busy machine does, it still is what the core could do.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import select
import socket
import ssl
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from msgspec import Struct
from table import CannotMeasure

SERVER_CORE, CLIENT_CORE = 0, 1
_CORES = sorted(os.sched_getaffinity(0))
"""What this process was given, before it bound itself to one of them: a child of a bound process must still get the other."""
ROUNDS = 5


class Load(Struct, frozen=True):
    """What a run gave."""

    done: int
    seconds: float
    cpu_seconds: float
    """Processor time of the server's process, user and system."""
    times: list[float]
    """Seconds from sending to the last byte, sorted."""

    @property
    def rate(self) -> float:
        """Requests that one core answers in a second."""
        return self.done / max(self.cpu_seconds, 0.001)

    def quantile(self, share: float) -> float:
        return self.times[min(len(self.times) - 1, int(len(self.times) * share))]

    @property
    def median(self) -> float:
        return statistics.median(self.times)


class Failed(CannotMeasure):
    """The server answered something else than 200, broke a connection, or did not start."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "start it by hand and ask it the same")


def keep_to(core: int, pid: int = 0) -> None:
    """Bind a process (0: this one), all its threads, to one core, where the machine has several."""
    if len(_CORES) > 1:
        for thread in Path(f"/proc/{pid or os.getpid()}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), {_CORES[min(core, len(_CORES) - 1)]})


class Generator:
    """`messages` are sent in turn over `connections` at once; with `fresh` each on a connection of its own."""

    def __init__(
        self,
        port: int,
        messages: Sequence[bytes],
        *,
        connections: int,
        tls: ssl.SSLContext | None = None,
        fresh: bool = False,
    ) -> None:
        self.port = port
        self.messages = messages
        self._connections = connections
        self._tls = tls
        self._fresh = fresh
        self._lengths = [0] * len(messages)

    def learn(self) -> None:
        """Send every message once and note how long its answer is. Raises Failed."""
        link = self._open()
        try:
            for index, message in enumerate(self.messages):
                link.sendall(message)
                self._lengths[index] = len(whole_answer(link))
                if self._fresh:
                    link.close()
                    link = self._open()
        finally:
            link.close()

    def run(self, pid: int, seconds: float) -> Load:
        """Send for so long. Raises Failed."""
        if not all(self._lengths):
            self.learn()
        process = psutil.Process(pid)
        before = process.cpu_times()
        began = time.perf_counter()
        times = self._fresh_ones(began + seconds) if self._fresh else self._kept_ones(began + seconds)
        taken = time.perf_counter() - began
        after = process.cpu_times()
        cpu = after.user + after.system - before.user - before.system
        return Load(len(times), taken, cpu, sorted(times))

    def _open(self) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._tls.wrap_socket(link, server_hostname="127.0.0.1") if self._tls else link

    def _kept_ones(self, end: float) -> list[float]:
        messages, lengths, clock = self.messages, self._lengths, time.perf_counter
        poll = select.epoll()
        links: dict[int, _Link] = {}
        times: list[float] = []
        try:
            for number in range(self._connections):
                link = _Link(self._open(), number % len(messages))
                link.socket.setblocking(False)
                links[link.socket.fileno()] = link
                poll.register(link.socket.fileno(), select.EPOLLIN)
                link.sent = clock()
                link.socket.send(messages[link.index])
            while clock() < end:
                for descriptor, _ in poll.poll(1.0):
                    link = links[descriptor]
                    try:
                        data = link.socket.recv(65536)
                    except (ssl.SSLWantReadError, BlockingIOError):
                        continue
                    if not link.take(data, lengths[link.index]):
                        continue
                    now = clock()
                    times.append(now - link.sent)
                    link.index = (link.index + self._connections) % len(messages)
                    link.got, link.sent = 0, now
                    link.socket.send(messages[link.index])
        finally:
            poll.close()
            for link in links.values():
                link.socket.close()
        return times

    def _fresh_ones(self, end: float) -> list[float]:
        poll = select.epoll()
        links: dict[int, _Link] = {}
        times: list[float] = []
        numbers = itertools.count()

        def open_one() -> None:
            link = _Link(socket.socket(), next(numbers) % len(self.messages))
            link.socket.setblocking(False)
            link.sent = time.perf_counter()
            refused = link.socket.connect_ex(("127.0.0.1", self.port))
            if refused not in (0, errno.EINPROGRESS):
                raise Failed(os.strerror(refused))
            link.socket.send(self.messages[link.index])  # loopback connects at once
            links[link.socket.fileno()] = link
            poll.register(link.socket.fileno(), select.EPOLLIN)

        try:
            for _ in range(self._connections):
                open_one()
            while time.perf_counter() < end:
                for descriptor, _ in poll.poll(1.0):
                    link = links[descriptor]
                    if link.take(link.socket.recv(65536), self._lengths[link.index]):
                        times.append(time.perf_counter() - link.sent)
                        del links[descriptor]
                        link.socket.close()
                        open_one()
        finally:
            poll.close()
            for link in links.values():
                link.socket.close()
        return times


class _Link:
    """A connection with a request under way: which one, since when, and how much of its answer came."""

    __slots__ = ("got", "index", "sent", "socket")

    def __init__(self, connected: socket.socket, index: int) -> None:
        self.socket = connected
        self.index = index
        self.sent = 0.0
        self.got = 0

    def take(self, data: bytes, length: int) -> bool:
        """Whether the answer is whole with this. Raises Failed for another status or length."""
        if not data or (not self.got and not data.startswith(b"HTTP/1.1 200")):
            raise Failed(f"not 200: {data[:200]!r}")
        self.got += len(data)
        if self.got > length:
            raise Failed(f"an answer of another length: {data[:200]!r}")
        return self.got == length


def in_turn(seconds: float, *asked: tuple[Generator, int]) -> list[Load]:
    """Give each generator and its server's process so many seconds, in short rounds one after the other: a busy moment meets all of them."""
    rounds = [[generator.run(pid, seconds / ROUNDS) for generator, pid in asked] for _ in range(ROUNDS)]
    return [_together(loads) for loads in zip(*rounds, strict=True)]


def _together(loads: Sequence[Load]) -> Load:
    return Load(
        done=sum(load.done for load in loads),
        seconds=sum(load.seconds for load in loads),
        cpu_seconds=sum(load.cpu_seconds for load in loads),
        times=sorted(time for load in loads for time in load.times),
    )


def whole_answer(link: socket.socket) -> bytes:
    """Read one answer with a Content-Length (or to the connection's end). Raises Failed unless it is 200."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = link.recv(65536)
        if not more:
            raise Failed(f"the connection ended: {data[:200]!r}")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    if b" 200" not in head.split(b"\r\n", 1)[0]:
        raise Failed(f"not 200: {data[:400]!r}")
    fields = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in fields if line.startswith(b"content-length:")), None)
    while length is None or len(body) < length:
        more = link.recv(65536)
        if not more:
            if length is None:
                break
            raise Failed("an answer was cut short")
        body += more
    return head + b"\r\n\r\n" + body


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: psutil.Popen, seconds: float = 30.0) -> float:
    """Wait until something listens there; the seconds that took. Raises Failed where the process ends before."""
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        if process.poll() is not None:
            raise Failed(f"{' '.join(process.args[:4])} … ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return time.perf_counter() - began
        except OSError:
            time.sleep(0.002)
    raise Failed(f"nothing listens on port {port} after {seconds:.0f} s")
