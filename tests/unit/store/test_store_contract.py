"""What a store promises, on every database it runs on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, select

from podid.iam.tables import ACCOUNTS, ROLES
from podid.store import Store

OpenStore = Callable[[], Store]


def put(connection: Connection, account: str, alias: str | None = None) -> None:
    connection.execute(insert(ACCOUNTS).values(account=account, alias=alias, password_policy="", credential_report=""))


def accounts(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.execute(select(ACCOUNTS.c.account)).scalars())


def test_a_committed_write_is_seen_by_another_replica(open_another: OpenStore) -> None:
    one, other = open_another(), open_another()
    with one.write() as connection:
        put(connection, "111122223333")
    assert accounts(other) == {"111122223333"}


def test_a_write_that_raises_leaves_nothing(store: Store) -> None:
    before = store.revision()
    with pytest.raises(KeyError), store.write("iam") as connection:
        put(connection, "111122223333")
        raise KeyError
    assert accounts(store) == set()
    assert store.revision() == before
    assert store.revision("iam") == before


def test_a_write_moves_the_revision_of_its_room_and_of_the_whole_alone(store: Store) -> None:
    total, iam, eks = store.revision(), store.revision("iam"), store.revision("eks")
    with store.write("iam"):
        pass
    assert store.revision() > total
    assert store.revision("iam") > iam
    assert store.revision("eks") == eks


def test_a_write_without_a_room_moves_the_whole(store: Store) -> None:
    before = store.revision()
    with store.write():
        pass
    assert store.revision() > before


def test_an_append_moves_no_revision(store: Store) -> None:
    before = store.revision()
    with store.append() as connection:
        put(connection, "111122223333")
    assert accounts(store) == {"111122223333"}
    assert store.revision() == before


def test_a_write_after_an_append_still_moves_the_revision(store: Store) -> None:
    before = store.revision("iam")
    with store.append() as connection:
        put(connection, "111122223333")
    with store.write("iam"):
        pass
    assert store.revision("iam") > before


def test_the_revision_is_seen_at_once_by_the_process_that_wrote(store: Store) -> None:
    for _ in range(20):
        before = store.revision("eks")
        with store.write("eks"):
            pass
        assert store.revision("eks") == before + 1


def test_the_revision_reaches_another_replica(open_another: OpenStore) -> None:
    one, other = open_another(), open_another()
    before = other.revision("iam")
    with one.write("iam"):
        pass
    arrived = threading.Event()

    def watch() -> None:
        while other.revision("iam") == before:
            arrived.wait(0.005)
        arrived.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    watcher.join(timeout=10)
    assert arrived.is_set()


def test_writes_do_not_nest(store: Store) -> None:
    with store.write(), pytest.raises(RuntimeError, match="inside another"), store.write():
        pass  # pragma: no cover
    with store.write() as connection:  # and the failure leaves the turn free
        put(connection, "111122223333")
    assert accounts(store) == {"111122223333"}


def test_writers_take_turns_across_replicas(open_another: OpenStore) -> None:
    stores = [open_another(), open_another()]

    def add(store: Store) -> None:
        for _ in range(25):
            with store.write() as connection:
                held = set(connection.execute(select(ACCOUNTS.c.account)).scalars())
                put(connection, f"{len(held):012}")

    threads = [threading.Thread(target=add, args=(store,)) for store in stores for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accounts(stores[0]) == {f"{number:012}" for number in range(100)}


def test_a_read_is_of_one_instant(open_another: OpenStore) -> None:
    one, other = open_another(), open_another()
    with one.read() as connection:
        first = set(connection.execute(select(ACCOUNTS.c.account)).scalars())
        with other.write() as writing:
            put(writing, "111122223333")
        second = set(connection.execute(select(ACCOUNTS.c.account)).scalars())
    assert first == second == set()
    assert accounts(one) == {"111122223333"}


def test_instants_keep_microseconds(store: Store) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    values = {
        "id": "AROA1",
        "account": "111122223333",
        "name": "r",
        "name_key": "r",
        "path": "/",
        "created_at": at,
        "trust": "",
        "trust_ids": "{}",
        "description": "",
        "max_session_duration": 3600,
        "boundary_arn": "",
        "service": "",
        "last_used_at": datetime(1969, 12, 31, tzinfo=UTC) + timedelta(microseconds=1),
    }
    with store.write() as connection:
        connection.execute(insert(ROLES).values(**values))
    with store.read() as connection:
        row = connection.execute(select(ROLES)).one()
    assert row.created_at == at
    assert row.last_used_at == datetime(1969, 12, 31, tzinfo=UTC) + timedelta(microseconds=1)


def test_a_failure_repeats_no_values(store: Store) -> None:
    """It is written to the log where it is a mistake of ours. (PostgreSQL names the key that is there twice.)"""
    row = {"account": "1", "password_policy": "planted", "credential_report": "planted"}
    with pytest.raises(Exception, match="INSERT") as failure, store.write() as connection:
        connection.execute(insert(ACCOUNTS), [row, row])
    assert "planted" not in str(failure.value)


def test_text_keeps_every_script(store: Store) -> None:
    with store.write() as connection:
        connection.execute(
            insert(ACCOUNTS).values(account="1", password_policy="żółć 漢字 🙂 ' \" \\ %s :x", credential_report="")
        )
    with store.read() as connection:
        assert connection.execute(select(ACCOUNTS.c.password_policy)).scalar_one() == "żółć 漢字 🙂 ' \" \\ %s :x"
