"""`podid state`, `podid keys` and `podid cluster` as they are typed: what they print, and how they end."""

from __future__ import annotations

import io
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from podid.cli import app
from podid.files import write_whole
from podid.iam import Iam
from podid.local.home import Home
from podid.local.installation import Installation
from podid.localcluster.preparing import prepare, read_tokens
from podid.store import MasterKey, open_store
from podid.sts import KeyRing

ACCOUNT = "111122223333"


class Shell:
    """Types commands, in a home in which podid has run."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self._monkeypatch, self._capsys = home, monkeypatch, capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        self._monkeypatch.setattr(sys, "argv", ["podid", *arguments])
        code = app.main()
        self.out, self.err = self._capsys.readouterr()
        return code

    def facts(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    home = Home(tmp_path / "home")
    monkeypatch.setenv("PODID_HOME", str(home.path))
    for name in ("PODID_MASTER_KEY", "PODID_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    home.make()
    master = MasterKey.load_or_create(home.serve / "keys" / "master.key")
    KeyRing.load_or_create(home.serve / "keys" / "ring.json", master_key=master)
    store = open_store(f"sqlite:///{home.serve / 'state.db'}", master_key=master)
    iam = Iam(store)
    iam.ensure_user(ACCOUNT, "ann")
    iam.ensure_access_key(ACCOUNT, "ann")
    store.close()
    return Shell(home, monkeypatch, capsys)


def test_out_and_in_again(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell("state", "export") == 0
    text = shell.out
    assert text.splitlines()[0].startswith('{"podid":"state"')
    assert "same master key" in shell.err
    assert shell("state", "export", str(tmp_path / "file")) == 0
    assert shell.out == ""
    assert (tmp_path / "file").read_text() == text
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    key = str(shell.home.serve / "keys" / "master.key")
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert shell("state", "import", "-", "--home", str(tmp_path / "other"), "--master-key-file", key, "-o", "json") == 0
    assert shell.facts()["rows"] == len(text.splitlines()) - 2
    assert shell("state", "check", "--home", str(tmp_path / "other"), "-o", "json") == 0
    assert shell.facts()["sound"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("state", "check"), 0, ""),
        (("state", "check", "--home", "/nowhere"), 3, "there is no state in /nowhere"),
        (("state", "check", "--master-key-file", "/nowhere"), 3, "cannot read the master key /nowhere"),
        (("state", "check", "--store-url", "mysql://x"), 3, "no master key was given"),
        (("state", "import", "/nowhere"), 3, "/nowhere cannot be read"),
        (("state", "import"), 2, "missing argument"),
        (("state", "export", "/nowhere/file"), 3, "/nowhere/file cannot be written"),
        (("keys", "rotate", "--only", "nothing"), 2, "invalid value"),
        (("keys", "rotate", "--home", "/nowhere"), 3, "there is no master key"),
        (("keys", "rotate", "--home", "/nowhere", "--only", "ring"), 3, "there are no keys in /nowhere/"),
        (("cluster", "token"), 1, "podid is not running"),
    ],
)
def test_how_they_end(shell: Shell, arguments: tuple[str, ...], code: int, says: str) -> None:
    assert shell(*arguments) == code
    assert says in shell.err.lower() if says.islower() else says in shell.err
    assert len(shell.err.splitlines()) == (2 if code else 0)


def test_a_spoilt_state_ends_with_one(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODID_MASTER_KEY", MasterKey.generate().text())
    assert shell("state", "check") == 1
    assert "does not open with this master key" in shell.out


def test_keys_are_rotated(shell: Shell) -> None:
    ring = (shell.home.serve / "keys" / "ring.json").read_bytes()
    assert shell("keys", "rotate", "--only", "ring") == 0
    assert "seals new sessions; 1 older keys" in shell.out
    assert (shell.home.serve / "keys" / "ring.json").read_bytes() != ring
    assert shell("keys", "rotate", "-o", "json") == 0
    told = shell.facts()
    assert (told["secrets_renewed"], told["ring_keys_held"]) == (1, 3)
    assert shell("state", "check") == 0


def test_the_clusters_token(shell: Shell) -> None:
    installation = Installation(instance_id="i-0", port=1, cluster_port=2, webhook_port=3)
    import msgspec

    write_whole(shell.home.settings, msgspec.json.encode(installation))
    files = prepare(shell.home.cluster, cluster_name=installation.cluster, port=installation.cluster_port)
    token = read_tokens(files).administrator
    assert shell("cluster", "token") == 0
    assert shell.out == f"{token}\n"
    assert shell("cluster", "token", "--rotate", "-o", "json") == 0
    told = shell.facts()
    assert told["token"] not in ("", token)
    assert told["token"] in Path(told["kubeconfig"]).read_text()
    assert read_tokens(files).administrator == told["token"]
