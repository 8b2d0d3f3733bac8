"""Reaching a webhook: on the host by URL, or in a pod behind a Service.

The local cluster has no kube-proxy: a Service is resolved here, by its selector, to a ready pod and the port it targets.
"""

from __future__ import annotations

import asyncio
from typing import Any

from podid.localcluster.admission.webhooks.client import Address, CallFailed, Dial
from podid.localcluster.objects.metadata import is_deleted, labels_of
from podid.localcluster.objects.selectors import Requirement, selects
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import ContainerAccess, NotRunning, Object


class WebhookDialler:
    """Implements `webhooks.caller.Dialler`. `containers` may be absent: then no Service can be reached."""

    def __init__(self, store: ObjectStore, containers: ContainerAccess | None) -> None:
        self._store = store
        self._containers = containers

    def to_url(self, address: Address) -> Dial:
        async def dial() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            return await asyncio.open_connection(address.host, address.port)

        return dial

    def to_service(self, namespace: str, name: str, port: int) -> Dial:
        async def dial() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            pod, number = self._resolve(namespace, name, port)
            if self._containers is None:
                raise CallFailed("this cluster runs no pods")
            try:
                return await self._containers.dial(pod, number)
            except NotRunning as problem:
                raise CallFailed(str(problem)) from problem

        return dial

    def _resolve(self, namespace: str, name: str, port: int) -> tuple[Object, int]:
        service = self._store.get("services", namespace, name)
        if service is None:
            raise CallFailed(f'service "{name}" not found')
        spec = service.get("spec") or {}
        chosen = next((one for one in spec.get("ports") or () if one.get("port") == port), None)
        if chosen is None:
            raise CallFailed(f'service "{name}" has no port {port}')
        wanted = spec.get("selector") or {}
        selector = tuple(Requirement(key, "In", (value,)) for key, value in wanted.items())
        for pod in self._store.list("pods", namespace):
            if selector and selects(selector, labels_of(pod)) and is_ready(pod) and not is_deleted(pod):
                return pod, _target(pod, chosen)
        raise CallFailed(f'no endpoints available for service "{name}"')


def is_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition is true."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _target(pod: Object, port: dict[str, Any]) -> int:
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    for container in pod["spec"].get("containers") or ():
        for one in container.get("ports") or ():
            if one.get("name") == target:
                return int(one["containerPort"])
    raise CallFailed(f'the pod has no port named "{target}"')
