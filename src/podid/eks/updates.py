"""Updates: what was changed on a cluster or an add-on, and how far it has come (DescribeUpdate, ListUpdates)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, insert, or_, select
from sqlalchemy import update as sql_update
from sqlalchemy.engine import Row

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.eks.clusters import Clusters
from podid.eks.errors import ResourceNotFound
from podid.eks.instants import from_millis, to_millis
from podid.eks.paging import page_of
from podid.eks.tables import UPDATES
from podid.store import Store

_T = UPDATES.c
UpdateStatus = Literal["InProgress", "Failed", "Cancelled", "Successful"]


class UpdateError(Struct, frozen=True):
    """Why an update failed; `code` is one of the model's error codes."""

    code: str
    message: str
    resources: tuple[str, ...] = ()

    def view(self) -> Output:
        return {"errorCode": self.code, "errorMessage": self.message, "resourceIds": list(self.resources)}


class Update(Struct, frozen=True, kw_only=True):
    """One change. `addon` is empty for a change of the cluster itself."""

    account: str
    region: str
    cluster: str
    id: str
    addon: str = ""
    type: str
    status: UpdateStatus
    params: list[dict[str, str]]
    errors: tuple[UpdateError, ...] = ()
    created_at: datetime

    def view(self, *, status: str = "") -> Output:
        """The Update shape; `status` other than the stored one for the moment of an answer."""
        return {
            "id": self.id,
            "status": status or self.status,
            "type": self.type,
            "params": self.params,
            "createdAt": self.created_at,
            "errors": [error.view() for error in self.errors],
        }


def add(connection: Connection, update: Update) -> None:
    """Store a new update."""
    connection.execute(
        insert(UPDATES).values(
            account=update.account,
            region=update.region,
            cluster=update.cluster,
            id=update.id,
            addon=update.addon,
            type=update.type,
            status=update.status,
            params=msgspec.json.encode(update.params).decode(),
            errors=msgspec.json.encode(update.errors).decode(),
            created_at=update.created_at,
        )
    )


def finish(
    connection: Connection,
    account: str,
    region: str,
    cluster: str,
    update_id: str,
    status: UpdateStatus,
    errors: Sequence[UpdateError] = (),
) -> None:
    """Say how an update ended."""
    connection.execute(
        sql_update(UPDATES)
        .where(*_in(account, region, cluster), _T.id == update_id)
        .values(status=status, errors=msgspec.json.encode(errors).decode())
    )


def find(connection: Connection, account: str, region: str, cluster: str, update_id: str) -> Update | None:
    """One update of a cluster or of one of its add-ons."""
    row = connection.execute(select(UPDATES).where(*_in(account, region, cluster), _T.id == update_id)).first()
    return None if row is None else _update(row)


class Updates:
    """Describe and list."""

    def __init__(self, store: Store, clusters: Clusters) -> None:
        self._store = store
        self._clusters = clusters

    @operation("DescribeUpdate")
    def describe_update(
        self,
        call: Call,
        *,
        name: str,
        update_id: str,
        nodegroup_name: str | None = None,
        addon_name: str | None = None,
        capability_name: str | None = None,
    ) -> Output:
        self._clusters.require(call, name)
        with self._store.read() as connection:
            of = (call.account, call.region, name)
            found = find(connection, *of, update_id) if update_id.isprintable() else None
        if found is None or nodegroup_name or capability_name or found.addon != (addon_name or ""):
            raise ResourceNotFound(f"No update found for id: {update_id[:100]}.", clusterName=name)
        return {"update": found.view()}

    @operation("ListUpdates")
    def list_updates(
        self,
        call: Call,
        *,
        name: str,
        nodegroup_name: str | None = None,
        addon_name: str | None = None,
        capability_name: str | None = None,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> Output:
        cluster = self._clusters.require(call, name)
        if addon_name is not None and not addon_name.isprintable():
            return {"updateIds": []}
        if nodegroup_name or capability_name:
            kind, which = ("node group", nodegroup_name) if nodegroup_name else ("capability", capability_name)
            raise ResourceNotFound(f"No {kind} found for name: {which}.", clusterName=name)
        page = page_of(max_results, next_token, "updates", cluster.arn, addon_name or "", key=(int, str))
        query = select(UPDATES).where(
            *_in(cluster.account, cluster.region, cluster.name), _T.addon == (addon_name or "")
        )
        if page.after:
            created, last = from_millis(int(page.after[0])), str(page.after[1])
            query = query.where(or_(_T.created_at > created, and_(_T.created_at == created, _T.id > last)))
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(_T.created_at, _T.id).limit(page.size + 1)).all()
        told = rows[: page.size]
        key = (to_millis(told[-1].created_at), told[-1].id) if told else None
        return {"updateIds": [row.id for row in told], "nextToken": page.cut(rows, key)}


def _in(account: str, region: str, cluster: str) -> tuple[Any, ...]:
    return (_T.account == account, _T.region == region, _T.cluster == cluster)


def _update(row: Row[Any]) -> Update:
    return Update(
        account=row.account,
        region=row.region,
        cluster=row.cluster,
        id=row.id,
        addon=row.addon,
        type=row.type,
        status=row.status,
        params=msgspec.json.decode(row.params, type=list[dict[str, str]]),
        errors=msgspec.json.decode(row.errors, type=tuple[UpdateError, ...]),
        created_at=row.created_at,
    )
