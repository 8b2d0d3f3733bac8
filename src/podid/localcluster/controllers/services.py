"""Services: their cluster addresses, and the endpoints behind them. Nothing forwards traffic (there is no kube-proxy): webhooks by Service
are dialled by the API server itself."""

from __future__ import annotations

import contextlib
import ipaddress
from typing import Any, Final

from podid.localcluster.admission.dialling import is_ready
from podid.localcluster.controllers.runner import Controller
from podid.localcluster.objects.metadata import is_deleted, labels_of, name_of, namespace_of, uid_of
from podid.localcluster.objects.selectors import Requirement, selects
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import AlreadyExists, Object
from podid.localcluster.preparing import SERVICE_ADDRESS

_RANGE: Final = ipaddress.ip_network("10.96.0.0/16")


def make_kubernetes_service(store: ObjectStore, host: str, port: int) -> None:
    """The Service `kubernetes`, by which pods find the API, where it is missing."""
    service: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": SERVICE_ADDRESS,
            "clusterIPs": [SERVICE_ADDRESS],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    }
    with contextlib.suppress(AlreadyExists):
        store.create("services", service)
    subsets = [{"addresses": [{"ip": host}], "ports": [{"name": "https", "port": port, "protocol": "TCP"}]}]
    _write_endpoints(store, "default", "kubernetes", subsets)


class ServiceAddresses(Controller):
    """Gives Services addresses and keeps their Endpoints."""

    name = "services"
    watches = ("services", "pods")
    every = 60.0

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def reconcile(self) -> None:
        for service in self._store.list("services"):
            if is_deleted(service):
                continue
            self._give_address(service)
            selector = service["spec"].get("selector")
            if selector:
                subsets = _subsets(service, self._store.list("pods", namespace_of(service)))
                _write_endpoints(self._store, namespace_of(service), name_of(service), subsets)
        for endpoints in self._store.list("endpoints"):
            namespace, name = namespace_of(endpoints), name_of(endpoints)
            if labels_of(endpoints).get(_OURS) and self._store.get("services", namespace, name) is None:
                self._store.remove("endpoints", namespace, name, uid_of(endpoints))

    def _give_address(self, service: Object) -> None:
        spec = service["spec"]
        if spec.get("clusterIP") or spec.get("type") == "ExternalName":
            return
        taken = {one["spec"].get("clusterIP") for one in self._store.list("services")}
        free = next((str(address) for address in _RANGE.hosts() if str(address) not in taken), "None")

        def change(copy: Object) -> None:
            copy["spec"] |= {
                "clusterIP": free,
                "clusterIPs": [free],
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
            }

        self._store.update("services", namespace_of(service), name_of(service), change)


_OURS: Final = "endpoints.podid.dev/managed"


def _subsets(service: Object, pods: list[Object]) -> list[dict[str, Any]]:
    selector = tuple(Requirement(key, "In", (value,)) for key, value in service["spec"]["selector"].items())
    addresses = [
        {
            "ip": pod["status"]["podIP"],
            "nodeName": pod["spec"].get("nodeName", ""),
            "targetRef": {
                "kind": "Pod",
                "namespace": namespace_of(pod),
                "name": name_of(pod),
                "uid": uid_of(pod),
            },
        }
        for pod in pods
        if selects(selector, labels_of(pod)) and is_ready(pod) and not is_deleted(pod) and pod["status"].get("podIP")
    ]
    if not addresses:
        return []
    ports = []
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort", port["port"])
        if isinstance(target, int):
            ports.append({"name": port.get("name", ""), "port": target, "protocol": port.get("protocol", "TCP")})
    return [{"addresses": addresses, "ports": ports}]


def _write_endpoints(store: ObjectStore, namespace: str, name: str, subsets: list[dict[str, Any]]) -> None:
    def change(copy: Object) -> None:
        copy["subsets"] = subsets

    if store.update("endpoints", namespace, name, change) is None:
        meta = {"name": name, "namespace": namespace, "labels": {_OURS: "true"}}
        store.create("endpoints", {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta, "subsets": subsets})
