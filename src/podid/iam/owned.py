"""What hangs on an owner (a role, user or group) by its unique id, and keeps it from being deleted."""

from __future__ import annotations

from sqlalchemy import Connection, Table, select

from podid.iam.errors import DeleteConflict
from podid.iam.tables import ATTACHMENTS, INLINE_POLICIES


def refuse_owned(connection: Connection, owner: str) -> None:
    """Raise DeleteConflict while policies hang on the owner."""
    if _any(connection, ATTACHMENTS, owner):
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if _any(connection, INLINE_POLICIES, owner):
        raise DeleteConflict("Cannot delete entity, must delete policies first.")


def _any(connection: Connection, table: Table, owner: str) -> bool:
    return connection.execute(select(table.c.owner_id).where(table.c.owner_id == owner).limit(1)).first() is not None
