"""`podid audit` as it is typed: one request, the newest, of whom, as lines, as JSON, as events."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.unit.audit.callers import ANN, NODE, call

from podid.audit import Decided, DecisionLog, Entry, called, proceedings_of
from podid.cli import app
from podid.core.ids import names_at_random, uuid7
from podid.local.home import Home
from podid.store import MasterKey, open_store

Podid = Callable[..., int]
NOW = datetime.now(UTC)


def request_id(at: datetime) -> str:
    return uuid7(int(at.timestamp() * 1000), names_at_random)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of three requests that are written in a home: of a node two hours ago, of a user now, and one that nobody signed."""
    home = Home(tmp_path / "home")
    monkeypatch.setenv("PODID_HOME", str(home.path))
    for name in ("PODID_MASTER_KEY", "PODID_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    home.make()
    master = MasterKey.load_or_create(home.serve / "keys" / "master.key")
    store = open_store(f"sqlite:///{home.serve / 'state.db'}", master_key=master)
    log = DecisionLog(store)
    ids = []
    for at, caller, outcome in ((NOW - timedelta(hours=2), NODE, "Allowed"), (NOW, ANN, "ImplicitlyDenied")):
        made = replace(call(caller, "eks", "DescribeCluster"), now=at, request_id=request_id(at))
        decided = [Decided("eks:DescribeCluster", "arn:aws:eks:us-west-2:1:cluster/c", outcome, ("identity:p[0]",))]
        done = called(made, parameters={"name": "c\x1b[2J"}, answer=None)
        log.record(proceedings_of(made, secure=False, decided=decided, done=done))
        ids.append(made.request_id)
    log.record(
        Entry(
            at=NOW, request_id=(last := request_id(NOW)), outcome="Failed", action="eks:\x1b[2J", error_code="MISSING"
        )
    )
    log.close()
    store.close()
    return [*ids, last]


@pytest.fixture
def podid(monkeypatch: pytest.MonkeyPatch) -> Podid:
    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["podid", "audit", *arguments])
        return app.main()

    return run


def test_the_newest_are_told_in_order(asked: list[str], podid: Podid, capsys: pytest.CaptureFixture[str]) -> None:
    assert podid() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == [asked[0], asked[0], asked[1], asked[1], asked[2]]
    assert lines[2] == (
        f"{NOW:%Y-%m-%d %H:%M:%S} ImplicitlyDenied eks:DescribeCluster arn:aws:eks:us-west-2:1:cluster/c by {ANN.arn} "
        f"(identity:p[0]) {asked[1]}"
    )
    assert lines[4] == f"{NOW:%Y-%m-%d %H:%M:%S} Failed           eks:?[2J MISSING {asked[2]}"
    assert podid("-n", "1") == 0
    assert capsys.readouterr().out.splitlines() == lines[4:]
    assert podid("--since", "1h", "--caller", ANN.arn, "--account", ANN.account) == 0
    assert capsys.readouterr().out.splitlines() == lines[2:4]


def test_one_request_for_programs(asked: list[str], podid: Podid, capsys: pytest.CaptureFixture[str]) -> None:
    assert podid(asked[0], "-o", "json") == 0
    decision, whole = json.loads(capsys.readouterr().out)
    assert (decision["outcome"], decision["decided_by"], decision["event"]) == ("Allowed", ["identity:p[0]"], None)
    assert (whole["outcome"], whole["caller_arn"]) == ("Completed", NODE.arn)
    assert whole["event"]["requestParameters"] == {"name": "c\x1b[2J"}
    assert podid(asked[0], "--events") == 0
    assert json.loads(capsys.readouterr().out) == whole["event"]


def test_what_is_not_there(asked: list[str], podid: Podid, capsys: pytest.CaptureFixture[str]) -> None:
    assert podid(request_id(NOW)) == 1
    assert capsys.readouterr().out == ""
    assert podid("--since", "yesterday") == 2
    assert "'yesterday' is no span of time" in capsys.readouterr().err
    assert podid("--home", "/nowhere") == 3
    assert "there is no state" in capsys.readouterr().err
