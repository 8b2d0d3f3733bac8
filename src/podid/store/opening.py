"""Opening a store: choose the database's adapter, bring the schema up to date, hand out a `Store`."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL, make_url

from podid.store.master_key import MasterKey
from podid.store.schema import head
from podid.store.store import Revisions, Store


def open_store(url: str, *, master_key: MasterKey) -> Store:
    """Open `sqlite:////path/state.db` or `postgresql+psycopg://…`, making or migrating the schema as needed.

    Raises ValueError for any other URL, and SchemaProblem (see `migrate`) for a database that a newer podid wrote.
    """
    address = make_url(url)
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
        _update(engine)
        return Store(engine, watch(address), master_key)
    except BaseException:
        engine.dispose()
        raise


def _update(engine: Engine) -> None:
    if _schema(engine) != head():
        from podid.store.migrate import migrate  # Alembic takes a third of a second to import

        migrate(engine)


def _schema(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
