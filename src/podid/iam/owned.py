"""What hangs on an owner (a role, user or group) by its unique id, and keeps it from being deleted."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Table, delete, select

from podid.iam.errors import DeleteConflict
from podid.iam.tables import (
    ACCESS_KEYS,
    ATTACHMENTS,
    INLINE_POLICIES,
    LOGIN_PROFILES,
    MFA_DEVICES,
    SERVICE_CREDENTIALS,
    SERVICE_USES,
    SIGNING_CERTIFICATES,
    SSH_PUBLIC_KEYS,
)

_CREDENTIALS: Final = (
    (ACCESS_KEYS, "must delete access keys first"),
    (LOGIN_PROFILES, "must delete login profile first"),
    (MFA_DEVICES, "must delete MFA device first"),
    (SIGNING_CERTIFICATES, "must delete signing certificates first"),
    (SSH_PUBLIC_KEYS, "must delete SSH public keys first"),
    (SERVICE_CREDENTIALS, "must delete service specific credentials first"),
)


def refuse_owned(connection: Connection, owner: str) -> None:
    """Raise DeleteConflict while policies hang on the owner."""
    if _any(connection, ATTACHMENTS, owner):
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if _any(connection, INLINE_POLICIES, owner):
        raise DeleteConflict("Cannot delete entity, must delete policies first.")


def refuse_held(connection: Connection, user: str) -> None:
    """Raise DeleteConflict while the user holds credentials of whatever kind."""
    for table, what in _CREDENTIALS:
        if connection.execute(select(table.c.user_id).where(table.c.user_id == user).limit(1)).first() is not None:
            raise DeleteConflict(f"Cannot delete entity, {what}.")


def forget_uses(connection: Connection, owner: str) -> None:
    """Drop what is remembered of the services that a user or role used."""
    connection.execute(delete(SERVICE_USES).where(SERVICE_USES.c.owner_id == owner))


def _any(connection: Connection, table: Table, owner: str) -> bool:
    return connection.execute(select(table.c.owner_id).where(table.c.owner_id == owner).limit(1)).first() is not None
