"""EKS as a whole: its parts put together, and what the other rooms ask of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property

from podid.core import ids
from podid.core.caller import Caller
from podid.core.clock import Clock, system_clock
from podid.core.operations import Handler, handlers_of
from podid.eks import association_rows, cluster_rows
from podid.eks.access import ClusterAccess
from podid.eks.access_entries import AccessEntries
from podid.eks.access_policy_associations import AccessPolicyAssociations
from podid.eks.addons.descriptions import AddonDescriptions
from podid.eks.addons.installer import Installer
from podid.eks.addons.operations import Addons
from podid.eks.addons.worker import AddonWorker
from podid.eks.association import MOST_PER_CLUSTER, Association
from podid.eks.associations import Associations
from podid.eks.cache import RevisionCache
from podid.eks.cluster import Cluster, ClusterRegistration
from podid.eks.cluster_updates import ClusterUpdates
from podid.eks.clusters import Clusters
from podid.eks.connected_clusters import ConnectedClusters
from podid.eks.kubernetes_users import KubernetesUser
from podid.eks.roles import Note, RolePassing, note_nothing
from podid.eks.tagging import Tagging
from podid.eks.updates import Updates
from podid.iam import Authorizer, Iam
from podid.store import Store

_CACHED = 100_000
"""Associations kept in memory, some hundred bytes each."""

_Subject = tuple[str, str, str, str, str]


class Eks:
    """The EKS of one installation, for all its accounts and regions.

    `clusters` gives clients of registered clusters (add-ons, keys). `clock` times the add-on worker only: operations take their time from
    the call. `note` takes down what is decided inside calls (iam:PassRole). Call `start` once the process serves, and `close` at its end.
    """

    def __init__(
        self,
        store: Store,
        iam: Iam,
        authorizer: Authorizer,
        clusters: ClusterAccess,
        *,
        random: ids.RandomBytes = os.urandom,
        clock: Clock = system_clock,
        associations_per_cluster: int = MOST_PER_CLUSTER,
        note: Note = note_nothing,
    ) -> None:
        self.access = clusters
        self._store = store
        self._clock = clock
        passing = RolePassing(authorizer, note)
        self._clusters = Clusters(store, iam, passing, random=random)
        self._worker = AddonWorker(store, clusters, Installer(_version()), clock)
        associations = Associations(
            store, iam, passing, self._clusters, random=random, most_per_cluster=associations_per_cluster
        )
        addons = Addons(store, iam, passing, self._clusters, associations, random=random, wake=self._worker.wake)
        self._tagging = Tagging(store)
        self._access_entries = AccessEntries(store, self._clusters, random=random)
        self._parts = (
            self._clusters,
            ConnectedClusters(store, self._clusters),
            ClusterUpdates(store, self._clusters, random=random),
            Updates(store, self._clusters),
            self._access_entries,
            AccessPolicyAssociations(store, self._clusters),
            associations,
            addons,
            AddonDescriptions(),
            self._tagging,
        )
        self._found: RevisionCache[_Subject, Association | None] = RevisionCache(store, self._load, size=_CACHED)

    @cached_property
    def _handlers(self) -> dict[str, Handler]:
        return handlers_of(*self._parts)

    def handlers(self) -> dict[str, Handler]:
        """The operations of the EKS API that are answered; the others are not implemented."""
        return dict(self._handlers)

    def register_cluster(self, account: str, region: str, registration: ClusterRegistration) -> Cluster:
        """Make known, idempotently, a cluster that runs elsewhere. Raises InvalidParameter."""
        return self._clusters.register(account, region, registration, self._clock())

    def find_cluster(self, account: str, region: str, name: str) -> Cluster | None:
        """The cluster of that name as of now."""
        return self._clusters.find(account, region, name)

    def find_cluster_of_issuer(self, account: str, issuer: str) -> Cluster | None:
        """The account's cluster whose service account tokens name this issuer."""
        with self._store.read() as connection:
            return cluster_rows.of_issuer(connection, account, issuer)

    def find_association(
        self, account: str, region: str, cluster: str, namespace: str, service_account: str
    ) -> Association | None:
        """The association of a service account as of now: from memory, and after a change by one indexed read."""
        return self._found.get((account, region, cluster, namespace, service_account))

    def kubernetes_user(self, cluster: Cluster, caller: Caller) -> KubernetesUser | None:
        """Who a caller is to a cluster's API server, by its access entries as of now; None for who has none."""
        return self._access_entries.user_of(cluster, caller)

    def tags_of(self, resource_arn: str) -> Mapping[str, str] | None:
        """The tags of a cluster, add-on or access entry (their UUID may be `*`) or association as of now, for `aws:ResourceTag/…`; None without one."""
        return self._tagging.tags_of(resource_arn)

    def keys_of(self, resource_arn: str) -> Mapping[str, tuple[str, ...]]:
        """What else condition keys tell of a resource as of now: `eks:principalArn` and its kin of an access entry (its UUID may be `*`)."""
        return self._tagging.keys_of(resource_arn)

    def start(self) -> None:
        """Go on with what was asked of add-ons before the last stop."""
        self._worker.wake()

    def close(self) -> None:
        """Stop looking after add-ons."""
        self._worker.close()

    def _load(self, subject: _Subject) -> Association | None:
        with self._store.read() as connection:
            return association_rows.find_by_subject(connection, *subject)


def _version() -> str:
    from importlib.metadata import version

    return version("podid")
