"""How a process of podid writes its log: one JSON object a line, on standard error.

    {"time": "2026-01-02T03:04:05.678Z", "level": "INFO", "logger": "podid.agent", "message": "...", ...extra members}

Extra members come from `logger.info("...", extra={"pod": ...})`. Nobody passes a secret, a token or a signature: there is no filter
that would take one out again.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LIMIT = 8192
"""Characters of one value: a hostile header does not fill the disk."""


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage()[:_LIMIT],
        }
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line[name] = _bounded(value)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)[-_LIMIT:]
        try:
            return msgspec.json.encode(line).decode()  # a sixth of json's time, which a gateway spends on every request
        except UnicodeEncodeError:  # half a character: only its escape can be written
            return json.dumps(line)


def _bounded(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value[:100]]
    return str(value)[:_LIMIT]


def log_to_stderr(level: int | str = logging.INFO) -> None:
    """Send this process's log to standard error, as JSON lines. Called once, at the edge."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
