"""The way in: a kubeconfig file becomes a client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podid.kube.port import Kubernetes


def connect(kubeconfig: Path, *, context: str = "", timeout: float = 10.0) -> Kubernetes:
    """A client for the cluster that a kubeconfig names, as the identity it holds. Nothing is sent yet.

    `context` empty takes the current one; `timeout` is in seconds, for each call. Raises BadKubeconfig.
    """
    from podid.kube.lightkube_adapter import LightkubeClient

    return LightkubeClient.from_kubeconfig(kubeconfig, context=context, timeout=timeout)
