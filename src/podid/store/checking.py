"""Whether a state is whole: what the database itself says of it, and whether its schema is this podid's."""

from __future__ import annotations

from sqlalchemy import text

from podid.store.schema import head
from podid.store.store import Store


def check_state(store: Store) -> list[str]:
    """What is wrong, one line each; nothing where all is well."""
    problems = []
    with store.read() as connection:
        schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if schema != head():
            problems.append(f"the schema is {schema}, and this podid's is {head()}")
        if store.dialect == "sqlite":
            problems += [
                f"the file is damaged: {line}"
                for line in connection.execute(text("PRAGMA integrity_check")).scalars()
                if line != "ok"
            ]
            problems += [
                f"a row of {row[0]} refers to a row of {row[2]} that is not there"
                for row in connection.execute(text("PRAGMA foreign_key_check"))
            ]
    return problems
