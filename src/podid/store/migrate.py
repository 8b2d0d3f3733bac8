"""Bringing a database's schema to the newest migration, with Alembic. Imported only when it is behind.

All steps run in one transaction (both databases roll back changes of schema), behind a lock, so that two replicas that start together
migrate once and a crash leaves the old schema.
"""

from __future__ import annotations

from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from podid.store.problems import StoreProblem
from podid.store.schema import VERSIONS

_LOCK = 7_036_875_311  # any number that nothing else in the database uses for an advisory lock


class SchemaProblem(StoreProblem):
    """The database cannot be brought to this podid's schema."""


def migrate(engine: Engine, target: str = "head") -> None:
    """Run every migration up to `target` that the database lacks. Raises SchemaProblem where its revision is not known here."""
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    script = ScriptDirectory.from_config(config)

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs(target, revision)

    with engine.connect() as plain:
        kind: dict[str, Any] = {"podid_kind": "write"} if engine.dialect.name == "sqlite" else {}
        connection = plain.execution_options(**kind)
        with connection.begin():
            _wait_for_turn(connection)
            environment = EnvironmentContext(config, script, fn=steps, destination_rev=target)
            environment.configure(connection=connection, transactional_ddl=True)
            try:
                environment.run_migrations()
            except CommandError as problem:
                raise SchemaProblem(
                    f"this database was written by another version of podid than the one that runs: {problem}"
                ) from problem


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
