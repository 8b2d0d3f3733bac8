"""Add-ons in the store."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.engine import Row

from podid.eks.addons.addon import Addon, Issue
from podid.eks.tables import ADDONS

_T = ADDONS.c


def find(connection: Connection, account: str, region: str, cluster: str, name: str) -> Addon | None:
    """One add-on of a cluster."""
    row = connection.execute(select(ADDONS).where(*_in(account, region, cluster), _T.name == name)).first()
    return None if row is None else _addon(row)


def names(connection: Connection, account: str, region: str, cluster: str, *, after: str, most: int) -> list[str]:
    """Names of a cluster's add-ons in alphabetical order, those after `after`."""
    query = select(_T.name).where(*_in(account, region, cluster), _T.name > after).order_by(_T.name).limit(most)
    return list(connection.execute(query).scalars())


def everywhere(connection: Connection) -> list[Addon]:
    """All add-ons of all clusters: what the worker looks after."""
    rows = connection.execute(select(ADDONS).order_by(_T.account, _T.region, _T.cluster, _T.name))
    return [_addon(row) for row in rows]


def add(connection: Connection, addon: Addon) -> None:
    """Store a new add-on. Raises sqlalchemy's IntegrityError where the cluster has one of that name."""
    connection.execute(insert(ADDONS).values(_values(addon)))


def put(connection: Connection, addon: Addon) -> None:
    """Store an add-on over the one of its name."""
    connection.execute(
        update(ADDONS)
        .where(*_in(addon.account, addon.region, addon.cluster), _T.name == addon.name)
        .values(_values(addon))
    )


def remove(connection: Connection, addon: Addon) -> None:
    """Take an add-on away."""
    connection.execute(delete(ADDONS).where(*_in(addon.account, addon.region, addon.cluster), _T.name == addon.name))


def _in(account: str, region: str, cluster: str) -> tuple[Any, ...]:
    return (_T.account == account, _T.region == region, _T.cluster == cluster)


def _values(addon: Addon) -> dict[str, Any]:
    return {
        "account": addon.account,
        "region": addon.region,
        "cluster": addon.cluster,
        "name": addon.name,
        "uuid": addon.uuid,
        "version": addon.version,
        "status": addon.status,
        "status_since": addon.status_since,
        "issues": msgspec.json.encode(addon.issues).decode(),
        "service_account_role_arn": addon.service_account_role_arn,
        "configuration_values": addon.configuration_values,
        "namespace": addon.namespace,
        "resolve_conflicts": addon.resolve_conflicts,
        "preserve": addon.preserve,
        "applied": addon.applied,
        "update_id": addon.update_id,
        "created_at": addon.created_at,
        "modified_at": addon.modified_at,
        "tags": msgspec.json.encode(addon.tags).decode(),
    }


def _addon(row: Row[Any]) -> Addon:
    return Addon(
        account=row.account,
        region=row.region,
        cluster=row.cluster,
        name=row.name,
        uuid=row.uuid,
        version=row.version,
        status=row.status,
        status_since=row.status_since,
        issues=msgspec.json.decode(row.issues, type=tuple[Issue, ...]),
        service_account_role_arn=row.service_account_role_arn,
        configuration_values=row.configuration_values,
        namespace=row.namespace,
        resolve_conflicts=row.resolve_conflicts,
        preserve=row.preserve,
        applied=row.applied,
        update_id=row.update_id,
        created_at=row.created_at,
        modified_at=row.modified_at,
        tags=msgspec.json.decode(row.tags, type=dict[str, str]),
    )
