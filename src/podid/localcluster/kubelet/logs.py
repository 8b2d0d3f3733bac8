"""Reading a container's log file for `kubectl logs`. The format is `isolation/helper/log_file.py`'s.

The rules (which lines, and what of each) are pure; `read` follows a file that grows and is replaced when it has grown too much.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from pathlib import Path

from podid.localcluster.isolation.helper.log_file import format_time
from podid.localcluster.ports import LogOptions

_PIECE = 1 << 16
_LOOK_EVERY = 0.1


def render(line: bytes, *, timestamps: bool) -> bytes:
    """What a reader sees of one stored line. A piece of a long line goes on without a break, and with a stamp at its beginning only."""
    stamp, _, rest = line.partition(b" ")
    _, _, rest = rest.partition(b" ")
    tag, _, text = rest.partition(b" ")
    return (stamp + b" " if timestamps else b"") + text + (b"" if tag == b"P" else b"\n")


def chosen(lines: Iterator[bytes], options: LogOptions) -> Iterator[bytes]:
    """The stored lines that are asked for, of a whole file."""
    if options.since is not None:
        first = since_stamp(options.since)
        lines = (line for line in lines if line.partition(b" ")[0] >= first)
    if options.tail_lines is not None:
        return iter(deque(lines, maxlen=max(0, options.tail_lines)))
    return lines


def since_stamp(since: datetime) -> bytes:
    """The smallest stamp that is not before an instant; stamps compare as text."""
    return format_time(since.timestamp()).encode()


async def read(path: Path, options: LogOptions, is_running: Callable[[], bool]) -> AsyncIterator[bytes]:
    """What is asked for of a log, in pieces; with `follow` until the container has ended and all it wrote was read."""
    left = options.limit_bytes
    async for piece in _pieces(path, options, is_running):
        if left is not None:
            piece = piece[:left]
            left -= len(piece)
        if piece:
            yield piece
        if left is not None and left <= 0:
            return


async def _pieces(path: Path, options: LogOptions, is_running: Callable[[], bool]) -> AsyncIterator[bytes]:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        file = -1
    try:
        stored, rest = _lines_so_far(path, file)
        shown = [render(line, timestamps=options.timestamps) for line in chosen(iter(stored), options)]
        yield b"".join(shown)
        while options.follow:
            running = is_running()
            if file < 0 and os.path.exists(path):  # noqa: ASYNC240, PTH110
                file = os.open(path, os.O_RDONLY)
            data = os.read(file, _PIECE) if file >= 0 else b""
            if data:
                *lines, rest = (rest + data).split(b"\n")
                yield b"".join(render(line, timestamps=options.timestamps) for line in lines)
                continue
            if file >= 0 and _was_replaced(path, file):
                os.close(file)
                file, rest = os.open(path, os.O_RDONLY), b""
                continue
            if not running:
                return
            await asyncio.sleep(_LOOK_EVERY)
    finally:
        if file >= 0:
            os.close(file)


def _lines_so_far(path: Path, file: int) -> tuple[list[bytes], bytes]:
    """All whole lines, those of the file before included; and the beginning of the next. The file is then read to its end."""
    before = b""
    older = path.with_name(path.name + ".1")
    if older.exists():
        before = older.read_bytes()
    data = bytearray(before)
    while file >= 0 and (piece := os.read(file, 1 << 20)):
        data += piece
    *lines, rest = bytes(data).split(b"\n")
    return lines, rest


def _was_replaced(path: Path, file: int) -> bool:
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(file)
    return (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino)
