"""Migrations: they make what the tables say, from every earlier schema, and refuse what they do not know."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import make_url

import podid.audit.tables
import podid.eks.tables
import podid.iam.tables  # noqa: F401 - the tables hang themselves on the metadata
from podid.store import MasterKey, metadata, open_store
from podid.store.migrate import SchemaProblem, migrate
from podid.store.postgres import postgres_engine
from podid.store.schema import VERSIONS, head
from podid.store.sqlite import sqlite_engine

REVISIONS = sorted(path.stem for path in VERSIONS.glob("[0-9]*.py"))


def engine_for(url: str) -> Engine:
    address = make_url(url)
    return sqlite_engine(address) if address.get_backend_name() == "sqlite" else postgres_engine(address)


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "target_metadata": metadata, "include_object": _ours}
        )
        return list(compare_metadata(context, metadata))


def _ours(_item: object, name: str | None, type_: str, _reflected: bool, _compare_to: object) -> bool:
    return not (type_ == "table" and name == "alembic_version")


@pytest.mark.parametrize("start", [None, *REVISIONS])
def test_every_earlier_schema_reaches_what_the_tables_say(store_url: str, start: str | None) -> None:
    engine = engine_for(store_url)
    if start is not None:
        migrate(engine, start)
    open_store(store_url, master_key=MasterKey.generate()).close()
    assert differences(engine) == []
    engine.dispose()


def test_the_migrations_are_one_chain_in_the_order_of_their_names() -> None:
    downs = {}
    for name in REVISIONS:
        source: dict[str, object] = {}
        exec((VERSIONS / f"{name}.py").read_text(), source)
        assert source["revision"] == name
        downs[name] = source["down_revision"]
    assert [downs[name] for name in REVISIONS] == [None, *REVISIONS[:-1]]


def test_a_database_of_a_newer_podid_is_refused(store_url: str) -> None:
    open_store(store_url, master_key=MasterKey.generate()).close()
    engine = engine_for(store_url)
    with engine.connect() as plain, plain.execution_options(podid_kind="write").begin():
        plain.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    with pytest.raises(SchemaProblem, match="another version of podid"):
        open_store(store_url, master_key=MasterKey.generate())
    with engine.connect() as connection:
        assert "iam_roles" in inspect(connection).get_table_names()
    engine.dispose()


def test_a_current_schema_is_opened_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    open_store(url, master_key=MasterKey.generate()).close()
    program = (
        "import sys; from podid.store import MasterKey, open_store; "
        f"open_store({url!r}, master_key=MasterKey.generate()).close(); "
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_head_is_the_last_migration() -> None:
    assert head() == REVISIONS[-1]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="needs a file"):
        open_store(url, master_key=MasterKey.generate())


def test_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="not on 'mysql'"):
        open_store("mysql://host/db", master_key=MasterKey.generate())
