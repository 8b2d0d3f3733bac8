"""An access key of a user, as authentication needs it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from sqlalchemy import Connection, select

from podid.core.caller import Caller
from podid.iam.entities import USER, by_id
from podid.iam.sealed_columns import ACCESS_KEY_SECRET
from podid.iam.state import IamState
from podid.iam.tables import ACCESS_KEYS
from podid.iam.tagging import tags_of


class Key(Struct, frozen=True, kw_only=True):
    """One access key with its secret, and the user it belongs to."""

    access_key_id: str
    secret: str
    account: str
    user_arn: str
    user_id: str
    user_name: str
    active: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    """The user's tags."""

    def __repr__(self) -> str:
        return f"Key({self.access_key_id!r}, {self.user_arn!r}, active={self.active})"


def load_key(connection: Connection, state: IamState, access_key_id: str) -> Key | None:
    """The key of that id, or None."""
    row = connection.execute(select(ACCESS_KEYS).where(ACCESS_KEYS.c.id == access_key_id)).one_or_none()
    if row is None:
        return None
    user = by_id(connection, USER, row.user_id)
    assert user is not None  # a foreign key
    return Key(
        access_key_id=row.id,
        secret=ACCESS_KEY_SECRET.decrypt(state.store.master_key, row.secret, row.id).decode(),
        account=row.account,
        user_arn=USER.arn(state.partition, user),
        user_id=user.id,
        user_name=user.name,
        active=row.active,
        tags=tags_of(connection, user.id),
    )


def caller_of_key(key: Key) -> Caller:
    """The user that signs with this key."""
    return Caller(
        kind="user",
        account=key.account,
        arn=key.user_arn,
        user_id=key.user_id,
        access_key_id=key.access_key_id,
        issuer_arn=key.user_arn,
        issuer_id=key.user_id,
        user_name=key.user_name,
        tags=key.tags,
    )
