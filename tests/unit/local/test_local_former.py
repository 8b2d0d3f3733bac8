"""After a supervisor was killed, a new one waits for what it left, and for nothing else."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podid.local.former import wait_for_its_end
from podid.local.home import Home
from podid.local.own_name import own_name
from podid.local.state import Part, State, read_state, write_state


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    return made


def left(home: Home, pid: int) -> None:
    """The state that a killed supervisor leaves."""
    part = Part(name="serve", phase="running", pid=pid)
    write_state(home, State(supervisor=1, since=datetime.now(UTC), ready=True, isolation="process", parts=(part,)))


def test_a_part_of_the_home_is_waited_for(home: Home) -> None:
    environment = {**os.environ, "PODID_HOME": str(home.path)}
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, env=environment) as part:
        assert part.stdin is not None
        left(home, part.pid)
        told: list[str] = []

        def note(text: str) -> None:
            assert part.poll() is None
            told.append(text)
            assert part.stdin is not None
            part.stdin.close()  # only now may it end

        wait_for_its_end(home, note)
        assert part.wait() == 0
    assert told == ["an earlier podid was killed here; waiting for its parts to end"]
    assert read_state(home) is None


def test_a_stranger_with_that_process_id_is_left_alone(home: Home) -> None:
    left(home, os.getpid())
    wait_for_its_end(home, pytest.fail)
    assert read_state(home) is None


def test_after_an_orderly_end_nothing_is_waited_for(home: Home) -> None:
    wait_for_its_end(home, pytest.fail)


@pytest.mark.parametrize(("path", "name"), [("/nowhere", ".venv/bin/podid"), (None, "podid")])
def test_podid_is_named_as_the_person_can_type_it(
    path: str | None, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / ".venv" / "bin" / "podid"
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(program)])
    monkeypatch.setenv("PATH", path or str(program.parent))
    assert own_name() == name
