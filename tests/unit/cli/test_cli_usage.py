"""The command line as a contract: what is typed wrong, what each command's help says, and which exit code an end has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from podid.cli import app
from podid.local.problems import AlreadyUp, Forbidden, LocalProblem, NotUp, WrongUsage

COMMANDS = (
    "demo",
    "up",
    "down",
    "status",
    "env",
    "run",
    "logs",
    "audit",
    "policy",
    "state",
    "keys",
    "cluster",
    "serve",
    "webhook",
    "version",
    "agent",
    "imds",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing here may touch the home of whoever runs the tests."""
    monkeypatch.setenv("PODID_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def podid(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of `podid ARGUMENTS` in this process."""
    monkeypatch.setattr(sys, "argv", ["podid", *arguments])
    try:
        return app.main()
    except SystemExit as end:  # argparse's way, for the lean commands
        assert isinstance(end.code, int)
        return end.code


@pytest.mark.parametrize(
    ("arguments", "says", "see"),
    [
        (["upp"], "no such command 'upp'", "podid --help"),
        (["up", "--bogus"], "no such option: --bogus", "podid up --help"),
        (["up", "--port", "many"], "'--port': expected a whole number", "podid up --help"),
        (["up", "--port", "70000"], "'--port': expected 65535 at most", "podid up --help"),
        (["up", "--isolation", "chroot"], "'--isolation'", "podid up --help"),
        (["up", "eksdemo1"], "eksdemo1 is not expected here", "podid up --help"),
        (["demo", "--isolation", "chroot"], "'--isolation'", "podid demo --help"),
        (["env", "--shell", "tcsh"], "'--shell'", "podid env --help"),
        (["env", "--account"], "--account", "podid env --help"),
        (["status", "-o", "yaml"], "'--output'", "podid status --help"),
        (["run"], "command", "podid run --help"),
        (["logs", "--tail", "-5"], "'--tail' / '-n': expected -1 at least", "podid logs --help"),
        (["logs", "--tail", "all"], "'--tail'", "podid logs --help"),
        (["serve"], "'--home'", "podid serve --help"),
        (["serve", "--home", "x", "--port", "-1"], "'--port': expected 0 at least", "podid serve --help"),
        (["serve", "--home", "x", "--log-level", "loud"], "'loud' is not one of", "podid serve --help"),
        (["serve", "--home", "x", "--tls-cert", "none.pem"], "does not exist", "podid serve --help"),
        (["serve", "--home", "x", "--tls-cert", __file__], "come together", "--tls-key"),
        (["webhook", "--port", "70000"], "expected 65535 at most", "podid webhook --help"),
        (["policy", "explode"], "no such command 'explode'", "podid policy --help"),
        (["agent", "sever"], "sever", "podid agent --help"),
        (["agent", "server"], "--cluster-name", "podid agent server --help"),
        (["agent", "server", "-c", "x", "--port", "http"], "--port", "podid agent server --help"),
        (["imds"], "--endpoint", "podid imds --help"),
    ],
)
def test_what_is_typed_wrong_gets_two_lines_and_code_2(
    arguments: list[str],
    says: str,
    see: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert podid(monkeypatch, *arguments) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    what, way_out = printed.err.splitlines()
    assert what.startswith("podid: ")
    assert says in what.lower()
    assert see in way_out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_tells_about_itself(
    command: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert podid(monkeypatch, command, "--help") == 0
    printed = capfd.readouterr()
    assert printed.err == ""
    assert printed.out.lower().startswith(f"usage: podid {command}")
    assert "TODO" not in printed.out


def test_without_a_word_the_commands_are_listed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert podid(monkeypatch) == 0
    listed = capfd.readouterr().out
    assert all(f"\n  {command} " in listed for command in COMMANDS)
    commands = listed.partition("Commands:")[2].partition("\n\n")[0]
    assert "..." not in commands, "the first sentence of a command's help fits on its line"


@pytest.mark.parametrize("group", ["policy", "state", "keys", "cluster"])
def test_a_group_without_a_command_tells_which_it_has(
    group: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert podid(monkeypatch, group) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"Usage: podid {group} ")
    assert "..." not in printed.err.partition("Commands:")[2] != "", "the first sentence of a command's help fits"


@pytest.mark.parametrize(
    ("typed", "same_as"),
    [(["help"], ["--help"]), (["help", "up"], ["up", "--help"]), (["--version"], ["version"]), (["-V"], ["version"])],
)
def test_what_people_type_from_habit(
    typed: list[str], same_as: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert podid(monkeypatch, *typed) == 0
    printed = capfd.readouterr().out
    assert podid(monkeypatch, *same_as) == 0
    assert printed == capfd.readouterr().out != ""


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["status"], 1, ""),
        (["env"], 1, "podid up --detach"),
        (["run", "--", "true"], 1, "podid up --detach"),
        (["logs"], 1, "podid up --detach"),
        (["down"], 0, ""),
        (["version"], 0, ""),
    ],
)
def test_a_home_where_nothing_runs(
    arguments: list[str],
    code: int,
    says: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert podid(monkeypatch, *arguments) == code
    assert says in capfd.readouterr().err
    assert not home.exists(), "looking makes nothing"


def test_every_problem_has_its_exit_code() -> None:
    codes = {kind: kind.exit_code for kind in (LocalProblem, NotUp, AlreadyUp, WrongUsage, Forbidden)}
    assert codes == {LocalProblem: 1, NotUp: 1, AlreadyUp: 1, WrongUsage: 2, Forbidden: 3}


def test_a_reader_that_goes_away_is_no_failure() -> None:
    piped = f"{sys.executable} -m podid --help | head -n 1"
    done = subprocess.run(["sh", "-c", piped], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: podid")
    assert done.stderr == ""
