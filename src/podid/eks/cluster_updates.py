"""UpdateClusterConfig, UpdateClusterVersion and DescribeClusterVersions.

What these change is podid's record, so an update is done when it is answered: the answer says InProgress as the service's does, the next
DescribeUpdate says Successful.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from podid.core import ids
from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.eks import cluster_rows, requests, updates
from podid.eks.cluster_config import from_update
from podid.eks.clusters import Clusters
from podid.eks.errors import InvalidParameter, InvalidRequest
from podid.eks.instants import whole_millis
from podid.eks.kubernetes_versions import DEFAULT, VERSIONS, KubernetesVersion, find_version, minor_number
from podid.eks.paging import page_of
from podid.eks.tables import ROOM
from podid.eks.updates import Update
from podid.store import Store


class ClusterUpdates:
    """The operations that change a cluster, and those that tell to what it may be changed."""

    def __init__(self, store: Store, clusters: Clusters, *, random: ids.RandomBytes) -> None:
        self._store = store
        self._clusters = clusters
        self._random = random

    @operation("UpdateClusterConfig")
    def update_cluster_config(
        self,
        call: Call,
        *,
        name: str,
        resources_vpc_config: Mapping[str, Any] | None = None,
        logging: Mapping[str, Any] | None = None,
        client_request_token: str | None = None,
        access_config: Mapping[str, Any] | None = None,
        upgrade_policy: Mapping[str, Any] | None = None,
        zonal_shift_config: Mapping[str, Any] | None = None,
        deletion_protection: bool | None = None,
    ) -> Output:
        members = {
            "resourcesVpcConfig": resources_vpc_config,
            "logging": logging,
            "accessConfig": access_config,
            "upgradePolicy": upgrade_policy,
            "zonalShiftConfig": zonal_shift_config,
            "deletionProtection": deletion_protection,
        }
        asked = {member: value for member, value in members.items() if value is not None}
        request = requests.client_request(call, client_request_token, {"name": name, **asked})
        with self._store.write(ROOM) as connection:
            cluster = self._clusters.lock(connection, call, name)
            if first := self._recall(connection, request):
                return {"update": first.view(status="InProgress")}
            config, kind, params = from_update(cluster.config, asked, name)
            cluster_rows.put(connection, replace(cluster, config=config))
            return self._done(connection, call, name, kind, params, request)

    @operation("UpdateClusterVersion")
    def update_cluster_version(
        self,
        call: Call,
        *,
        name: str,
        version: str,
        client_request_token: str | None = None,
        force: bool | None = None,
    ) -> Output:
        request = requests.client_request(call, client_request_token, {"name": name, "version": version})
        with self._store.write(ROOM) as connection:
            cluster = self._clusters.lock(connection, call, name)
            if first := self._recall(connection, request):
                return {"update": first.view(status="InProgress")}
            if cluster.registered:
                raise InvalidRequest(
                    f"The cluster {name} runs elsewhere: upgrade it there, then register it again with its new version.",
                    clusterName=name,
                )
            known = find_version(version)
            if known is None or known.support(call.now) == "UNSUPPORTED":
                raise InvalidParameter(f"unsupported Kubernetes version {version!r}", clusterName=name)
            if minor_number(version) != minor_number(cluster.version) + 1:
                raise InvalidParameter(
                    f"Unsupported Kubernetes minor version update from {cluster.version} to {version}", clusterName=name
                )
            cluster_rows.put(connection, replace(cluster, version=version, platform_version=known.platform))
            params = [
                {"type": "Version", "value": version},
                {"type": "PlatformVersion", "value": known.platform},
            ]
            return self._done(connection, call, name, "VersionUpdate", params, request)

    @operation("DescribeClusterVersions")
    def describe_cluster_versions(
        self,
        call: Call,
        *,
        cluster_type: str | None = None,
        max_results: int | None = None,
        next_token: str | None = None,
        default_only: bool | None = None,
        include_all: bool | None = None,
        cluster_versions: Sequence[str] | None = None,
        status: str | None = None,
        version_status: str | None = None,
    ) -> Output:
        if status and version_status:
            raise InvalidParameter("Give status or versionStatus, not both.")
        support = version_status or (status or "").upper().replace("-", "_")
        question = [cluster_type, default_only, include_all, cluster_versions, support]
        page = page_of(max_results, next_token, "versions", msgspec.json.encode(question).decode(), key=(str,))
        shown = [
            each
            for each in VERSIONS
            if cluster_type in (None, "eks")
            and (not default_only or each.minor == DEFAULT)
            and (not cluster_versions or each.minor in cluster_versions)
            and (not support or each.support(call.now) == support)
            # Without a question about them, versions that are no longer supported are left out.
            and (include_all or cluster_versions or support or each.support(call.now) != "UNSUPPORTED")
        ]
        if page.after:
            shown = [each for each in shown if minor_number(each.minor) < minor_number(str(page.after[0]))]
        told = shown[: page.size]
        return {
            "clusterVersions": [_view(each, call.now) for each in told],
            "nextToken": page.cut(shown, (told[-1].minor,) if told else None),
        }

    def _done(
        self,
        connection: Connection,
        call: Call,
        name: str,
        kind: str,
        params: list[dict[str, str]],
        request: requests.ClientRequest,
    ) -> Output:
        update = Update(
            account=call.account,
            region=call.region,
            cluster=name,
            id=ids.uuid4(self._random),
            type=kind,
            status="Successful",
            params=params,
            created_at=whole_millis(call.now),
        )
        updates.add(connection, update)
        requests.remember(connection, request, update)
        return {"update": update.view(status="InProgress")}

    def _recall(self, connection: Connection, request: requests.ClientRequest) -> Update | None:
        def exists(value: Update) -> bool:
            return updates.find(connection, value.account, value.region, value.cluster, value.id) is not None

        return requests.recall(connection, request, Update, exists)


def _view(version: KubernetesVersion, now: datetime) -> Output:
    support = version.support(now)
    return {
        "clusterVersion": version.minor,
        "clusterType": "eks",
        "defaultPlatformVersion": version.platform,
        "defaultVersion": version.minor == DEFAULT,
        "releaseDate": _midnight(version.released),
        "endOfStandardSupportDate": _midnight(version.end_of_standard),
        "endOfExtendedSupportDate": _midnight(version.end_of_extended),
        "status": support.lower().replace("_", "-"),
        "versionStatus": support,
    }


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
