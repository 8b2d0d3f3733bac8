"""Namespaces: what each one has from the start, and how it ends.

A new one gets the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`. One that is deleted loses its contents first: some time
later, as with the real controller, because `kubectl delete -f DIR` that contains both expects to find the contents; then it goes itself.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Final

from podid.core.clock import Clock
from podid.localcluster.admission.attributes import Context
from podid.localcluster.admission.deletion import DeleteOptions
from podid.localcluster.admission.gate import Gate
from podid.localcluster.admission.service_accounts import ROOT_CA
from podid.localcluster.controllers.runner import Controller
from podid.localcluster.objects.errors import ApiError
from podid.localcluster.objects.kinds import KINDS
from podid.localcluster.objects.metadata import is_deleted, metadata, name_of, namespace_of, parse_timestamp
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import AlreadyExists, Object

BEGINNING: Final = ("default", "kube-system", "kube-public", "kube-node-lease")
_BEFORE_PURGE: Final = timedelta(seconds=1.5)


def make_namespace(store: ObjectStore, name: str) -> None:
    """Make a namespace that every cluster has, where it is missing."""
    obj: Object = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
    with contextlib.suppress(AlreadyExists):
        store.create("namespaces", obj)


class Furnisher(Controller):
    """Gives every namespace its ServiceAccount and its CA certificate."""

    name = "namespace-contents"
    watches = ("namespaces", "serviceaccounts", "configmaps")
    every = 60.0

    def __init__(self, store: ObjectStore, ca_pem: str) -> None:
        self._store = store
        self._ca_pem = ca_pem

    async def reconcile(self) -> None:
        for namespace in self._store.list("namespaces"):
            if not is_deleted(namespace):
                self.furnish(name_of(namespace))

    def furnish(self, namespace: str) -> None:
        if self._store.get("serviceaccounts", namespace, "default") is None:
            self._store.create(
                "serviceaccounts",
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}},
            )
        wanted = {"ca.crt": self._ca_pem}
        if self._store.get("configmaps", namespace, ROOT_CA) is None:
            self._store.create(
                "configmaps",
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": ROOT_CA, "namespace": namespace},
                    "data": wanted,
                },
            )
            return

        def correct(obj: Object) -> None:
            obj["data"] = wanted

        self._store.update("configmaps", namespace, ROOT_CA, correct)


class Terminator(Controller):
    """Ends the namespaces that are deleted."""

    name = "namespace-end"
    watches = ("namespaces", "pods")
    every = 1.0

    def __init__(self, store: ObjectStore, gate: Gate, *, clock: Clock) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock

    async def reconcile(self) -> None:
        for namespace in self._store.list("namespaces"):
            begun = parse_timestamp(metadata(namespace).get("deletionTimestamp"))
            if begun is not None and self._clock() >= begun + _BEFORE_PURGE:
                await self._end(name_of(namespace))

    async def _end(self, name: str) -> None:
        for kind in KINDS:
            if not kind.namespaced or not kind.stored:
                continue
            for obj in self._store.list(kind.resource, name):
                if not is_deleted(obj):
                    with contextlib.suppress(ApiError):
                        await self._gate.delete_as(
                            kind, namespace_of(obj), name_of(obj), DeleteOptions(propagation="Background"), Context()
                        )
        if any(self._store.list(kind.resource, name) for kind in KINDS if kind.namespaced and kind.stored):
            return

        def release(obj: Object) -> None:
            obj["spec"]["finalizers"] = []

        self._store.update("namespaces", "", name, release)
