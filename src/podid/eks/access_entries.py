"""The five operations on access entries: who may use a cluster's Kubernetes API by IAM.

Source: EKS user guide, "Grant IAM users access to Kubernetes with EKS access entries".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from podid.core import ids
from podid.core.caller import Call, Caller, Output
from podid.core.operations import operation
from podid.eks import access_entry_rows, requests
from podid.eks.access_entry import (
    MOST_PER_CLUSTER,
    STANDARD,
    AccessEntry,
    check_groups,
    check_principal,
    check_username,
    given_by_type,
    invalid_principal,
)
from podid.eks.cluster import Cluster
from podid.eks.clusters import Clusters
from podid.eks.errors import InvalidParameter, InvalidRequest, ResourceInUse, ResourceLimitExceeded, ResourceNotFound
from podid.eks.instants import whole_millis
from podid.eks.kubernetes_users import KubernetesUser, user_of
from podid.eks.paging import page_of
from podid.eks.principals import principal_id
from podid.eks.tables import ROOM
from podid.eks.tags import problem_with_tags
from podid.store import Store


class AccessEntries:
    """Create, list, describe, update, delete."""

    def __init__(self, store: Store, clusters: Clusters, *, random: ids.RandomBytes) -> None:
        self._store = store
        self._clusters = clusters
        self._random = random

    def user_of(self, cluster: Cluster, caller: Caller) -> KubernetesUser | None:
        """The Kubernetes user of a caller with an access entry, as of now; None without one."""
        with self._store.read() as connection:
            of = (cluster.account, cluster.region, cluster.name)
            return user_of(access_entry_rows.find(connection, *of, caller.issuer_arn), caller)

    @operation("CreateAccessEntry")
    def create_access_entry(
        self,
        call: Call,
        *,
        cluster_name: str,
        principal_arn: str,
        kubernetes_groups: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        client_request_token: str | None = None,
        username: str | None = None,
        type: str | None = None,
    ) -> Output:
        kind = type or STANDARD
        cluster = self._clusters.require(call, cluster_name)
        require_entries(cluster)
        if check_principal(principal_arn, kind, cluster_name).partition != cluster.partition:
            raise invalid_principal(cluster_name)
        if kind != STANDARD and (kubernetes_groups or username):
            raise InvalidParameter(
                f"kubernetesGroups and username cannot be given for an access entry of type {kind}.",
                clusterName=cluster_name,
            )
        groups = check_groups(kubernetes_groups or (), cluster_name)
        name = check_username(username, cluster_name) if username else ""
        if problem := problem_with_tags(tags or {}):
            raise InvalidParameter(problem, clusterName=cluster_name)
        parameters = {
            "clusterName": cluster_name,
            "principalArn": principal_arn,
            "kubernetesGroups": kubernetes_groups,
            "tags": tags,
            "username": username,
            "type": type,
        }
        request = requests.client_request(call, client_request_token, parameters)
        given_name, given_groups = given_by_type(kind, principal_arn)
        taken = ResourceInUse(
            "The specified access entry resource is already in use on this cluster.", clusterName=cluster_name
        )
        try:
            with self._store.write(ROOM) as connection:
                self._clusters.lock(connection, call, cluster_name)
                if first := self._recall(connection, request):
                    return {"accessEntry": first.view()}
                identity = principal_id(connection, principal_arn)
                if identity is None:
                    raise invalid_principal(cluster_name)
                entry = AccessEntry(
                    account=cluster.account,
                    region=cluster.region,
                    cluster=cluster.name,
                    principal_arn=principal_arn,
                    principal_id=identity,
                    uuid=ids.uuid4(self._random),
                    type=kind,
                    username=name or given_name,
                    groups=groups or given_groups,
                    created_at=whole_millis(call.now),
                    modified_at=whole_millis(call.now),
                    tags=dict(tags or {}),
                )
                of = (cluster.account, cluster.region, cluster.name)
                if access_entry_rows.find(connection, *of, principal_arn) is not None:
                    raise taken
                if access_entry_rows.count(connection, *of) >= MOST_PER_CLUSTER:
                    raise ResourceLimitExceeded(
                        f"The cluster has {MOST_PER_CLUSTER} access entries, the most it may have.",
                        clusterName=cluster_name,
                    )
                access_entry_rows.add(connection, entry)
                requests.remember(connection, request, entry)
        except IntegrityError as error:
            raise taken from error
        return {"accessEntry": entry.view()}

    @operation("ListAccessEntries")
    def list_access_entries(
        self,
        call: Call,
        *,
        cluster_name: str,
        associated_policy_arn: str | None = None,
        max_results: int | None = None,
        next_token: str | None = None,
    ) -> Output:
        cluster = self._clusters.require(call, cluster_name)
        require_entries(cluster)
        asked = associated_policy_arn or ""
        page = page_of(max_results, next_token, "access-entries", cluster.arn, asked, key=(str,))
        after = str(page.after[0]) if page.after else ""
        with self._store.read() as connection:
            found = access_entry_rows.all_after(connection, cluster.account, cluster.region, cluster.name, after)
        shown = [each.principal_arn for each in found if not asked or each.policy(asked)]
        told = shown[: page.size]
        return {"accessEntries": told, "nextToken": page.cut(shown, (told[-1],) if told else None)}

    @operation("DescribeAccessEntry")
    def describe_access_entry(self, call: Call, *, cluster_name: str, principal_arn: str) -> Output:
        require_entries(self._clusters.require(call, cluster_name))
        with self._store.read() as connection:
            return {"accessEntry": require(connection, call, cluster_name, principal_arn).view()}

    @operation("UpdateAccessEntry")
    def update_access_entry(
        self,
        call: Call,
        *,
        cluster_name: str,
        principal_arn: str,
        kubernetes_groups: Sequence[str] | None = None,
        client_request_token: str | None = None,
        username: str | None = None,
    ) -> Output:
        require_entries(self._clusters.require(call, cluster_name))
        changes: dict[str, Any] = {}
        if kubernetes_groups is not None:
            changes["groups"] = check_groups(kubernetes_groups, cluster_name)
        if username is not None:
            # "" gives the entry the name it would have had.
            changes["username"] = (
                check_username(username, cluster_name) if username else given_by_type(STANDARD, principal_arn)[0]
            )
        parameters = {"clusterName": cluster_name, "principalArn": principal_arn, **changes}
        request = requests.client_request(call, client_request_token, parameters)
        with self._store.write(ROOM) as connection:
            self._clusters.lock(connection, call, cluster_name)
            current = require(connection, call, cluster_name, principal_arn)
            if first := self._recall(connection, request):
                return {"accessEntry": first.view()}
            require_type(current, (STANDARD,))
            changed = replace(current, **changes, modified_at=whole_millis(call.now))
            access_entry_rows.put(connection, changed)
            requests.remember(connection, request, changed)
        return {"accessEntry": changed.view()}

    @operation("DeleteAccessEntry")
    def delete_access_entry(self, call: Call, *, cluster_name: str, principal_arn: str) -> Output:
        require_entries(self._clusters.require(call, cluster_name))
        with self._store.write(ROOM) as connection:
            self._clusters.lock(connection, call, cluster_name)
            access_entry_rows.remove(connection, require(connection, call, cluster_name, principal_arn))
        return {}

    @staticmethod
    def _recall(connection: Connection, request: requests.ClientRequest) -> AccessEntry | None:
        def exists(value: AccessEntry) -> bool:
            of = (value.account, value.region, value.cluster)
            found = access_entry_rows.find(connection, *of, value.principal_arn)
            return found is not None and found.uuid == value.uuid

        return requests.recall(connection, request, AccessEntry, exists)


def require(connection: Connection, call: Call, cluster_name: str, principal_arn: str) -> AccessEntry:
    """The entry of a principal. Raises ResourceNotFound."""
    found = None
    if principal_arn.isprintable():
        found = access_entry_rows.find(connection, call.account, call.region, cluster_name, principal_arn)
    if found is None:
        raise ResourceNotFound(
            "The specified principalArn could not be found. You can view your available access entries with "
            "'list-access-entries'.",
            clusterName=cluster_name,
        )
    return found


def require_entries(cluster: Cluster) -> None:
    """Raise InvalidRequest for a cluster that knows its principals by a ConfigMap alone."""
    if (cluster.config.get("accessConfig") or {}).get("authenticationMode") == "CONFIG_MAP":
        raise InvalidRequest(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
            "operation.",
            clusterName=cluster.name,
        )


def require_type(entry: AccessEntry, types: Sequence[str]) -> None:
    """Raise InvalidParameter for an entry of another type."""
    if entry.type not in types:
        named = " or ".join(f'"{each}"' for each in types)
        raise InvalidParameter(
            f"This operation can only be performed on Access Entries with a type of {named}.", clusterName=entry.cluster
        )
