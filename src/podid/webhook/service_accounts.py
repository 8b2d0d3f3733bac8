"""The annotations of service accounts, read from the cluster that a kubeconfig names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from podid.kube.connect import connect
from podid.kube.errors import KubeError
from podid.kube.kinds import SERVICE_ACCOUNTS
from podid.kube.port import Kubernetes

log = logging.getLogger(__name__)


class ClusterServiceAccounts:
    """Asks the API server at each admission; its client is synchronous, so on a thread."""

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes

    @staticmethod
    def of(kubeconfig: Path, *, timeout: float) -> ClusterServiceAccounts:
        """`timeout` is in seconds: the API server waits for this webhook meanwhile. Raises KubeError."""
        return ClusterServiceAccounts(connect(kubeconfig, timeout=timeout))

    async def annotations(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """The annotations, None where there is no such service account or no answer: then defaults apply."""
        try:
            found = await asyncio.to_thread(self._kubernetes.get, SERVICE_ACCOUNTS, name, namespace)
        except (KubeError, ValueError) as problem:
            log.warning(
                "a service account cannot be read",
                extra={"namespace": namespace[:63], "service_account": name[:253], "reason": str(problem)},
            )
            return None
        metadata = found.get("metadata")
        annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
        return annotations if isinstance(annotations, Mapping) else {}
