"""Lines that no request waits for: whole, in order, behind what was said before, and counted where there are too many."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from podid import log_lines
from podid.log_lines import JsonLines, LineQueue


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_of_the_queue_has_what_a_line_of_logging_has(caplog: pytest.LogCaptureFixture) -> None:
    extra = {"status": 200, "path": "/x" * 9000, "decided_by": ("a", "b"), "half": "\ud800", "nothing": None}
    stream = io.StringIO()
    queue = LineQueue(stream)
    queue.put("podid.access", "request", extra)
    queue.flush()
    with caplog.at_level(logging.INFO, logger="podid.access"):
        log_lines.tell(logging.getLogger("podid.access"), "request", extra)
    other = json.loads(JsonLines().format(caplog.records[-1]))
    (mine,) = lines(stream)
    assert mine.pop("time")[:10] == other.pop("time")[:10]
    assert mine == other
    assert len(mine["path"]) == 8192


def test_the_queue_writes_by_itself() -> None:
    stream = io.StringIO()
    queue = LineQueue(stream)
    for number in range(100):
        queue.put("podid", "one", {"number": number})
    thread = queue._thread
    assert thread is not None
    assert thread.daemon
    while queue._waiting:
        thread.join(0.01)
    queue.flush()  # waits for a write that is under way
    assert [line["number"] for line in lines(stream)] == list(range(100))


def test_records_of_logging_come_behind_the_lines_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    queue = LineQueue(stream)
    handler = log_lines._Handler(queue, stream)
    handler.setFormatter(JsonLines())
    queue.put("podid", "first", {})
    handler.emit(logging.makeLogRecord({"msg": "second", "levelname": "WARNING"}))
    queue.put("podid", "third", {})
    handler.flush()
    assert [line["message"] for line in lines(stream)] == ["first", "second", "third"]


def test_where_somebody_else_listens_records_go_through_logging(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stream = io.StringIO()
    handler = log_lines._Handler(LineQueue(stream), stream)
    logger = logging.getLogger("podid.access")
    with caplog.at_level(logging.INFO, logger="podid.access"):
        monkeypatch.setattr(logging.root, "handlers", [handler])
        log_lines.tell(logger, "alone", {})
        assert not caplog.records
        monkeypatch.setattr(logging.root, "handlers", [handler, caplog.handler])
        log_lines.tell(logger, "together", {})
    handler.queue.flush()
    assert [record.getMessage() for record in caplog.records] == ["together"]
    assert "alone" in stream.getvalue()


def test_too_many_lines_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "_CAPACITY", 3)
    stream = io.StringIO()
    queue = LineQueue(stream)
    with queue._writing:  # nobody writes meanwhile
        for number in range(5):
            queue.put("podid", "one", {"number": number})
    queue.flush()
    told = lines(stream)
    assert sum("number" in line for line in told) == 3
    assert told[-1]["dropped"] == 2


def test_a_reader_who_left_takes_nobody_down() -> None:
    stream = io.StringIO()
    queue = LineQueue(stream)
    queue.put("podid", "one", {})
    stream.close()
    queue.flush()
    assert not queue._waiting
