from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.store import MasterKey, MasterKeyProblem


@given(st.binary(max_size=500), st.text(max_size=50))
def test_what_is_encrypted_opens_in_its_context_alone(plain: bytes, context: str) -> None:
    key = MasterKey.generate()
    sealed = key.encrypt(plain, context)
    assert key.decrypt(sealed, context) == plain
    with pytest.raises(MasterKeyProblem, match="altered, or moved"):
        key.decrypt(sealed, context + "x")


@given(st.data())
def test_no_altered_byte_opens(data: st.DataObject) -> None:
    key = MasterKey.generate()
    sealed = bytearray(key.encrypt(b"secret", "row"))
    index = data.draw(st.integers(0, len(sealed) - 1))
    sealed[index] ^= data.draw(st.integers(1, 255))
    with pytest.raises(MasterKeyProblem):
        key.decrypt(bytes(sealed), "row")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(16), b"\x02" + bytes(60)])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(MasterKeyProblem):
        MasterKey.generate().decrypt(sealed, "row")


def test_another_key_does_not_open() -> None:
    sealed = MasterKey.generate().encrypt(b"secret", "row")
    with pytest.raises(MasterKeyProblem, match="not held here"):
        MasterKey.generate().decrypt(sealed, "row")


def test_the_same_secret_is_never_sealed_alike() -> None:
    key = MasterKey.generate()
    assert key.encrypt(b"secret", "row") != key.encrypt(b"secret", "row")


def test_a_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "master.key"
    first = MasterKey.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert MasterKey.load_or_create(path).decrypt(first.encrypt(b"x", "c"), "c") == b"x"
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]


def test_of_many_that_make_the_file_all_get_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    keys: list[MasterKey] = []
    threads = [threading.Thread(target=lambda: keys.append(MasterKey.load_or_create(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({key.text() for key in keys}) == 1


def test_a_rotation_keeps_what_was_encrypted_before(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    old = MasterKey.load_or_create(path)
    sealed = old.encrypt(b"secret", "row")
    new = old.rotated()
    new.save(path)
    loaded = MasterKey.load_or_create(path)
    assert loaded.decrypt(sealed, "row") == b"secret"
    assert not loaded.is_current(sealed)
    fresh = loaded.encrypt(b"secret", "row")
    assert loaded.is_current(fresh)
    alone = loaded.without_old()
    assert alone.decrypt(fresh, "row") == b"secret"
    with pytest.raises(MasterKeyProblem):
        alone.decrypt(sealed, "row")


def test_a_rotation_in_another_process_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    serving = MasterKey.load_or_create(path)
    old = serving.encrypt(b"old", "row")
    rotated = MasterKey.load_or_create(path).rotated()
    rotated.save(path)
    new = rotated.encrypt(b"new", "row")
    assert serving.decrypt(new, "row") == b"new"
    assert serving.decrypt(old, "row") == b"old"
    assert rotated.is_current(serving.encrypt(b"x", "row"))
    rotated.without_old().save(path)
    assert rotated.is_current(serving.encrypt(b"x", "row"))
    with pytest.raises(MasterKeyProblem):
        serving.decrypt(old, "row")


def test_a_broken_file_does_not_take_the_keys_away(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    key = MasterKey.load_or_create(path)
    sealed = key.encrypt(b"x", "row")
    path.write_text("half a k")
    assert key.decrypt(key.encrypt(b"y", "row"), "row") == b"y"
    path.unlink()
    assert key.decrypt(sealed, "row") == b"x"


@pytest.mark.parametrize("text", ["", "not base64!", "c2hvcnQ=", "AAAA\nBBBB"])
def test_a_bad_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(MasterKeyProblem) as caught:
        MasterKey.from_text(text)
    assert not text or text not in str(caught.value)


def test_a_key_comes_from_text_as_from_a_file() -> None:
    key = MasterKey.generate()
    assert MasterKey.from_text(key.text()).decrypt(key.encrypt(b"x", "c"), "c") == b"x"


def test_no_key_in_its_repr() -> None:
    key = MasterKey.generate()
    assert key.text().strip() not in repr(key)


def test_an_unreadable_file_is_our_own_failure(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyProblem, match="cannot read"):
        MasterKey.load_or_create(tmp_path)
