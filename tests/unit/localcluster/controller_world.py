"""A store with its gate, and the controllers over it, called by hand: no thread, no clock of the machine."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from podid.localcluster.admission.attributes import Context
from podid.localcluster.admission.deletion import DeleteOptions
from podid.localcluster.admission.dialling import WebhookDialler
from podid.localcluster.admission.gate import Gate
from podid.localcluster.admission.webhooks.caller import WebhookCaller
from podid.localcluster.controllers.daemonsets import DaemonSets
from podid.localcluster.controllers.garbage import GarbageCollector
from podid.localcluster.controllers.namespaces import Furnisher, Terminator, make_namespace
from podid.localcluster.controllers.scheduler import Scheduler
from podid.localcluster.events import Recorder
from podid.localcluster.objects.journal import Journal
from podid.localcluster.objects.kinds import BY_RESOURCE
from podid.localcluster.objects.metadata import is_deleted, name_of, namespace_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import Object


class World:
    """A store with its gate, and the controllers over it."""

    def __init__(self, path: Path) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.store = ObjectStore(Journal(path / "objects.db"), clock=lambda: self.now, random=os.urandom)
        webhooks = WebhookCaller(self.store, WebhookDialler(self.store, None), random=os.urandom)
        clock = lambda: self.now  # noqa: E731
        self.gate = Gate(self.store, webhooks, clock=clock, random=os.urandom)
        self.recorder = Recorder(self.store, clock=clock, host="n1")
        self.daemonsets = DaemonSets(self.store, self.gate, self.recorder, clock=clock)
        self.garbage = GarbageCollector(self.store, self.gate, self.recorder)
        self.scheduler = Scheduler(self.store, self.recorder, clock=clock)
        self.furnisher = Furnisher(self.store, "CA")
        self.terminator = Terminator(self.store, self.gate, clock=clock)
        make_namespace(self.store, "default")
        self.furnisher.furnish("default")

    def run(self, *controllers: Any) -> None:
        for controller in controllers:
            asyncio.run(controller.reconcile())

    def node(self, name: str = "n1", **spec: Any) -> None:
        meta = {"name": name, "labels": {"kubernetes.io/hostname": name}}
        self.store.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": spec, "status": {}})

    def make(self, resource: str, obj: Object) -> Object:
        return asyncio.run(self.gate.create(resource, obj))

    def delete(self, resource: str, name: str, propagation: str = "Background") -> None:
        options = DeleteOptions(propagation=propagation)
        asyncio.run(self.gate.delete_as(BY_RESOURCE[resource], "default", name, options, Context()))

    def pods(self) -> list[Object]:
        return self.store.list("pods")

    def ready(self) -> None:
        """What a kubelet does: bound pods run, deleted ones go."""
        for pod in self.pods():
            if is_deleted(pod):
                self.store.remove("pods", namespace_of(pod), name_of(pod))
            elif pod["spec"].get("nodeName"):

                def run(copy_: Object) -> None:
                    copy_["status"] |= {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}

                self.store.update("pods", namespace_of(pod), name_of(pod), run)

    def events(self, reason: str) -> list[str]:
        return [event["message"] for event in self.store.list("events") if event["reason"] == reason]


def daemonset(name: str = "d", image: str = "x:1", **spec: Any) -> Object:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": image}], **spec}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }


def status(world: World) -> dict[str, Any]:
    found = world.store.get("daemonsets", "default", "d")
    assert found is not None
    return found.get("status") or {}


def settle(world: World, rounds: int = 6) -> None:
    for _ in range(rounds):
        world.run(world.daemonsets, world.scheduler)
        world.ready()
    world.run(world.daemonsets)
