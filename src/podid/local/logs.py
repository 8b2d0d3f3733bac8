"""The parts' log files as one stream.

Each part writes JSON lines with a `time`, or plain text where something else spoke (an interpreter's traceback); a plain line belongs
to the time of the line before it.
"""

from __future__ import annotations

import heapq
import json
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from podid.local.home import Home
from podid.local.problems import NotUp, WrongUsage

_POLL = 0.25


def read_logs(home: Home, *, part: str | None, follow: bool, tail: int) -> Iterator[str]:
    """Lines of one part or of all, readable, in the order of their times; with `follow`, without end."""
    files = {path.stem: path for path in sorted(home.logs.glob("*.log"))} if home.logs.is_dir() else {}
    if not files:
        raise NotUp(home.path)
    if part is not None:
        if part not in files:
            raise WrongUsage(f"there is no log of {part!r}", f"choose one of: {', '.join(files)}")
        files = {part: files[part]}
    ends: dict[str, int] = {}
    streams = [_stamped(name, _last_lines(path, tail, ends)) for name, path in files.items()]
    for _, _, text in heapq.merge(*streams):
        yield text
    while follow:
        time.sleep(_POLL)
        new = [_stamped(name, _new_lines(path, ends)) for name, path in files.items()]
        for _, _, text in heapq.merge(*new):
            yield text


def _last_lines(path: Path, tail: int, ends: dict[str, int]) -> list[str]:
    content = path.read_bytes()
    ends[str(path)] = len(content)
    lines: deque[str] = deque(content.decode(errors="replace").splitlines(), maxlen=None if tail < 0 else tail)
    return list(lines)


def _new_lines(path: Path, ends: dict[str, int]) -> list[str]:
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return []
    start = ends.get(str(path), 0)
    if size < start:  # set aside at a restart
        start = 0
    with path.open("rb") as file:
        file.seek(start)
        content = file.read(size - start)
    whole = content.rfind(b"\n") + 1
    ends[str(path)] = start + whole
    return content[:whole].decode(errors="replace").splitlines()


def _stamped(name: str, lines: list[str]) -> Iterator[tuple[str, str, str]]:
    stamp = ""
    for line in lines:
        stamp, text = readable(line, stamp)
        yield stamp, name, f"{name:<10} {text}"


def readable(line: str, before: str = "") -> tuple[str, str]:
    """The time of a log line (`before` where it has none) and the line for people: time, level, message, and what else it says."""
    try:
        record = json.loads(line)
    except ValueError:
        return before, line
    if not isinstance(record, dict) or "message" not in record:
        return before, line
    stamp = str(record.pop("time", before))
    level = str(record.pop("level", "info")).lower()
    message = str(record.pop("message"))
    record.pop("logger", None)
    rest = _told(record)
    return stamp, f"{stamp[11:23]} {level:<7} {message}{'  ' + rest if rest else ''}"


def _told(record: Mapping[str, Any]) -> str:
    """What a record says, without what it leaves open; a record within it in brackets, many of them with commas between."""
    return " ".join(f"{key}={_shown(value)}" for key, value in record.items() if value not in ("", None, [], {}))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"({_told(value)})"
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)
