"""How EKS reaches the clusters that run elsewhere: the port, and the adapter that uses the kubeconfig of the registration."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Protocol

from podid.eks.cluster import Cluster
from podid.kube import BadKubeconfig, Kubernetes, connect


class ClusterAccess(Protocol):
    """Gives clients of registered clusters."""

    def client(self, cluster: Cluster) -> Kubernetes:
        """A client, shared: callers do not close it. Raises KubeError where there is no way to the cluster."""


class KubeconfigAccess:
    """`ClusterAccess` by the kubeconfig file of each cluster's registration; a file that was replaced is read again."""

    def __init__(self, *, timeout: float = 5.0) -> None:
        self._timeout = timeout
        self._lock = Lock()
        self._clients: dict[str, tuple[int, Kubernetes]] = {}

    def client(self, cluster: Cluster) -> Kubernetes:
        if not cluster.kubeconfig:
            raise BadKubeconfig(
                f"podid has no kubeconfig for the cluster {cluster.name}: register the cluster with one."
            )
        path = Path(cluster.kubeconfig)
        try:
            changed = path.stat().st_mtime_ns
        except OSError as error:
            raise BadKubeconfig(f"the kubeconfig {path} cannot be read: {error.strerror}") from error
        with self._lock:
            held = self._clients.get(cluster.kubeconfig)
            if held is None or held[0] != changed:
                # The old client is left to those who are in the middle of a call with it.
                held = (changed, connect(path, timeout=self._timeout))
                self._clients[cluster.kubeconfig] = held
            return held[1]

    def close(self) -> None:
        """Let all connections go."""
        with self._lock:
            for _, client in self._clients.values():
                client.close()
            self._clients.clear()
