from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podid.store import MasterKey
from podid.sts import KeyRing, KeyRingProblem

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_with_a_master_key_the_file_is_encrypted(tmp_path: Path) -> None:
    master, path = MasterKey.generate(), tmp_path / "ring.json"
    made = KeyRing.load_or_create(path, master_key=master)
    assert json.loads(path.read_text()).keys() == {"encrypted", "version"}
    assert KeyRing.load_or_create(path, master_key=master).current() == made.current()
    with pytest.raises(KeyRingProblem, match="no master key"):
        KeyRing.load_or_create(path)
    with pytest.raises(KeyRingProblem, match="another master key"):
        KeyRing.load_or_create(path, master_key=MasterKey.generate())


def test_a_file_in_the_clear_is_encrypted_at_its_next_rotation(tmp_path: Path) -> None:
    master, path = MasterKey.generate(), tmp_path / "ring.json"
    old = KeyRing.load_or_create(path).current()
    ring = KeyRing.load_or_create(path, master_key=master)
    assert ring.current() == old
    ring.rotate(NOW)
    assert b"keys" not in path.read_bytes()
    found = KeyRing.load_or_create(path, master_key=master)
    assert found.current() == ring.current()
    assert found.find(old.id) is not None
    before = path.read_bytes()
    found.encrypt_anew()
    assert path.read_bytes() != before
    assert KeyRing.load_or_create(path, master_key=master).current() == ring.current()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"version": 2}', '{"version": 2, "encrypted": "!"}', '{"version": 2, "encrypted": "AAAA"}'],
)
def test_a_file_that_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ring.json"
    path.write_text(content)
    with pytest.raises(KeyRingProblem):
        KeyRing.load_or_create(path, master_key=MasterKey.generate())
