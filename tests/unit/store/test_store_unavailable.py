"""A database that cannot be used now: a clear error that says so, and nothing half done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from podid.core.errors import PodidError
from podid.store import MasterKey, Store, StoreUnavailable, check_state, open_store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{file}", master_key=MasterKey.generate())
    yield opened
    opened.close()


INSERT = text("INSERT INTO store_revisions (room, number) VALUES (:room, 1)")


def test_a_full_disk_is_told_and_corrupts_nothing(store: Store) -> None:
    with store.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    before = store.revision()
    with pytest.raises(StoreUnavailable) as refused, store.write("iam") as connection:
        connection.exec_driver_sql(
            f"PRAGMA max_page_count = {pages}"
        )  # of this connection: as a disk with no page left
        connection.exec_driver_sql("CREATE TABLE big (x)")
        for number in range(2000):
            connection.exec_driver_sql("INSERT INTO big VALUES (?)", ("x" * 4000 + str(number),))
    assert "full" in refused.value.private
    assert "full" not in refused.value.public  # what the operator has to know is in the log
    assert isinstance(refused.value, PodidError)
    assert store.revision() == before
    assert not check_state(store)
    with store.read() as connection:
        assert not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'big'").all()


def test_a_read_only_file_is_told(store: Store) -> None:
    with pytest.raises(StoreUnavailable) as refused, store.write("iam") as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.execute(INSERT, {"room": "x"})
    assert "readonly" in refused.value.private
    with store.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        assert not connection.execute(text("SELECT 1 FROM store_revisions WHERE room = 'x'")).all()


def test_a_writer_that_never_ends_is_told(store: Store, file: Path) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with store.read() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    with pytest.raises(StoreUnavailable) as refused, store.write("iam"):
        raise AssertionError("the turn is somebody else's")
    assert "locked" in refused.value.private
    other.execute("ROLLBACK")
    other.close()
    with store.write("iam"):
        pass


def test_our_own_mistakes_are_none_of_the_database(store: Store) -> None:
    with pytest.raises(KeyError), store.write("iam"):
        raise KeyError
    with store.write("iam"):
        pass


def test_two_processes_may_share_one_file(store: Store, file: Path) -> None:
    other = open_store(f"sqlite:///{file}", master_key=store.master_key)
    for one in (store, other, store, other):
        with one.write("iam"):
            pass
    assert store.revision("iam") == other.revision("iam") == 4
    other.close()
