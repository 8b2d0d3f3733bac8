"""Things with a unique id, a name and a path: roles, users, groups, managed policies, instance profiles.

One set of queries serves all five; what differs between them is in their `Kind`. Names are unique in an account without regard to case
(IAM user guide, "IAM identifiers") and are looked up exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, Table, func, insert, select, update

from podid.core.ids import UniqueIdPrefix, unique_id
from podid.iam import tables
from podid.iam.errors import EntityAlreadyExists, NoSuchEntity, over_quota
from podid.iam.state import IamState


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of entity, with IAM's texts about it. In the texts `{}` is the name."""

    table: Table
    prefix: UniqueIdPrefix
    resource: str
    """The resource type in its ARN."""
    missing: str
    exists: str
    quota: str
    limit: int
    """How many an account may have: IAM user guide, "IAM and STS quotas", the default quotas."""

    def arn(self, partition: str, row: Any) -> str:
        return f"arn:{partition}:iam::{row.account}:{self.resource}{row.path}{row.name}"


ROLE: Final = Kind(
    table=tables.ROLES,
    prefix="AROA",
    resource="role",
    missing="The role with name {} cannot be found.",
    exists="Role with name {} already exists.",
    quota="RolesPerAccount",
    limit=1000,
)
USER: Final = Kind(
    table=tables.USERS,
    prefix="AIDA",
    resource="user",
    missing="The user with name {} cannot be found.",
    exists="User with name {} already exists.",
    quota="UsersPerAccount",
    limit=5000,
)
GROUP: Final = Kind(
    table=tables.GROUPS,
    prefix="AGPA",
    resource="group",
    missing="The group with name {} cannot be found.",
    exists="Group with name {} already exists.",
    quota="GroupsPerAccount",
    limit=300,
)
POLICY: Final = Kind(
    table=tables.POLICIES,
    prefix="ANPA",
    resource="policy",
    missing="Policy {} was not found.",
    exists="A policy called {} already exists. Duplicate names are not allowed.",
    quota="PoliciesPerAccount",
    limit=1500,
)
INSTANCE_PROFILE: Final = Kind(
    table=tables.INSTANCE_PROFILES,
    prefix="AIPA",
    resource="instance-profile",
    missing="Instance Profile {} cannot be found.",
    exists="Instance Profile {} already exists.",
    quota="InstanceProfilesPerAccount",
    limit=1000,
)
SERVER_CERTIFICATE: Final = Kind(
    table=tables.SERVER_CERTIFICATES,
    prefix="ASCA",
    resource="server-certificate",
    missing="The Server Certificate with name {} cannot be found.",
    exists="The Server Certificate with name {} already exists.",
    quota="ServerCertificatesPerAccount",
    limit=20,
)


def find(connection: Connection, kind: Kind, account: str, name: str) -> Row[Any] | None:
    """The entity of that name, or None."""
    table = kind.table
    return connection.execute(
        select(table).where(table.c.account == account, table.c.name_key == name.lower(), table.c.name == name)
    ).one_or_none()


def get(connection: Connection, kind: Kind, account: str, name: str) -> Row[Any]:
    """The entity of that name. Raises NoSuchEntity."""
    row = find(connection, kind, account, name)
    if row is None:
        raise NoSuchEntity(kind.missing.format(name))
    return row


def by_id(connection: Connection, kind: Kind, identity: str) -> Row[Any] | None:
    return connection.execute(select(kind.table).where(kind.table.c.id == identity)).one_or_none()


def create(
    connection: Connection,
    state: IamState,
    kind: Kind,
    *,
    account: str,
    name: str,
    path: str,
    now: datetime,
    identity: str = "",
    **columns: object,
) -> Row[Any]:
    """Insert one, with a new unique id unless it is brought. Raises EntityAlreadyExists where the name is taken in any case, LimitExceeded at the account's quota."""
    table = kind.table
    refuse_taken(connection, kind, account, name)
    if count(connection, kind, account) >= kind.limit:
        raise over_quota(kind.quota, kind.limit)
    identity = identity or unique_id(kind.prefix, state.random)
    connection.execute(
        insert(table).values(
            id=identity,
            account=account,
            name=name,
            name_key=name.lower(),
            path=path,
            # IAM's times have whole seconds.
            created_at=now.replace(microsecond=0),
            **columns,
        )
    )
    return connection.execute(select(table).where(table.c.id == identity)).one()


def refuse_taken(connection: Connection, kind: Kind, account: str, name: str, *, but: str = "") -> None:
    """Raise EntityAlreadyExists where another than the entity `but` has that name, in any case."""
    table = kind.table
    taken = connection.execute(
        select(table.c.id).where(table.c.account == account, table.c.name_key == name.lower())
    ).scalar_one_or_none()
    if taken is not None and taken != but:
        raise EntityAlreadyExists(kind.exists.format(name))


def count(connection: Connection, kind: Kind, account: str) -> int:
    """How many of a kind an account has."""
    table = kind.table
    return connection.execute(select(func.count()).select_from(table).where(table.c.account == account)).scalar_one()


def change(connection: Connection, kind: Kind, identity: str, columns: Mapping[str, object]) -> None:
    """Set columns of one entity."""
    if columns:
        connection.execute(update(kind.table).where(kind.table.c.id == identity).values(**columns))


@lru_cache(1024)
def parse_entity_arn(kind: Kind, arn: str) -> tuple[str, str, str] | None:
    """Account, path and name in the ARN of an entity of that kind; None where it is not one."""
    parts = arn.split(":", 5)
    if (
        len(parts) != 6
        or parts[0] != "arn"
        or parts[2:4] != ["iam", ""]
        or not parts[5].startswith(kind.resource + "/")
    ):
        return None
    inner, _, name = parts[5][len(kind.resource) :].rpartition("/")
    return parts[4], inner + "/", name


def by_arn(connection: Connection, kind: Kind, arn: str) -> Row[Any] | None:
    """The entity with exactly this ARN, path included."""
    parsed = parse_entity_arn(kind, arn)
    if parsed is None:
        return None
    account, path, name = parsed
    row = find(connection, kind, account, name)
    return row if row is not None and row.path == path else None
