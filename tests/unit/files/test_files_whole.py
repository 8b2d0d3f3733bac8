"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from podid.files import create_once, drafted, write_whole


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_its_owners_alone_unless_another_mode_is_named(tmp_path: Path, durable: bool) -> None:
    before = os.umask(0)
    try:
        write_whole(tmp_path / "secret", b"one", durable=durable)
    finally:
        os.umask(before)
    write_whole(tmp_path / "public", b"two", mode=0o644, durable=durable)
    assert mode_of(tmp_path / "secret") == 0o600
    assert mode_of(tmp_path / "public") == 0o644
    assert (tmp_path / "secret").read_bytes() == b"one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["public", "secret"]


def test_the_umask_does_not_narrow_a_mode(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_whole(tmp_path / "public", b"", mode=0o644)
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "public") == 0o644


def test_what_fails_in_the_middle_leaves_the_former_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "state"
    write_whole(path, b"former")
    with pytest.raises(KeyboardInterrupt), drafted(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "state"
    elsewhere.write_bytes(b"untouched")
    path.symlink_to(elsewhere)
    write_whole(path, b"new")
    assert elsewhere.read_bytes() == b"untouched"
    assert not path.is_symlink()
    assert path.read_bytes() == b"new"


def test_of_many_that_make_it_one_wins_and_all_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ring"
    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(lambda number: create_once(path, b"%d" % number), range(32)))
    assert len(set(held)) == 1
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "nowhere" / "file", b"")
