"""Opening a store: choose the database's adapter, bring the schema up to date, hand out a `Store`."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from podid.store.master_key import MasterKey
from podid.store.problems import StoreProblem
from podid.store.schema import head
from podid.store.store import Revisions, Store


def open_store(url: str, *, master_key: MasterKey, update: bool = True) -> Store:
    """Open `sqlite:////path/state.db` or `postgresql+psycopg://…`, making or migrating the schema as needed.

    With `update` off the schema is left as it is, and one that is missing is a problem. Raises ValueError for any other URL; StoreProblem
    for a database that cannot be reached or read, and, as SchemaProblem (see `migrate`), for one that a newer podid wrote.
    """
    try:
        address = make_url(url)
    except ArgumentError as problem:
        raise ValueError("this is not the URL of a database") from problem
    watch: Callable[[URL], Revisions]
    if address.get_backend_name() == "sqlite":
        from podid.store.sqlite import SqliteRevisions, sqlite_engine

        engine, watch = sqlite_engine(address), SqliteRevisions
    elif address.get_backend_name() == "postgresql":
        from podid.store.postgres import PostgresRevisions, postgres_engine

        engine, watch = postgres_engine(address), PostgresRevisions
    else:
        raise ValueError(f"a store is on sqlite or postgresql, not on {address.get_backend_name()!r}")
    try:
        if update:
            _update(engine)
        elif _schema(engine) is None:
            raise StoreProblem("there is no state in this database")
        return Store(engine, watch(address), master_key)
    except DBAPIError as problem:
        engine.dispose()
        reason = str(problem.orig).strip().partition("\n")[0]
        raise StoreProblem(f"the database {_shown(address)} cannot be used: {reason}") from problem
    except BaseException:
        engine.dispose()
        raise


def _shown(address: URL) -> str:
    """A URL for people: without the password."""
    return address.set(query={}).render_as_string(hide_password=True)


def _update(engine: Engine) -> None:
    if _schema(engine) != head():
        from podid.store.migrate import migrate  # Alembic takes a third of a second to import

        migrate(engine)


def _schema(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
