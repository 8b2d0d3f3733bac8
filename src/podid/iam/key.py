"""An access key of a user, as authentication needs it."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, select

from podid.core.caller import Caller
from podid.iam.entities import USER, by_id
from podid.iam.sealed_columns import ACCESS_KEY_SECRET
from podid.iam.state import IamState
from podid.iam.tables import ACCESS_KEYS
from podid.iam.tagging import tags_of


class Key(Struct, frozen=True, kw_only=True):
    """One access key with its secret, and the user it belongs to, as the caller of what is signed with it."""

    access_key_id: str
    secret: str
    active: bool
    caller: Caller

    def __repr__(self) -> str:
        return f"Key({self.access_key_id!r}, {self.caller.arn!r}, active={self.active})"


def load_key(connection: Connection, state: IamState, access_key_id: str) -> Key | None:
    """The key of that id, or None."""
    row = connection.execute(select(ACCESS_KEYS).where(ACCESS_KEYS.c.id == access_key_id)).one_or_none()
    if row is None:
        return None
    user = by_id(connection, USER, row.user_id)
    assert user is not None  # a foreign key
    user_arn = USER.arn(state.partition, user)
    return Key(
        access_key_id=row.id,
        secret=ACCESS_KEY_SECRET.decrypt(state.store.master_key, row.secret, row.id).decode(),
        active=row.active,
        caller=Caller(
            kind="user",
            account=row.account,
            arn=user_arn,
            user_id=user.id,
            access_key_id=row.id,
            issuer_arn=user_arn,
            issuer_id=user.id,
            user_name=user.name,
            tags=tags_of(connection, user.id),
        ),
    )
