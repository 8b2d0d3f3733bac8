"""How a process of podid writes its log: one JSON object a line, on standard error.

    {"time": "2026-01-02T03:04:05.678Z", "level": "INFO", "logger": "podid.agent", "message": "...", ...extra members}

Extra members come from `logger.info("...", extra={"pod": ...})`. Nobody passes a secret, a token or a signature: there is no filter
that would take one out again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TextIO

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LIMIT = 8192
"""Characters of one value: a hostile header does not fill the disk."""
_ITEMS = 100

Members = msgspec.Struct | Mapping[str, object]
"""What a line has besides: a struct where every request has such a line. It is encoded later, so it is not to be changed any more."""


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        exception = self.formatException(record.exc_info)[-_LIMIT:] if record.exc_info else ""
        return _line(record.created, record.levelname, record.name, record.getMessage(), extra, exception)


def _line(at: float, level: str, name: str, message: str, extra: Mapping[str, object], exception: str = "") -> str:
    line: dict[str, object] = {
        "time": f"{_second(int(at))}.{int(at * 1000) % 1000:03d}Z",
        "level": level,
        "logger": name,
        "message": message[:_LIMIT],
    }
    for key, value in extra.items():
        line[key] = _bounded(value)
    if exception:
        line["exception"] = exception
    try:
        return msgspec.json.encode(line).decode()
    except UnicodeEncodeError:  # half a character: only its escape can be written
        return json.dumps(line)


def _quick_line(at: float, name: str, message: str, members: Members) -> str:
    """The same for a line of level INFO that nothing is wrong with: encoded once, as it is."""
    try:
        told = _encode(members)
    except (UnicodeEncodeError, TypeError):
        told = b""
    if not 2 < len(told) <= _LIMIT:  # where the whole is no longer than one value may be, none of its values is
        return _line(at, "INFO", name, message, _members(members))
    return f'{{"time":"{_second(int(at))}.{int(at * 1000) % 1000:03d}Z",{_named(name, message)},{told[1:].decode()}'


_encode = msgspec.json.Encoder().encode


@lru_cache(64)
def _named(name: str, message: str) -> str:
    return _encode({"level": "INFO", "logger": name, "message": message[:_LIMIT]})[1:-1].decode()


def _members(members: Members) -> Mapping[str, object]:
    if not isinstance(members, msgspec.Struct):
        return members
    told: dict[str, object] = msgspec.to_builtins(members)
    return told


@lru_cache(16)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _bounded(value: object) -> object:
    if isinstance(value, str):
        return value[:_LIMIT]
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value[:_ITEMS]]
    if isinstance(value, Mapping):
        return {str(name)[:_LIMIT]: _bounded(inner) for name, inner in islice(value.items(), _ITEMS)}
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)[:_LIMIT]


class LineQueue:
    """Lines that a request does not wait for: taken in memory, written by a thread of its own, many at a time.

    A crash may lose those of the last moment; more than can be written are dropped, and their number is told. `stream` takes text.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: deque[tuple[float, str, str, Members]] = deque()
        self._writing = threading.RLock()
        self._wake = threading.Event()
        self._dropped = 0
        self._thread: threading.Thread | None = None

    def put(self, name: str, message: str, members: Members) -> None:
        """Take a line of level INFO. It never waits and never raises."""
        waiting = self._waiting
        if len(waiting) >= _CAPACITY:
            self._dropped += 1
            return
        waiting.append((time.time(), name, message, members))
        if not self._wake.is_set():
            if self._thread is None:
                self._start()
            self._wake.set()

    def flush(self) -> None:
        """Write what is waiting, now and here."""
        with self._writing:
            if not self._waiting and not self._dropped:
                return
            lines = []
            while self._waiting:
                at, name, message, members = self._waiting.popleft()
                try:
                    lines.append(_quick_line(at, name, message, members))
                except Exception as problem:  # a mistake of ours costs this one line, not the thread that writes all
                    told = {"of": name, "problem": type(problem).__name__}
                    lines.append(_line(at, "ERROR", __name__, "a log line could not be written", told))
            dropped, self._dropped = self._dropped, 0
            if dropped:
                lines.append(_line(time.time(), "WARNING", __name__, "log lines were dropped", {"dropped": dropped}))
            with contextlib.suppress(OSError, ValueError):  # nobody reads any more
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()

    def _start(self) -> None:
        with self._writing:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="podid-log-lines", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(_COMPANY)
            self._wake.clear()
            self.flush()


_CAPACITY = 20_000
"""Lines waiting to be written: some seconds of full load."""
_COMPANY = 0.05
"""Seconds that a line waits for others: a system call for each would cost as much as a signature check."""


class _Handler(logging.StreamHandler[TextIO]):
    """Writes a record behind the lines that came before it."""

    def __init__(self, queue: LineQueue, stream: TextIO) -> None:
        super().__init__(stream)
        self.queue = queue

    def emit(self, record: logging.LogRecord) -> None:
        self.queue.flush()
        super().emit(record)

    def flush(self) -> None:
        self.queue.flush()
        super().flush()


def tell(logger: logging.Logger, message: str, members: Members) -> None:
    """What `logger.info(message, extra=members)` writes, for the lines that every request has. The caller asked whether INFO is enabled."""
    handlers = logging.root.handlers
    if len(handlers) == 1 and type(handlers[0]) is _Handler:
        handlers[0].queue.put(logger.name, message, members)
    else:  # somebody else listens, too
        logger.info(message, extra=dict(_members(members)))


def log_to_stderr(level: int | str = logging.INFO) -> None:
    """Send this process's log to standard error, as JSON lines. Called once, at the edge."""
    handler = _Handler(LineQueue(sys.stderr), sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
