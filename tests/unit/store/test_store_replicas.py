"""How a replica on PostgreSQL hears of what another one changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from podid.store import Store, StoreUnavailable
from podid.store.postgres import BELIEVED, LISTENER, PostgresRevisions

OpenStore = Callable[[], Store]
PROMISED = 1.0
"""Seconds within which a change is seen elsewhere."""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def postgres_url(store_url: str) -> str:
    if not store_url.startswith("postgresql"):
        pytest.skip("SQLite tells of changes in its file")
    return store_url


def wait_for(what: Callable[[], bool]) -> None:
    """Until it is so: for what another thread does as fast as it can."""
    until = time.monotonic() + 30
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def follows(store: Store) -> bool:
    revisions = store._revisions
    assert isinstance(revisions, PostgresRevisions)
    return revisions.follows


@pytest.fixture
def deaf(postgres_url: str, open_another: OpenStore) -> Iterator[tuple[PostgresRevisions, Clock]]:
    """Revisions whose listening connection died without a word: nothing is heard, and no error comes either."""
    open_another()
    clock = Clock()
    revisions = PostgresRevisions(make_url(postgres_url), monotonic=clock)
    wait_for(lambda: revisions.follows)
    revisions._stop.set()
    revisions._thread.join()
    revisions._believed_until = clock() + BELIEVED
    yield revisions, clock
    revisions.close()


def test_a_lost_notification_hides_a_change_for_less_than_a_second(
    deaf: tuple[PostgresRevisions, Clock], open_another: OpenStore
) -> None:
    revisions, clock = deaf
    before = revisions.numbers()
    with open_another().write("iam"):
        pass
    assert revisions.numbers() == before
    clock.seconds += BELIEVED
    assert revisions.numbers()["iam"] == before.get("iam", 0) + 1
    assert BELIEVED < PROMISED


def test_a_replica_goes_on_without_its_listening_connection(postgres_url: str, open_another: OpenStore) -> None:
    one, other = open_another(), open_another()
    wait_for(lambda: follows(one) and follows(other))
    before = other.revision("iam")
    with one.read() as connection:
        ended = connection.execute(
            text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = :name"),
            {"name": LISTENER},
        ).scalar_one()
    assert ended >= 2
    with one.write("iam"):
        pass
    wait_for(lambda: other.revision("iam") == before + 1)
    wait_for(lambda: follows(one) and follows(other))


def test_who_listens_does_not_ask(postgres_url: str, open_another: OpenStore) -> None:
    one, other = open_another(), open_another()
    wait_for(lambda: follows(other))
    revisions = other._revisions
    assert isinstance(revisions, PostgresRevisions)
    revisions._asking.close()  # whoever asked would have to connect again
    before = other.revision("iam")
    with one.write("iam"):
        pass
    wait_for(lambda: other.revision("iam") == before + 1)
    assert revisions._asking.closed


def test_a_database_that_is_gone_is_not_asked_by_everybody_in_turn(postgres_url: str, open_another: OpenStore) -> None:
    with open_another().write("iam"):
        pass
    clock = Clock()
    revisions = PostgresRevisions(make_url(postgres_url), monotonic=clock)
    revisions._stop.set()
    revisions._thread.join()
    known = revisions._conninfo
    revisions._conninfo = make_url(postgres_url).set(port=1).set(drivername="postgresql").render_as_string()
    revisions._asking.close()
    with pytest.raises(StoreUnavailable) as refused:
        revisions.numbers()
    assert "moment ago" not in refused.value.private
    with pytest.raises(StoreUnavailable, match="cannot use its database") as refused:
        revisions.numbers()
    assert "moment ago" in refused.value.private
    revisions._conninfo = known
    clock.seconds += 1
    assert revisions.numbers()["iam"] == 1
    revisions.close()
