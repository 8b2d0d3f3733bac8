"""The store: writes that survive, revisions that count, watches that miss nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podid.localcluster.objects.changes import Change, ChangeLog, Gone
from podid.localcluster.objects.journal import InUse, Journal
from podid.localcluster.objects.metadata import metadata, name_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import AlreadyExists, Event, Object

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def config_map(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


def open_store(path: Path) -> ObjectStore:
    return ObjectStore(Journal(path / "objects.db"), clock=lambda: NOW, random=os.urandom)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    store = open_store(tmp_path)
    yield store
    store.close()


def test_a_new_object_gets_an_identity(store: ObjectStore) -> None:
    made = store.create("configmaps", config_map("a"))
    meta = metadata(made)
    assert meta["creationTimestamp"] == "2026-01-02T03:04:05Z"
    assert len(meta["uid"]) == 36
    assert meta["resourceVersion"] == str(store.revision)
    with pytest.raises(AlreadyExists):
        store.create("configmaps", config_map("a"))


def test_what_is_given_and_what_is_stored_share_nothing(store: ObjectStore) -> None:
    mine = config_map("a", x="1")
    store.create("configmaps", mine)
    mine["data"]["x"] = "2"
    found = store.get("configmaps", "default", "a")
    assert found is not None
    assert found["data"] == {"x": "1"}


def test_an_equal_object_changes_nothing(store: ObjectStore) -> None:
    made = store.create("configmaps", config_map("a", x="1"))
    assert store.update("configmaps", "default", "a", lambda obj: obj["data"].update(x="1")) is made
    assert store.revision == int(metadata(made)["resourceVersion"])


def test_identity_cannot_be_changed(store: ObjectStore) -> None:
    made = store.create("configmaps", config_map("a"))

    def change(obj: Object) -> None:
        obj["metadata"] = {"name": "b", "uid": "other", "labels": {"x": "y"}}

    changed = store.update("configmaps", "default", "a", change)
    assert changed is not None
    assert metadata(changed)["uid"] == metadata(made)["uid"]
    assert name_of(changed) == "a"
    assert metadata(changed)["labels"] == {"x": "y"}


def test_a_change_that_fails_leaves_the_object(store: ObjectStore) -> None:
    made = store.create("configmaps", config_map("a", x="1"))

    def change(obj: Object) -> None:
        obj["data"]["x"] = "2"
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        store.update("configmaps", "default", "a", change)
    assert store.get("configmaps", "default", "a") is made


def test_there_is_nothing_to_update(store: ObjectStore) -> None:
    assert store.update("configmaps", "default", "a", lambda obj: None) is None
    assert store.remove("configmaps", "default", "a") is False


def test_remove_spares_another_object_of_the_same_name(store: ObjectStore) -> None:
    made = store.create("configmaps", config_map("a"))
    assert store.remove("configmaps", "default", "a", "other") is False
    assert store.remove("configmaps", "default", "a", metadata(made)["uid"]) is True
    assert store.get("configmaps", "default", "a") is None


def test_an_object_with_finalizers_goes_with_the_last_of_them(store: ObjectStore) -> None:
    held = config_map("a")
    held["metadata"]["finalizers"] = ["example.com/one"]
    store.create("configmaps", held)
    assert store.remove("configmaps", "default", "a") is False
    marked = store.get("configmaps", "default", "a")
    assert marked is not None
    assert metadata(marked)["deletionTimestamp"] == "2026-01-02T03:04:05Z"
    store.update("configmaps", "default", "a", lambda obj: obj["metadata"].pop("finalizers"))
    assert store.get("configmaps", "default", "a") is None


def test_lists_are_in_order_and_by_namespace(store: ObjectStore) -> None:
    for namespace, name in (("b", "x"), ("a", "z"), ("a", "y")):
        obj = config_map(name)
        obj["metadata"]["namespace"] = namespace
        store.create("configmaps", obj)
    assert [(obj["metadata"]["namespace"], name_of(obj)) for obj in store.list("configmaps")] == [
        ("a", "y"),
        ("a", "z"),
        ("b", "x"),
    ]
    assert [name_of(obj) for obj in store.list("configmaps", "b")] == ["x"]


def test_everything_is_there_after_the_file_is_opened_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.create("configmaps", config_map("kept", x="1"))
    store.create("configmaps", config_map("gone"))
    store.remove("configmaps", "default", "gone")
    revision = store.revision
    store.close()
    again = open_store(tmp_path)
    assert [obj["data"] for obj in again.list("configmaps")] == [{"x": "1"}]
    assert again.revision == revision
    with pytest.raises(Gone):
        again.log("configmaps").since(revision - 1)
    assert again.log("configmaps").since(revision) == []
    again.close()


def test_the_file_is_private_and_held_by_one(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert (tmp_path / "objects.db").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InUse):
        Journal(tmp_path / "objects.db", patience=0.05)
    store.close()


def test_a_write_that_the_disk_refuses_is_not_seen(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = store.create("configmaps", config_map("a", x="1"))

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(store._journal, "put", full)
    with pytest.raises(OSError, match="no space"):
        store.update("configmaps", "default", "a", lambda obj: obj["data"].update(x="2"))
    assert store.get("configmaps", "default", "a") is made
    assert store.revision == int(metadata(made)["resourceVersion"])


async def _take(store: ObjectStore, count: int) -> list[tuple[str, str]]:
    taken: list[tuple[str, str]] = []
    async with aclosing(store.watch("configmaps")) as events:  # type: ignore[type-var]
        async for event in events:
            taken.append((event.type, name_of(event.object)))
            if len(taken) == count:
                return taken
    return taken


def test_a_watch_begins_with_all_there_is_and_goes_on_in_order(store: ObjectStore) -> None:
    async def scenario() -> list[tuple[str, str]]:
        store.create("configmaps", config_map("a"))
        watching = asyncio.create_task(_take(store, 4))
        await asyncio.sleep(0)
        store.create("configmaps", config_map("b"))
        store.update("configmaps", "default", "a", lambda obj: obj["data"].update(x="1"))
        store.remove("configmaps", "default", "b")
        return await watching

    assert asyncio.run(scenario()) == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_a_watch_that_fell_behind_gets_the_differences(store: ObjectStore) -> None:
    store._logs["configmaps"] = ChangeLog(store.revision, keep=2)

    async def scenario() -> list[Event]:
        for name in ("kept", "changed", "gone"):
            store.create("configmaps", config_map(name))
        found: list[Event] = []
        async with aclosing(store.watch("configmaps")) as events:  # type: ignore[type-var]
            async for event in events:
                found.append(event)
                if len(found) == 1:
                    store.remove("configmaps", "default", "gone")
                    store.update("configmaps", "default", "changed", lambda obj: obj["data"].update(x="1"))
                    for number in range(10):
                        store.create("configmaps", config_map(f"new{number}"))
                if len(found) == 3 + 12:
                    return found
        return found

    told = [(event.type, name_of(event.object)) for event in asyncio.run(scenario())[3:]]
    assert told[0] == ("DELETED", "gone")
    assert ("MODIFIED", "changed") in told
    assert sum(1 for type_, _ in told if type_ == "ADDED") == 10
    assert ("MODIFIED", "kept") not in told


def test_a_log_forgets_the_oldest_and_says_so() -> None:
    log = ChangeLog(start=10, keep=4)
    for revision in range(11, 31):
        log.append(Change(revision, "ADDED", {}))
    kept = log.since(30 - 4)
    assert [change.revision for change in kept] == [27, 28, 29, 30]
    assert log.since(30) == []
    with pytest.raises(Gone):
        log.since(10)
