"""Access policies: listed, and given to and taken from access entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.eks import access_entry_rows
from podid.eks.access_entries import require, require_entries, require_type
from podid.eks.access_entry import TAKES_POLICIES, AssociatedPolicy
from podid.eks.access_policies import NAMES, arn_of, check_policy_arn, read_scope
from podid.eks.clusters import Clusters
from podid.eks.errors import ResourceNotFound
from podid.eks.instants import whole_millis
from podid.eks.paging import page_of
from podid.eks.tables import ROOM
from podid.store import Store


class AccessPolicyAssociations:
    """Associate, disassociate, and the two lists."""

    def __init__(self, store: Store, clusters: Clusters) -> None:
        self._store = store
        self._clusters = clusters

    @operation("AssociateAccessPolicy")
    def associate_access_policy(
        self, call: Call, *, cluster_name: str, principal_arn: str, policy_arn: str, access_scope: Mapping[str, Any]
    ) -> Output:
        cluster = self._clusters.require(call, cluster_name)
        require_entries(cluster)
        namespaces = read_scope(access_scope, cluster_name)
        check_policy_arn(policy_arn, cluster.partition, cluster_name)
        now = whole_millis(call.now)
        with self._store.write(ROOM) as connection:
            self._clusters.lock(connection, call, cluster_name)
            entry = require(connection, call, cluster_name, principal_arn)
            require_type(entry, TAKES_POLICIES)
            held = entry.policy(policy_arn)
            told = AssociatedPolicy(
                arn=policy_arn,
                namespaces=namespaces,
                associated_at=held.associated_at if held else now,
                modified_at=now,
            )
            others = tuple(each for each in entry.policies if each.arn != policy_arn)
            policies = tuple(sorted((*others, told), key=lambda each: each.arn))
            access_entry_rows.put(connection, replace(entry, policies=policies))
        return {
            "clusterName": cluster_name,
            "principalArn": principal_arn,
            "associatedAccessPolicy": told.view(),
        }

    @operation("DisassociateAccessPolicy")
    def disassociate_access_policy(
        self, call: Call, *, cluster_name: str, principal_arn: str, policy_arn: str
    ) -> Output:
        require_entries(self._clusters.require(call, cluster_name))
        with self._store.write(ROOM) as connection:
            self._clusters.lock(connection, call, cluster_name)
            entry = require(connection, call, cluster_name, principal_arn)
            if entry.policy(policy_arn) is None:
                raise ResourceNotFound(
                    "The specified policyArn could not be found. You can view the policies of the access entry with "
                    "'list-associated-access-policies'.",
                    clusterName=cluster_name,
                )
            left = tuple(each for each in entry.policies if each.arn != policy_arn)
            access_entry_rows.put(connection, replace(entry, policies=left))
        return {}

    @operation("ListAssociatedAccessPolicies")
    def list_associated_access_policies(
        self,
        call: Call,
        *,
        cluster_name: str,
        principal_arn: str,
        max_results: int | None = None,
        next_token: str | None = None,
    ) -> Output:
        cluster = self._clusters.require(call, cluster_name)
        require_entries(cluster)
        page = page_of(max_results, next_token, "access-policies", cluster.arn, principal_arn, key=(str,))
        after = str(page.after[0]) if page.after else ""
        with self._store.read() as connection:
            entry = require(connection, call, cluster_name, principal_arn)
        shown = [each for each in entry.policies if each.arn > after]
        told = shown[: page.size]
        return {
            "clusterName": cluster_name,
            "principalArn": principal_arn,
            "associatedAccessPolicies": [each.view() for each in told],
            "nextToken": page.cut(shown, (told[-1].arn,) if told else None),
        }

    @operation("ListAccessPolicies")
    def list_access_policies(
        self, call: Call, *, max_results: int | None = None, next_token: str | None = None
    ) -> Output:
        page = page_of(max_results, next_token, "all-access-policies", key=(str,))
        shown = [name for name in NAMES if not page.after or name > str(page.after[0])]
        told = shown[: page.size]
        return {
            "accessPolicies": [{"name": name, "arn": arn_of(name, call.partition)} for name in told],
            "nextToken": page.cut(shown, (told[-1],) if told else None),
        }
