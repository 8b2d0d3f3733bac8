"""The five operations on pod identity associations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from podid.core import ids
from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.eks import association_rows, requests
from podid.eks.association import Association, check_policy, check_subject, role_account
from podid.eks.clusters import Clusters
from podid.eks.errors import InvalidParameter, ResourceInUse, ResourceLimitExceeded, ResourceNotFound
from podid.eks.instants import to_millis, whole_millis
from podid.eks.paging import page_of
from podid.eks.roles import RolePassing, check_role_for_pods
from podid.eks.tables import ROOM
from podid.eks.tags import problem_with_tags
from podid.iam import Iam
from podid.store import Store


class Associations:
    """Create, list, describe, update, delete."""

    def __init__(
        self,
        store: Store,
        iam: Iam,
        passing: RolePassing,
        clusters: Clusters,
        *,
        random: ids.RandomBytes,
        most_per_cluster: int,
    ) -> None:
        self._store = store
        self._iam = iam
        self._passing = passing
        self._clusters = clusters
        self._random = random
        self._most_per_cluster = most_per_cluster

    @operation("CreatePodIdentityAssociation")
    def create_pod_identity_association(
        self,
        call: Call,
        *,
        cluster_name: str,
        namespace: str,
        service_account: str,
        role_arn: str,
        client_request_token: str | None = None,
        tags: Mapping[str, str] | None = None,
        disable_session_tags: bool | None = None,
        target_role_arn: str | None = None,
        policy: str | None = None,
    ) -> Output:
        check_subject(namespace, service_account, cluster_name)
        if target_role_arn:
            role_account(target_role_arn, "targetRoleArn", cluster_name)
        check_policy(policy or "", bool(disable_session_tags), cluster_name)
        if problem := problem_with_tags(tags or {}):
            raise InvalidParameter(problem, clusterName=cluster_name)
        cluster = self._clusters.require(call, cluster_name)
        parameters = {
            "clusterName": cluster_name,
            "namespace": namespace,
            "serviceAccount": service_account,
            "roleArn": role_arn,
            # What is left out and what is given as it would be without are the same.
            "tags": tags or None,
            "disableSessionTags": disable_session_tags or None,
            "targetRoleArn": target_role_arn or None,
            "policy": policy or None,
        }
        request = requests.client_request(call, client_request_token, parameters)
        with self._store.read() as connection:
            if first := self._recall(connection, request):
                return {"association": first.view()}
        check_role_for_pods(self._iam, self._passing, call, role_arn, cluster=cluster_name, to=cluster.arn)
        association = Association(
            account=cluster.account,
            region=cluster.region,
            cluster=cluster.name,
            id=ids.association_id(self._random),
            namespace=namespace,
            service_account=service_account,
            role_arn=role_arn,
            target_role_arn=target_role_arn or "",
            disable_session_tags=bool(disable_session_tags),
            policy=policy or "",
            created_at=whole_millis(call.now),
            modified_at=whole_millis(call.now),
            tags=dict(tags or {}),
        )
        try:
            with self._store.write(ROOM) as connection:
                self._clusters.lock(connection, call, cluster_name)
                if first := self._recall(connection, request):
                    return {"association": first.view()}
                self.add(connection, association)
                requests.remember(connection, request, association)
        except IntegrityError as error:
            raise self._taken(association) from error
        return {"association": association.view()}

    def add(self, connection: Connection, association: Association) -> None:
        """Store a new association in a transaction that holds its cluster. Raises ResourceInUse and ResourceLimitExceeded.

        An IntegrityError may still come out of the transaction where two write at once: see `_taken`.
        """
        of = (association.account, association.region, association.cluster)
        other = association_rows.find_by_subject(connection, *of, association.namespace, association.service_account)
        if other is not None:
            raise _exists(other)
        if association_rows.count(connection, *of) >= self._most_per_cluster:
            raise ResourceLimitExceeded(
                f"The cluster has {self._most_per_cluster} pod identity associations, the most it may have.",
                clusterName=association.cluster,
            )
        association_rows.add(connection, association)

    @operation("ListPodIdentityAssociations")
    def list_pod_identity_associations(
        self,
        call: Call,
        *,
        cluster_name: str,
        namespace: str | None = None,
        service_account: str | None = None,
        max_results: int | None = None,
        next_token: str | None = None,
    ) -> Output:
        cluster = self._clusters.require(call, cluster_name)
        page = page_of(
            max_results, next_token, "associations", cluster.arn, namespace or "", service_account or "", key=(int, str)
        )
        if not f"{namespace or ''}{service_account or ''}".isprintable():
            return {"associations": []}  # no service account has such a name, and a NUL would end in PostgreSQL
        with self._store.read() as connection:
            found = association_rows.page(
                connection,
                cluster.account,
                cluster.region,
                cluster.name,
                namespace=namespace or "",
                service_account=service_account or "",
                after=(int(page.after[0]), str(page.after[1])) if page.after else None,
                most=page.size + 1,
            )
        told = found[: page.size]
        last = (to_millis(told[-1].created_at), told[-1].id) if told else None
        return {"associations": [each.summary() for each in told], "nextToken": page.cut(found, last)}

    @operation("DescribePodIdentityAssociation")
    def describe_pod_identity_association(self, call: Call, *, cluster_name: str, association_id: str) -> Output:
        self._clusters.require(call, cluster_name)
        with self._store.read() as connection:
            return {"association": _require(connection, call, cluster_name, association_id).view()}

    @operation("UpdatePodIdentityAssociation")
    def update_pod_identity_association(
        self,
        call: Call,
        *,
        cluster_name: str,
        association_id: str,
        role_arn: str | None = None,
        client_request_token: str | None = None,
        disable_session_tags: bool | None = None,
        target_role_arn: str | None = None,
        policy: str | None = None,
    ) -> Output:
        changes: dict[str, Any] = {
            "role_arn": role_arn,
            "disable_session_tags": disable_session_tags,
            "target_role_arn": target_role_arn,  # "" unsets it, absence leaves it
            "policy": policy,
        }
        changes = {name: value for name, value in changes.items() if value is not None}
        if not changes:
            raise InvalidParameter(
                "Nothing to update: give at least one of roleArn, targetRoleArn, disableSessionTags and policy.",
                clusterName=cluster_name,
            )
        if target_role_arn:
            role_account(target_role_arn, "targetRoleArn", cluster_name)
        self._clusters.require(call, cluster_name)
        parameters = {"clusterName": cluster_name, "associationId": association_id, **changes}
        request = requests.client_request(call, client_request_token, parameters)
        with self._store.read() as connection:
            known = _require(connection, call, cluster_name, association_id)
            if first := self._recall(connection, request):
                return {"association": first.view()}
        if role_arn is not None:
            check_role_for_pods(self._iam, self._passing, call, role_arn, cluster=cluster_name, to=known.arn)
        with self._store.write(ROOM) as connection:
            self._clusters.lock(connection, call, cluster_name)
            if first := self._recall(connection, request):
                return {"association": first.view()}
            current = _require(connection, call, cluster_name, association_id)
            changed = replace(current, **changes, modified_at=whole_millis(call.now))
            check_policy(changed.policy, changed.disable_session_tags, cluster_name)
            association_rows.put(connection, changed)
            requests.remember(connection, request, changed)
        return {"association": changed.view()}

    @operation("DeletePodIdentityAssociation")
    def delete_pod_identity_association(self, call: Call, *, cluster_name: str, association_id: str) -> Output:
        self._clusters.require(call, cluster_name)
        with self._store.write(ROOM) as connection:
            association = _require(connection, call, cluster_name, association_id)
            association_rows.remove(connection, association)
        return {"association": association.view()}

    def _recall(self, connection: Connection, request: requests.ClientRequest) -> Association | None:
        def exists(value: Association) -> bool:
            of = (value.account, value.region, value.cluster)
            return association_rows.find(connection, *of, value.id) is not None

        return requests.recall(connection, request, Association, exists)

    def _taken(self, association: Association) -> ResourceInUse:
        """The answer to one of two who created at once and came second."""
        with self._store.read() as connection:
            other = association_rows.find_by_subject(
                connection,
                association.account,
                association.region,
                association.cluster,
                association.namespace,
                association.service_account,
            )
        return _exists(other or association)


def _exists(association: Association) -> ResourceInUse:
    return ResourceInUse(f"Association already exists: {association.id}", clusterName=association.cluster)


def _require(connection: Connection, call: Call, cluster: str, association_id: str) -> Association:
    found = None
    if association_id.isprintable():
        found = association_rows.find(connection, call.account, call.region, cluster, association_id)
    if found is None:
        raise ResourceNotFound(
            f"No pod identity association found for id: {association_id[:100]}.", clusterName=cluster
        )
    return found
