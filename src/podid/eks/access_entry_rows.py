"""Access entries in the store."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.engine import Row

from podid.eks.access_entry import AccessEntry, AssociatedPolicy
from podid.eks.tables import ACCESS_ENTRIES

_T = ACCESS_ENTRIES.c


def find(connection: Connection, account: str, region: str, cluster: str, principal_arn: str) -> AccessEntry | None:
    """The entry of a principal."""
    query = select(ACCESS_ENTRIES).where(*_in(account, region, cluster), _T.principal_arn == principal_arn)
    row = connection.execute(query).first()
    return None if row is None else _entry(row)


def find_by_arn(
    connection: Connection, account: str, region: str, cluster: str, principal: str, uuid: str
) -> AccessEntry | None:
    """The entry of an ARN `access-entry/CLUSTER/PRINCIPAL/UUID`; the UUID may be `*`, for roles of one name differ by their path alone."""
    query = select(ACCESS_ENTRIES).where(*_in(account, region, cluster))
    if uuid != "*":
        query = query.where(_T.uuid == uuid)
    found = (_entry(row) for row in connection.execute(query.order_by(_T.principal_arn)))
    return next((each for each in found if f"/{principal}/" in each.arn), None)


def all_after(connection: Connection, account: str, region: str, cluster: str, after: str) -> list[AccessEntry]:
    """A cluster's entries in the order of their principals, those after the given one. There are few."""
    query = select(ACCESS_ENTRIES).where(*_in(account, region, cluster), _T.principal_arn > after)
    return [_entry(row) for row in connection.execute(query.order_by(_T.principal_arn))]


def count(connection: Connection, account: str, region: str, cluster: str) -> int:
    """How many entries a cluster has."""
    query = select(func.count()).select_from(ACCESS_ENTRIES).where(*_in(account, region, cluster))
    return connection.execute(query).scalar_one()


def add(connection: Connection, entry: AccessEntry) -> None:
    """Store a new entry. Raises sqlalchemy's IntegrityError where the principal has one."""
    connection.execute(insert(ACCESS_ENTRIES).values(_values(entry)))


def put(connection: Connection, entry: AccessEntry) -> None:
    """Store an entry over the one of its principal."""
    connection.execute(update(ACCESS_ENTRIES).where(*_is(entry)).values(_values(entry)))


def remove(connection: Connection, entry: AccessEntry) -> None:
    """Take an entry away."""
    connection.execute(delete(ACCESS_ENTRIES).where(*_is(entry)))


def _in(account: str, region: str, cluster: str) -> tuple[Any, ...]:
    return (_T.account == account, _T.region == region, _T.cluster == cluster)


def _is(entry: AccessEntry) -> tuple[Any, ...]:
    return (*_in(entry.account, entry.region, entry.cluster), _T.principal_arn == entry.principal_arn)


def _values(entry: AccessEntry) -> dict[str, Any]:
    return {
        "account": entry.account,
        "region": entry.region,
        "cluster": entry.cluster,
        "principal_arn": entry.principal_arn,
        "principal_id": entry.principal_id,
        "uuid": entry.uuid,
        "type": entry.type,
        "username": entry.username,
        "groups": msgspec.json.encode(entry.groups).decode(),
        "policies": msgspec.json.encode(entry.policies).decode(),
        "created_at": entry.created_at,
        "modified_at": entry.modified_at,
        "tags": msgspec.json.encode(entry.tags).decode(),
    }


def _entry(row: Row[Any]) -> AccessEntry:
    return AccessEntry(
        account=row.account,
        region=row.region,
        cluster=row.cluster,
        principal_arn=row.principal_arn,
        principal_id=row.principal_id,
        uuid=row.uuid,
        type=row.type,
        username=row.username,
        groups=msgspec.json.decode(row.groups, type=tuple[str, ...]),
        policies=msgspec.json.decode(row.policies, type=tuple[AssociatedPolicy, ...]),
        created_at=row.created_at,
        modified_at=row.modified_at,
        tags=msgspec.json.decode(row.tags, type=dict[str, str]),
    )
