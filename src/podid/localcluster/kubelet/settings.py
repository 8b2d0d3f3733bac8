"""What a kubelet must know to run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct


class NodeProgram(Struct, frozen=True, kw_only=True):
    """One of podid's own programs that runs in the node's place, such as IMDS."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path


class KubeletSettings(Struct, frozen=True, kw_only=True):
    """One node."""

    folder: Path
    """A folder for each pod, by uid: volumes, logs, sockets. Mode 0700."""
    node_name: str
    instance_id: str = ""
    """EC2 instance id of the node; empty: no providerID."""
    region: str = "us-east-1"
    zone: str = "us-east-1a"
    instance_type: str = "m5.large"
    kubernetes_version: str = "1.33"
    programs: tuple[NodeProgram, ...] = ()
    podid: tuple[str, ...] = ("podid",)
    """What the image `podid/podid` runs."""
    stop_grace: float = 2.0
    """Seconds that running containers have to end when the node stops; then they are killed."""
    resync: float = 60.0
    """Seconds after which a pod is looked at again though nothing happened: what real kubelets do, and what bounds a token's lateness."""
