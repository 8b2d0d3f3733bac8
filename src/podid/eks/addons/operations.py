"""The operations on add-ons. They change what is asked for, at once and durably; the worker then changes the cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from msgspec.structs import replace
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from podid.core import ids
from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.eks import association_rows, requests, updates
from podid.eks.addons import addon_rows, owned
from podid.eks.addons.addon import IN_PROGRESS, Addon, Conflicts
from podid.eks.addons.asked import AskedAddon
from podid.eks.associations import Associations
from podid.eks.clusters import Clusters
from podid.eks.errors import InvalidParameter, ResourceInUse, ResourceNotFound
from podid.eks.instants import whole_millis
from podid.eks.paging import page_of
from podid.eks.roles import EKS_SERVICE, RolePassing, check_account, check_role_for_pods
from podid.eks.tables import ROOM
from podid.eks.updates import Update
from podid.iam import Iam
from podid.store import Store


class Addons:
    """Create, describe, list, update, delete. `wake` tells the worker that there is something to do."""

    def __init__(
        self,
        store: Store,
        iam: Iam,
        passing: RolePassing,
        clusters: Clusters,
        associations: Associations,
        *,
        random: ids.RandomBytes,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._iam = iam
        self._passing = passing
        self._clusters = clusters
        self._associations = associations
        self._random = random
        self._wake = wake

    @operation("CreateAddon")
    def create_addon(
        self,
        call: Call,
        *,
        cluster_name: str,
        addon_name: str,
        addon_version: str | None = None,
        service_account_role_arn: str | None = None,
        resolve_conflicts: str | None = None,
        client_request_token: str | None = None,
        tags: Mapping[str, str] | None = None,
        configuration_values: str | None = None,
        pod_identity_associations: Sequence[Mapping[str, str]] | None = None,
        namespace_config: Mapping[str, str] | None = None,
    ) -> Output:
        asked = AskedAddon(
            cluster=cluster_name,
            name=addon_name,
            version=addon_version,
            service_account_role_arn=service_account_role_arn,
            resolve_conflicts=resolve_conflicts,
            configuration_values=configuration_values,
            associations=pod_identity_associations,
            namespace=(namespace_config or {}).get("namespace"),
            tags=tags,
        )
        entry = asked.check()
        wishes = owned.read_wishes(pod_identity_associations or (), entry, cluster_name)
        cluster = self._clusters.require(call, cluster_name)
        request = requests.client_request(call, client_request_token, asked.parameters())
        with self._store.read() as connection:
            if first := self._recall(connection, request):
                return _told(connection, first)
        self._check_roles(call, asked, wishes, to=cluster.arn)
        now = whole_millis(call.now)
        addon = Addon(
            account=call.account,
            region=call.region,
            cluster=cluster_name,
            name=addon_name,
            uuid=ids.uuid4(self._random),
            version=addon_version or entry.versions[0],
            status="CREATING",
            status_since=now,
            service_account_role_arn=service_account_role_arn or "",
            configuration_values=configuration_values or "",
            namespace=asked.namespace or entry.namespace,
            resolve_conflicts=cast(Conflicts, resolve_conflicts or "NONE"),
            created_at=now,
            modified_at=now,
            tags=dict(tags or {}),
        )
        exists = ResourceInUse("Addon already exists.", clusterName=cluster_name, addonName=addon_name)
        try:
            with self._store.write(ROOM) as connection:
                self._clusters.lock(connection, call, cluster_name)
                if first := self._recall(connection, request):
                    return _told(connection, first)
                if addon_rows.find(connection, call.account, call.region, cluster_name, addon_name) is not None:
                    raise exists
                addon_rows.add(connection, addon)
                owned.fulfil(connection, self._associations, call, addon, wishes, self._random)
                requests.remember(connection, request, addon)
                told = _told(connection, addon)
        except IntegrityError as error:
            raise exists from error
        self._wake()
        return told

    @operation("DescribeAddon")
    def describe_addon(self, call: Call, *, cluster_name: str, addon_name: str) -> Output:
        self._clusters.require(call, cluster_name)
        with self._store.read() as connection:
            return _told(connection, _require(connection, call, cluster_name, addon_name))

    @operation("ListAddons")
    def list_addons(
        self, call: Call, *, cluster_name: str, max_results: int | None = None, next_token: str | None = None
    ) -> Output:
        cluster = self._clusters.require(call, cluster_name)
        page = page_of(max_results, next_token, "addons", cluster.arn, key=(str,))
        after = str(page.after[0]) if page.after else ""
        with self._store.read() as connection:
            found = addon_rows.names(
                connection, cluster.account, cluster.region, cluster.name, after=after, most=page.size + 1
            )
        told = found[: page.size]
        return {"addons": told, "nextToken": page.cut(found, (told[-1],) if told else None)}

    @operation("UpdateAddon")
    def update_addon(
        self,
        call: Call,
        *,
        cluster_name: str,
        addon_name: str,
        addon_version: str | None = None,
        service_account_role_arn: str | None = None,
        resolve_conflicts: str | None = None,
        client_request_token: str | None = None,
        configuration_values: str | None = None,
        pod_identity_associations: Sequence[Mapping[str, str]] | None = None,
    ) -> Output:
        asked = AskedAddon(
            cluster=cluster_name,
            name=addon_name,
            version=addon_version,
            service_account_role_arn=service_account_role_arn,
            resolve_conflicts=resolve_conflicts,
            configuration_values=configuration_values,
            associations=pod_identity_associations,
        )
        self._clusters.require(call, cluster_name)
        request = requests.client_request(call, client_request_token, asked.parameters())
        with self._store.read() as connection:
            known = _require(connection, call, cluster_name, addon_name)
            if repeated := self._recall_update(connection, request):
                return {"update": repeated.view()}
        entry = asked.check()
        if not asked.changes() and pod_identity_associations is None:
            raise InvalidParameter(
                "Nothing to update: give a version, a role, configuration values or pod identity associations.",
                clusterName=cluster_name,
                addonName=addon_name,
            )
        wishes = owned.read_wishes(pod_identity_associations or (), entry, cluster_name)
        self._check_roles(call, asked, wishes, to=known.arn)
        now = whole_millis(call.now)
        update = Update(
            account=call.account,
            region=call.region,
            cluster=cluster_name,
            id=ids.uuid4(self._random),
            addon=addon_name,
            type="AddonUpdate",
            status="InProgress",
            params=asked.update_params(),
            created_at=now,
        )
        with self._store.write(ROOM) as connection:
            self._clusters.lock(connection, call, cluster_name)
            if repeated := self._recall_update(connection, request):
                return {"update": repeated.view()}
            current = _require(connection, call, cluster_name, addon_name)
            _refuse_if_busy(current, "updated")
            changed = replace(
                current,
                **asked.changes(),
                resolve_conflicts=cast(Conflicts, resolve_conflicts or "NONE"),
                status="UPDATING",
                status_since=now,
                applied=False,
                update_id=update.id,
                modified_at=now,
            )
            addon_rows.put(connection, changed)
            if pod_identity_associations is not None:
                owned.fulfil(connection, self._associations, call, changed, wishes, self._random)
            updates.add(connection, update)
            requests.remember(connection, request, update)
        self._wake()
        return {"update": update.view()}

    @operation("DeleteAddon")
    def delete_addon(self, call: Call, *, cluster_name: str, addon_name: str, preserve: bool | None = None) -> Output:
        now = whole_millis(call.now)
        self._clusters.require(call, cluster_name)
        with self._store.write(ROOM) as connection:
            current = _require(connection, call, cluster_name, addon_name)
            if current.status == "DELETING":
                return _told(connection, current)
            if current.update_id:
                updates.finish(connection, call.account, call.region, cluster_name, current.update_id, "Cancelled")
            changed = replace(
                current,
                status="DELETING",
                status_since=now,
                issues=(),
                preserve=bool(preserve),
                update_id="",
                modified_at=now,
            )
            addon_rows.put(connection, changed)
            told = _told(connection, changed)
        self._wake()
        return told

    def _check_roles(self, call: Call, asked: AskedAddon, wishes: Sequence[owned.Wish], *, to: str) -> None:
        if asked.service_account_role_arn:
            check_account(call, asked.service_account_role_arn, "serviceAccountRoleArn", asked.cluster)
            self._passing.require(call, asked.service_account_role_arn, EKS_SERVICE, to=to)
        for wish in wishes:
            check_role_for_pods(self._iam, self._passing, call, wish.role_arn, cluster=asked.cluster, to=to)

    def _recall(self, connection: Connection, request: requests.ClientRequest) -> Addon | None:
        def exists(value: Addon) -> bool:
            found = addon_rows.find(connection, value.account, value.region, value.cluster, value.name)
            return found is not None and found.uuid == value.uuid

        return requests.recall(connection, request, Addon, exists)

    def _recall_update(self, connection: Connection, request: requests.ClientRequest) -> Update | None:
        def exists(value: Update) -> bool:
            return updates.find(connection, value.account, value.region, value.cluster, value.id) is not None

        return requests.recall(connection, request, Update, exists)


def _told(connection: Connection, addon: Addon) -> dict[str, Any]:
    found = association_rows.owned_by(connection, addon.account, addon.region, addon.cluster, addon.arn)
    return {"addon": addon.view([each.arn for each in found])}


def _refuse_if_busy(addon: Addon, what: str) -> None:
    if addon.status in IN_PROGRESS:
        raise ResourceInUse(
            f"Addon {addon.name} cannot be {what} as it is currently in {addon.status} state",
            clusterName=addon.cluster,
            addonName=addon.name,
        )


def _require(connection: Connection, call: Call, cluster: str, name: str) -> Addon:
    found = addon_rows.find(connection, call.account, call.region, cluster, name) if name.isprintable() else None
    if found is None:
        raise ResourceNotFound(
            f"No addon: {name[:100]} found in cluster: {cluster}", clusterName=cluster, addonName=name[:100]
        )
    return found
