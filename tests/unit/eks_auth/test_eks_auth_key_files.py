"""When a key file counts as changed: by its stamp, as far as a stamp can tell."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from podid.eks_auth.keys.source import FileSource, KeysUnavailable

ONE, OTHER = '{"keys":[]} ', ' {"keys":[]}'
"""Two key sets of one size."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(ONE)
    return path


@pytest.fixture
def a_minute_passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def move() -> None:
        later = time.time_ns() + 60 * 10**9
        monkeypatch.setattr("podid.eks_auth.keys.source.time.time_ns", lambda: later)

    return move


def settled(file: Path, a_minute_passes: Callable[[], None]) -> FileSource:
    source = FileSource(file)
    a_minute_passes()
    source.read()
    assert not source.changed()
    return source


def test_a_file_just_written_is_read_again_until_its_stamp_is_past(
    file: Path, a_minute_passes: Callable[[], None]
) -> None:
    source = FileSource(file)
    source.read()
    file.write_text(OTHER)  # in place, and perhaps in the same tick of the clock
    assert source.changed()
    a_minute_passes()
    source.read()
    assert not source.changed()


def test_a_file_whose_time_was_set_back_has_changed(file: Path, a_minute_passes: Callable[[], None]) -> None:
    source = settled(file, a_minute_passes)
    before = file.stat()
    while file.stat().st_ctime_ns == before.st_ctime_ns:  # until the clock ticks
        file.write_text(OTHER)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_mtime_ns, after.st_size, after.st_ino) == (before.st_mtime_ns, before.st_size, before.st_ino)
    assert source.changed()


def test_a_file_from_a_clock_that_is_ahead_settles_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podid.eks_auth.keys.source.time.time_ns", lambda: 0)
    source = FileSource(file)
    source.read()
    assert not source.changed()


def test_a_file_that_is_gone_or_broken_has_changed_and_gives_no_keys(
    file: Path, a_minute_passes: Callable[[], None]
) -> None:
    source = settled(file, a_minute_passes)
    file.unlink()
    assert source.changed()
    with pytest.raises(KeysUnavailable):
        source.read()
    file.write_text("{")
    with pytest.raises(KeysUnavailable):
        source.read()
    assert source.changed()
