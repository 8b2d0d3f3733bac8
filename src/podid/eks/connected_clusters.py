"""RegisterCluster and DeregisterCluster: EKS's own way to clusters that run elsewhere.

AWS's RegisterCluster hands out an activation for the EKS Connector, an agent that shows a cluster in the console. It carries neither the
cluster's issuer nor its keys, so pods of such a cluster cannot be told apart; podid has no console and no such agent, and registers
clusters by an extension of its own instead. DeregisterCluster is the way back for either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podid.core.caller import Call, Output
from podid.core.errors import NotImplementedHere
from podid.core.operations import operation
from podid.eks import cluster_rows
from podid.eks.clusters import Clusters
from podid.eks.errors import ResourceNotFound
from podid.eks.tables import ROOM
from podid.store import Store


class ConnectedClusters:
    """Refuse the one, carry out the other."""

    def __init__(self, store: Store, clusters: Clusters) -> None:
        self._store = store
        self._clusters = clusters

    @operation("RegisterCluster")
    def register_cluster(
        self,
        call: Call,
        *,
        name: str,
        connector_config: Mapping[str, Any],
        client_request_token: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Output:
        raise NotImplementedHere(
            "podid does not implement eks:RegisterCluster: it carries neither the issuer nor the keys of a cluster. "
            "Use podid's own podid:RegisterCluster (podid cluster register)."
        )

    @operation("DeregisterCluster")
    def deregister_cluster(self, call: Call, *, name: str) -> Output:
        with self._store.write(ROOM) as connection:
            cluster = self._clusters.lock(connection, call, name)
            if not cluster.registered:
                raise ResourceNotFound(f"No connected cluster found for name: {name}.", clusterName=name)
            cluster_rows.remove(connection, call.account, call.region, name)
        return {"cluster": cluster.view(status="DELETING")}
