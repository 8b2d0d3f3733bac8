"""What every pod's worker shares."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from podid.core.clock import Clock
from podid.localcluster.isolation.port import Node
from podid.localcluster.kubelet.settings import KubeletSettings
from podid.localcluster.ports import EventRecorder, Object, Objects, TokenIssuer


class Context(Struct, frozen=True, kw_only=True):
    """The kubelet's surroundings."""

    objects: Objects
    tokens: TokenIssuer
    events: EventRecorder
    node: Node
    settings: KubeletSettings
    clock: Clock
    allocatable: Mapping[str, str]
    """The node's resources, as quantities."""

    def pod_folder(self, uid: str) -> Path:
        return self.settings.folder / uid

    def lookup(self, namespace: str, resource: str, name: str) -> Object | None:
        return self.objects.get(resource, namespace, name)
