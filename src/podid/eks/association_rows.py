"""Associations in the store."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, literal, select, tuple_, update
from sqlalchemy.engine import Row

from podid.eks.association import Association
from podid.eks.instants import from_millis
from podid.eks.tables import ASSOCIATIONS

_T = ASSOCIATIONS.c


def find(connection: Connection, account: str, region: str, cluster: str, association_id: str) -> Association | None:
    """One association of a cluster, by its id."""
    query = select(ASSOCIATIONS).where(*_in(account, region, cluster), _T.id == association_id)
    row = connection.execute(query).first()
    return None if row is None else _association(row)


def find_by_subject(
    connection: Connection, account: str, region: str, cluster: str, namespace: str, service_account: str
) -> Association | None:
    """The association of a service account: by the unique index, so the number of associations does not matter."""
    query = select(ASSOCIATIONS).where(
        *_in(account, region, cluster), _T.namespace == namespace, _T.service_account == service_account
    )
    row = connection.execute(query).first()
    return None if row is None else _association(row)


def page(
    connection: Connection,
    account: str,
    region: str,
    cluster: str,
    *,
    namespace: str = "",
    service_account: str = "",
    after: tuple[int, str] | None,
    most: int,
) -> list[Association]:
    """Associations of a cluster in the order of creation (then id), those after the given one."""
    query = select(ASSOCIATIONS).where(*_in(account, region, cluster))
    if namespace:
        query = query.where(_T.namespace == namespace)
    if service_account:
        query = query.where(_T.service_account == service_account)
    if after is not None:
        # As one value, which the index of the order finds: the thousandth page takes no longer than the first.
        last = tuple_(literal(from_millis(after[0]), _T.created_at.type), literal(after[1]))
        query = query.where(tuple_(_T.created_at, _T.id) > last)
    rows = connection.execute(query.order_by(_T.created_at, _T.id).limit(most))
    return [_association(row) for row in rows]


def owned_by(connection: Connection, account: str, region: str, cluster: str, owner_arn: str) -> list[Association]:
    """The associations that an add-on made, in the order of creation."""
    query = select(ASSOCIATIONS).where(*_in(account, region, cluster), _T.owner_arn == owner_arn)
    return [_association(row) for row in connection.execute(query.order_by(_T.created_at, _T.id))]


def count(connection: Connection, account: str, region: str, cluster: str) -> int:
    """How many associations a cluster has."""
    query = select(func.count()).select_from(ASSOCIATIONS).where(*_in(account, region, cluster))
    return connection.execute(query).scalar_one()


def add(connection: Connection, association: Association) -> None:
    """Store a new association. Raises sqlalchemy's IntegrityError where its service account has one."""
    connection.execute(insert(ASSOCIATIONS).values(_values(association)))


def put(connection: Connection, association: Association) -> None:
    """Store an association over the one of its id."""
    connection.execute(
        update(ASSOCIATIONS)
        .where(*_in(association.account, association.region, association.cluster), _T.id == association.id)
        .values(_values(association))
    )


def remove(connection: Connection, association: Association) -> None:
    """Take an association away."""
    connection.execute(
        delete(ASSOCIATIONS).where(
            *_in(association.account, association.region, association.cluster), _T.id == association.id
        )
    )


def _in(account: str, region: str, cluster: str) -> tuple[Any, ...]:
    return (_T.account == account, _T.region == region, _T.cluster == cluster)


def _values(association: Association) -> dict[str, Any]:
    return {
        "account": association.account,
        "region": association.region,
        "cluster": association.cluster,
        "id": association.id,
        "namespace": association.namespace,
        "service_account": association.service_account,
        "role_arn": association.role_arn,
        "target_role_arn": association.target_role_arn,
        "disable_session_tags": association.disable_session_tags,
        "policy": association.policy,
        "owner_arn": association.owner_arn,
        "created_at": association.created_at,
        "modified_at": association.modified_at,
        "tags": msgspec.json.encode(association.tags).decode(),
    }


def _association(row: Row[Any]) -> Association:
    return Association(
        account=row.account,
        region=row.region,
        cluster=row.cluster,
        id=row.id,
        namespace=row.namespace,
        service_account=row.service_account,
        role_arn=row.role_arn,
        target_role_arn=row.target_role_arn,
        disable_session_tags=row.disable_session_tags,
        policy=row.policy,
        owner_arn=row.owner_arn,
        created_at=row.created_at,
        modified_at=row.modified_at,
        tags=msgspec.json.decode(row.tags, type=dict[str, str]),
    )
