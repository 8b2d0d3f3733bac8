"""A user as decisions need it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import Connection

from podid.iam.entities import USER, by_id
from podid.iam.tagging import tags_of


class User(Struct, frozen=True, kw_only=True):
    """One user."""

    account: str
    name: str
    path: str
    arn: str
    id: str
    tags: Mapping[str, str]
    boundary_arn: str = ""


def load_user(connection: Connection, identity: str, partition: str) -> User | None:
    """The user with that unique id, or None."""
    row = by_id(connection, USER, identity)
    if row is None:
        return None
    return User(
        account=row.account,
        name=row.name,
        path=row.path,
        arn=USER.arn(partition, row),
        id=row.id,
        tags=tags_of(connection, row.id),
        boundary_arn=row.boundary_arn,
    )
