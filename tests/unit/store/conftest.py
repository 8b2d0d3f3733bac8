"""Stores to hold against each other: SQLite, and PostgreSQL where its server is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests import postgresql

from podid.store import MasterKey, Store, open_store

OpenStore = Callable[[], Store]
"""Opens the same database again, as another replica would. All are closed after the test."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgresql.running() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    return postgresql.new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def open_another(store_url: str) -> Iterator[OpenStore]:
    key = MasterKey.generate()
    opened: list[Store] = []

    def open_it() -> Store:
        opened.append(open_store(store_url, master_key=key))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_another: OpenStore) -> Store:
    return open_another()
