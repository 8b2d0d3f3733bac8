"""Clusters in the store."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.engine import Row

from podid.eks.cluster import Cluster
from podid.eks.key_source import KeySource
from podid.eks.tables import ACCESS_ENTRIES, ADDONS, ASSOCIATIONS, CLUSTERS, UPDATES


def find(connection: Connection, account: str, region: str, name: str, *, lock: bool = False) -> Cluster | None:
    """One cluster. `lock` keeps others from changing what belongs to it until the transaction ends."""
    query = select(CLUSTERS).where(*_is(account, region, name))
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _cluster(row)


def names(connection: Connection, account: str, region: str, *, after: str, most: int) -> list[str]:
    """Names in alphabetical order, those after `after`."""
    query = (
        select(CLUSTERS.c.name)
        .where(CLUSTERS.c.account == account, CLUSTERS.c.region == region, CLUSTERS.c.name > after)
        .order_by(CLUSTERS.c.name)
        .limit(most)
    )
    return list(connection.execute(query).scalars())


def of_issuer(connection: Connection, account: str, issuer: str) -> Cluster | None:
    """The account's cluster whose tokens name this issuer; the oldest, where there are several."""
    query = select(CLUSTERS).where(CLUSTERS.c.account == account, CLUSTERS.c.issuer == issuer)
    row = connection.execute(query.order_by(CLUSTERS.c.created_at, CLUSTERS.c.name).limit(1)).first()
    return None if row is None else _cluster(row)


def add(connection: Connection, cluster: Cluster) -> None:
    """Store a new cluster. Raises sqlalchemy's IntegrityError where the name is taken."""
    connection.execute(insert(CLUSTERS).values(_values(cluster)))


def put(connection: Connection, cluster: Cluster) -> None:
    """Store a cluster over the one of its name."""
    connection.execute(
        update(CLUSTERS).where(*_is(cluster.account, cluster.region, cluster.name)).values(_values(cluster))
    )


def remove(connection: Connection, account: str, region: str, name: str) -> None:
    """Take a cluster away, with all that belongs to it."""
    for table in (ASSOCIATIONS, ADDONS, ACCESS_ENTRIES, UPDATES):
        connection.execute(
            delete(table).where(table.c.account == account, table.c.region == region, table.c.cluster == name)
        )
    connection.execute(delete(CLUSTERS).where(*_is(account, region, name)))


def _is(account: str, region: str, name: str) -> tuple[Any, ...]:
    return (CLUSTERS.c.account == account, CLUSTERS.c.region == region, CLUSTERS.c.name == name)


def _values(cluster: Cluster) -> dict[str, Any]:
    return {
        "account": cluster.account,
        "region": cluster.region,
        "name": cluster.name,
        "version": cluster.version,
        "platform_version": cluster.platform_version,
        "status": cluster.status,
        "created_at": cluster.created_at,
        "role_arn": cluster.role_arn,
        "endpoint": cluster.endpoint,
        "ca_data": cluster.ca_data,
        "issuer": cluster.issuer,
        "key_source": msgspec.json.encode(cluster.keys).decode(),
        "kubeconfig": cluster.kubeconfig,
        "creator_arn": cluster.creator_arn,
        "registered": cluster.registered,
        "config": msgspec.json.encode(cluster.config).decode(),
        "tags": msgspec.json.encode(cluster.tags).decode(),
    }


def _cluster(row: Row[Any]) -> Cluster:
    return Cluster(
        account=row.account,
        region=row.region,
        name=row.name,
        version=row.version,
        platform_version=row.platform_version,
        status=row.status,
        created_at=row.created_at,
        role_arn=row.role_arn,
        endpoint=row.endpoint,
        ca_data=row.ca_data,
        issuer=row.issuer,
        keys=msgspec.json.decode(row.key_source, type=KeySource),
        kubeconfig=row.kubeconfig,
        creator_arn=row.creator_arn,
        registered=row.registered,
        config=msgspec.json.decode(row.config, type=dict[str, Any]),
        tags=msgspec.json.decode(row.tags, type=dict[str, str]),
    )
