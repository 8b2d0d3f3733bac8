"""Sites of replicas: on PostgreSQL, and on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import postgresql
from tests.replicas import replica
from tests.replicas.replica import Site


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgresql.running() as address:
        yield address


@pytest.fixture
def site(tmp_path: Path, postgres_server: str) -> Iterator[Site]:
    """On PostgreSQL, where there may be several."""
    with replica.site(tmp_path, postgresql.new_database(postgres_server)) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path}/state.db"
    if request.param == "postgresql":
        url = postgresql.new_database(request.getfixturevalue("postgres_server"))
    with replica.site(tmp_path, url) as made:
        yield made
