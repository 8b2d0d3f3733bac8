"""The parts' logs as one stream for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from podid.local.home import Home
from podid.local.logs import read_logs, readable
from podid.local.problems import NotUp, WrongUsage


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.make()
    return made


def test_lines_of_all_parts_come_in_the_order_of_their_times(home: Home) -> None:
    home.log_of("serve").write_text(
        '{"time": "2026-01-02T03:04:05.100Z", "level": "INFO", "logger": "x", "message": "first", "caller": "me"}\n'
        '{"time": "2026-01-02T03:04:05.300Z", "level": "ERROR", "message": "third"}\nTraceback\n'
    )
    home.log_of("webhook").write_text('{"time": "2026-01-02T03:04:05.200Z", "level": "INFO", "message": "second"}\n')
    assert list(read_logs(home, part=None, follow=False, tail=-1)) == [
        "serve      03:04:05.100 info    first  caller=me",
        "webhook    03:04:05.200 info    second",
        "serve      03:04:05.300 error   third",
        "serve      Traceback",
    ]
    assert list(read_logs(home, part="serve", follow=False, tail=1)) == ["serve      Traceback"]


def test_a_part_that_does_not_exist_is_named_with_those_that_do(home: Home) -> None:
    home.log_of("serve").write_text("")
    with pytest.raises(WrongUsage, match="server") as refused:
        list(read_logs(home, part="server", follow=False, tail=1))
    assert "serve" in refused.value.way_out


def test_without_logs_podid_was_never_up(home: Home) -> None:
    with pytest.raises(NotUp):
        list(read_logs(home, part=None, follow=False, tail=1))


@pytest.mark.parametrize("line", ["plain", "[1, 2]", '{"no": "message"}', "{broken"])
def test_what_is_no_record_stays_as_it_is(line: str) -> None:
    assert readable(line, "before") == ("before", line)


def test_what_stands_within_a_line_is_readable_too() -> None:
    decisions = [
        {
            "action": "s3:GetObject",
            "outcome": "Allowed",
            "decided_by": ["identity:p[0]", "resource:b[1]"],
            "reason": "",
        },
        {"action": "s3:PutObject", "outcome": "ImplicitlyDenied", "decided_by": []},
    ]
    line = json.dumps(
        {"time": "2026-01-02T03:04:05.100Z", "message": "request", "decisions": decisions, "exchange": {}}
    )
    assert readable(line)[1] == (
        "03:04:05.100 info    request  decisions=(action=s3:GetObject outcome=Allowed decided_by=identity:p[0], resource:b[1]), "
        "(action=s3:PutObject outcome=ImplicitlyDenied)"
    )
