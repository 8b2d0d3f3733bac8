"""A home's state taken out, put in and looked over; its keys rotated."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from pathlib import Path

import pytest

from podid.core.clock import system_clock
from podid.iam import Authorizer, Iam
from podid.local.home import Home
from podid.local.kept_state import Place, export_to, import_from, look
from podid.local.key_rotation import rotate
from podid.local.problems import Forbidden, LocalProblem, WrongUsage
from podid.local.rotation_wish import What
from podid.store import MasterKey, open_store
from podid.sts import KeyRing, Sts

ACCOUNT = "111122223333"


class Kept:
    """A home in which `serve` has run: a user with a key, a role, a session."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.home.make()
        self.place = Place(home=self.home)
        self.master_file = self.home.serve / "keys" / "master.key"
        self.ring_file = self.home.serve / "keys" / "ring.json"
        self.key_id, self.secret = "", ""

    def fill(self) -> None:
        master = MasterKey.load_or_create(self.master_file)
        KeyRing.load_or_create(self.ring_file, master_key=master)
        store = open_store(self.place.url, master_key=master)
        iam = Iam(store)
        iam.ensure_user(ACCOUNT, "ann")
        key = iam.ensure_access_key(ACCOUNT, "ann")
        self.key_id, self.secret = key.access_key_id, key.secret_access_key
        iam.close()
        store.close()

    def found_secret(self) -> str:
        store = open_store(self.place.url, master_key=MasterKey.load(self.master_file))
        key = Iam(store).find_key(self.key_id)
        store.close()
        assert key is not None
        return key.secret


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    made = Kept(tmp_path / "home")
    made.fill()
    return made


def test_a_state_moves_to_another_home_with_its_master_key(kept: Kept, tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    rows = export_to(kept.place, file, with_log=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept.secret not in file.read_text()
    other = Kept(tmp_path / "other")
    other.key_id = kept.key_id
    place = Place(home=other.home, master_key_file=kept.master_file)
    assert import_from(place, file, replace=False, environ={}) == rows
    assert other.found_secret() == kept.secret
    assert look(other.place).sound
    assert look(other.place).counts["users"] == 1


def test_an_import_needs_the_key_of_the_export(kept: Kept, tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    export_to(kept.place, file, with_log=True)
    empty = Home(tmp_path / "empty")
    with pytest.raises(WrongUsage, match="no master key yet"):
        import_from(Place(home=empty), file, replace=False, environ={})
    assert not empty.path.exists()
    other = Kept(tmp_path / "other")
    other.fill()
    with pytest.raises(LocalProblem, match="another master key"):
        import_from(other.place, file, replace=True, environ={})
    assert other.found_secret() == other.secret  # all or nothing: what was there is still there
    with pytest.raises(WrongUsage, match="another master key already"):
        import_from(Place(home=other.home, master_key_file=kept.master_file), file, replace=True, environ={})


def test_an_import_with_another_key_does_not_make_it_the_homes(kept: Kept, tmp_path: Path) -> None:
    file, wrong = tmp_path / "state.jsonl", tmp_path / "wrong.key"
    rows = export_to(kept.place, file, with_log=True)
    MasterKey.load_or_create(wrong)
    home = Home(tmp_path / "new")
    with pytest.raises(Forbidden, match="cannot be read"):
        import_from(Place(home=home, master_key_file=wrong), tmp_path / "nothing", replace=False, environ={})
    assert not home.path.exists()
    with pytest.raises(LocalProblem, match="another master key than this state has"):
        import_from(Place(home=home, master_key_file=wrong), file, replace=False, environ={})
    right = Place(home=home, master_key_file=kept.master_file)
    assert import_from(right, file, replace=False, environ={}) == rows
    assert look(Place(home=home)).sound


def test_an_import_does_not_mix_with_what_is_there(kept: Kept, tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    rows = export_to(kept.place, file, with_log=False)
    with pytest.raises(LocalProblem, match="not empty"):
        import_from(kept.place, file, replace=False, environ={})
    assert import_from(kept.place, file, replace=True, environ={}) == rows
    assert kept.found_secret() == kept.secret


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda lines: lines[:-1], "cut short"),
        (lambda lines: lines[1:], "no export"),
        (lambda lines: [re.sub(r'"\d{4}_\w+"', '"0001_iam"', lines[0]), *lines[1:]], "use the same version"),
        (lambda lines: [*lines[:1], lines[1].replace('"name":', '"nome":'), *lines[2:]], "not known here"),
        (lambda lines: [*lines[:1], lines[1], *lines[1:]], "does not fit"),
        (lambda lines: [*lines, lines[1]], "goes on after its end"),
        (lambda lines: [lines[0], re.sub(r'"created_at":\d+', '"created_at":"then"', lines[1])], "does not fit in"),
        (lambda lines: [lines[0], re.sub(r'"name":"\w+"', '"name":7', lines[1])], "does not fit in"),
        (lambda lines: [lines[0], re.sub(r'"name":"\w+"', '"name":{"base64":"?"}', lines[1])], "cannot be read in"),
        (lambda lines: ["[" * 100_000], "not JSON"),
        (lambda lines: ["[]\n"], "no JSON object"),
        (lambda lines: [], "not JSON"),
    ],
)
def test_a_spoilt_export_is_refused_whole(kept: Kept, tmp_path: Path, spoil: object, told: str) -> None:
    file = tmp_path / "state.jsonl"
    export_to(kept.place, file, with_log=True)
    lines = file.read_text().splitlines(keepends=True)
    users = [line for line in lines if '"table":"iam_users"' in line]
    rest = [line for line in lines[1:] if line not in users]
    assert callable(spoil)
    file.write_text("".join(spoil([lines[0], *users, *rest])))
    with pytest.raises(LocalProblem, match=told):
        import_from(kept.place, file, replace=True, environ={})
    assert kept.found_secret() == kept.secret


def test_a_look_finds_what_is_wrong(kept: Kept, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    MasterKey.load_or_create(other)
    found = look(Place(home=kept.home, master_key_file=other))
    assert not found.sound
    assert any(kept.key_id in problem for problem in found.problems)
    assert any("key ring" in problem for problem in found.problems)
    with sqlite3.connect(kept.place.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001_iam'")
    connection.close()
    assert any("schema" in problem for problem in look(kept.place).problems)
    with pytest.raises(Forbidden, match="schema"):
        export_to(kept.place, tmp_path / "file", with_log=True)
    assert not (tmp_path / "file").exists()


def test_a_damaged_database_is_told_and_not_written_to(kept: Kept, tmp_path: Path) -> None:
    key = kept.master_file.read_bytes()
    database = kept.home.serve / "state.db"
    with sqlite3.connect(database) as connection:
        [page] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'iam_access_keys'").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"garbage " * (size // 8))
    found = look(kept.place)
    assert not found.sound
    assert "damaged" in found.problems[0] or "the database cannot be read: " in found.problems[0]
    with pytest.raises(Forbidden, match="cannot be read"):
        export_to(kept.place, tmp_path / "state.jsonl", with_log=True)
    assert not (tmp_path / "state.jsonl").exists()
    with pytest.raises(Forbidden, match="cannot be used"):
        rotate(kept.place, settle=0)
    assert key in kept.master_file.read_bytes()


def test_keys_of_a_newer_podids_database_are_not_rotated(kept: Kept) -> None:
    key = kept.master_file.read_bytes()
    with sqlite3.connect(kept.home.serve / "state.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")
    connection.close()
    with pytest.raises(Forbidden, match="the schema is 9999_later"):
        rotate(kept.place, settle=0)
    assert kept.master_file.read_bytes() == key


def test_a_home_of_serve_alone_is_a_home(kept: Kept, tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    rows = export_to(Place(home=Home(kept.home.serve)), file, with_log=True)
    place = Place(home=Home(kept.home.serve), master_key_file=kept.master_file)
    assert import_from(place, file, replace=True, environ={}) == rows
    assert look(Place(home=Home(kept.home.serve))).sound
    assert not (kept.home.serve / "cluster").exists()


def test_where_there_is_no_state(tmp_path: Path) -> None:
    with pytest.raises(Forbidden, match="no state"):
        look(Place(home=Home(tmp_path)))
    (tmp_path / "key").write_text(MasterKey.generate().text())
    unreachable = Place(
        home=Home(tmp_path), store_url="postgresql+psycopg://ann:hidden@127.0.0.1:1/x", master_key_file=tmp_path / "key"
    )
    with pytest.raises(Forbidden) as problem:
        look(unreachable)
    assert "hidden" not in problem.value.what


def test_rotation_renews_everything_and_ends_nothing(kept: Kept) -> None:
    before = kept.master_file.read_text()
    ring = KeyRing.load_or_create(kept.ring_file, master_key=MasterKey.load(kept.master_file))
    store = open_store(kept.place.url, master_key=MasterKey.load(kept.master_file))
    iam = Iam(store)
    sts = Sts(iam, Authorizer(iam), ring)  # a `serve` that goes on running
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    role = iam.ensure_role(ACCOUNT, "app", trust=json.dumps(trust))

    def session() -> tuple[str, str]:
        made = sts.assume_role_as_service(
            service="x.amazonaws.com", role_arn=role.arn, session_name="one", duration=900, now=system_clock()
        ).credentials
        return made.access_key_id, made.session_token

    old = session()
    done = rotate(kept.place, settle=0)
    assert (done.secrets_renewed, done.ring_keys_held) == (1, 2)
    assert kept.master_file.read_text() != before
    assert len(kept.master_file.read_text().split()) == 1
    assert stat.S_IMODE(kept.ring_file.stat().st_mode) == 0o600
    assert b"secret" not in kept.ring_file.read_bytes()
    for key_id, token in (old, session()):
        assert sts.open_session(key_id, token, system_clock()).caller.session_name == "one"
    key = iam.find_key(kept.key_id)
    assert key is not None
    assert key.secret == kept.secret
    assert look(kept.place).sound
    store.close()


def test_parts_of_a_rotation(kept: Kept) -> None:
    master, ring = kept.master_file.read_bytes(), kept.ring_file.read_bytes()
    assert rotate(kept.place, What.RING).master_key == ""
    assert kept.master_file.read_bytes() == master
    assert kept.ring_file.read_bytes() != ring
    held = KeyRing.load_or_create(kept.ring_file, master_key=MasterKey.load(kept.master_file)).name
    done = rotate(kept.place, What.MASTER_KEY, keep_old=True, settle=0)
    assert done.ring_key == ""
    assert len(kept.master_file.read_text().split()) == 2
    assert KeyRing.load_or_create(kept.ring_file, master_key=MasterKey.load(kept.master_file)).name == held
    # Somebody else put a key in front; only the secrets are to follow.
    MasterKey.load(kept.master_file).rotated().save(kept.master_file)
    assert rotate(kept.place, What.SECRETS).secrets_renewed == 1
    MasterKey.load(kept.master_file).without_old().save(kept.master_file)
    assert kept.found_secret() == kept.secret
    assert look(kept.place).sound


def test_a_rotation_that_cannot_be_gives_up_nothing(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongUsage, match="key ring"):
        rotate(Place(home=kept.home, store_url=kept.place.url, master_key_file=kept.master_file))
    monkeypatch.setenv("PODID_MASTER_KEY", kept.master_file.read_text())
    with pytest.raises(WrongUsage, match="environment"):
        rotate(kept.place)
    assert rotate(kept.place, What.RING).ring_keys_held == 2
    assert kept.found_secret() == kept.secret
