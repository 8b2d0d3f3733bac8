"""Lines that no request waits for: whole, in order, behind what was said before, and counted where there are too many."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET, Struct, UnsetType

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


class Inner(Struct):
    name: str
    names: tuple[str, ...] = ()


class Told(Struct):
    path: str
    half: str | UnsetType = UNSET
    inner: list[Inner] | UnsetType = UNSET
    when: datetime | UnsetType = UNSET


WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        Told("/x"),
        Told("/x", inner=[Inner("a", ("b", "c"))], when=WHEN),
        Told("/x" * 9000, inner=[Inner("a" * 9000, ("b" * 9000,))], when=WHEN),
        Told("/x", half="\ud800", inner=[Inner("\udfff", ("\n\0",))]),
    ],
    ids=["little", "all", "long", "halves"],
)
def test_a_line_of_a_struct_has_its_members_bounded(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    stream = io.StringIO()
    queue = LineQueue(stream)
    queue.put("podid.access", "request", told)
    queue.flush()
    (mine,) = lines(stream)
    with caplog.at_level(logging.INFO, logger="podid.access"):
        log_lines.tell(logging.getLogger("podid.access"), "request", told)
    other = json.loads(JsonLines().format(caplog.records[-1]))
    assert mine.pop("time")[:10] == other.pop("time")[:10]
    assert mine == other
    assert (mine["logger"], mine["level"], mine["path"]) == ("podid.access", "INFO", told.path[:8192])
    assert mine.get("half") == (None if told.half is UNSET else told.half)
    if told.inner:
        inner = {"name": told.inner[0].name[:8192], "names": [name[:8192] for name in told.inner[0].names]}
        assert mine["inner"] == [inner]
    if told.when:
        assert mine["when"] == "2026-01-02T03:04:05Z"


def test_what_json_has_not_is_told_in_its_own_words() -> None:
    stream = io.StringIO()
    queue = LineQueue(stream)
    queue.put("podid", "one", {"path": Path("/x"), "many": {"a": [Path("/y")] * 200}, "when": WHEN})
    queue.put("podid", "two", {})
    queue.flush()
    first, second = lines(stream)
    assert (first["path"], first["when"]) == ("/x", "2026-01-02T03:04:05+00:00")
    assert first["many"] == {"a": ["/y"] * 100}
    assert second.keys() == {"time", "level", "logger", "message"}


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


class Odd(Struct):
    what: object


def test_a_line_that_cannot_be_written_costs_itself_alone() -> None:
    stream = io.StringIO()
    queue = LineQueue(stream)
    queue.put("podid.access", "request", Told("/before"))
    queue.put("podid.access", "request", Odd(object()))
    queue.put("podid.access", "request", Told("/after"))
    queue.flush()
    before, odd, after = lines(stream)
    assert (before["path"], after["path"]) == ("/before", "/after")
    assert (odd["level"], odd["message"], odd["of"]) == ("ERROR", "a log line could not be written", "podid.access")
