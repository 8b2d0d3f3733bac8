"""Garbage, namespaces, the scheduler and events."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.localcluster.controller_world import World, daemonset, settle

from podid.localcluster.admission.attributes import Context
from podid.localcluster.admission.deletion import DeleteOptions
from podid.localcluster.controllers.scheduler import reason_against
from podid.localcluster.controllers.workloads import Patience, share, template_hash
from podid.localcluster.events import LIFETIME
from podid.localcluster.objects.kinds import BY_RESOURCE
from podid.localcluster.ports import Object


def test_dependents_follow_their_owner(world: World) -> None:
    world.node()
    world.make("daemonsets", daemonset())
    settle(world)
    world.delete("daemonsets", "d")
    world.run(world.garbage)
    world.ready()
    assert world.pods() == world.store.list("controllerrevisions") == []


def test_orphans_are_let_go(world: World) -> None:
    world.node()
    world.make("daemonsets", daemonset())
    settle(world)
    world.delete("daemonsets", "d", "Orphan")
    assert world.store.get("daemonsets", "default", "d") is not None
    world.run(world.garbage)
    assert world.store.get("daemonsets", "default", "d") is None
    (pod,) = world.pods()
    assert "ownerReferences" not in pod["metadata"]


def test_in_the_foreground_the_owner_goes_last(world: World) -> None:
    world.node()
    world.make("daemonsets", daemonset())
    settle(world)
    world.delete("daemonsets", "d", "Foreground")
    world.run(world.garbage)
    assert world.store.get("daemonsets", "default", "d") is not None
    world.ready()
    world.run(world.garbage)
    world.run(world.garbage)
    assert world.store.get("daemonsets", "default", "d") is None


def test_owners_of_kinds_that_are_not_here_count_as_living(world: World) -> None:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u"}
    obj = {"metadata": {"name": "c", "namespace": "default", "ownerReferences": [owner]}}
    world.make("configmaps", obj)
    world.run(world.garbage)
    assert world.store.get("configmaps", "default", "c") is not None
    owner.update(apiVersion="v1", kind="Pod")
    world.make("configmaps", copy.deepcopy({**obj, "metadata": {**obj["metadata"], "name": "d"}}))
    world.run(world.garbage)
    assert world.store.get("configmaps", "default", "d") is None


# namespaces


def test_every_namespace_is_furnished_and_stays_so(world: World) -> None:
    world.make("namespaces", {"metadata": {"name": "new"}})
    world.run(world.furnisher)
    assert world.store.get("serviceaccounts", "new", "default") is not None

    def spoil(obj: Object) -> None:
        obj["data"] = {"ca.crt": "other"}

    world.store.update("configmaps", "new", "kube-root-ca.crt", spoil)
    world.store.remove("serviceaccounts", "new", "default")
    world.run(world.furnisher)
    root = world.store.get("configmaps", "new", "kube-root-ca.crt")
    assert root is not None
    assert root["data"] == {"ca.crt": "CA"}
    assert world.store.get("serviceaccounts", "new", "default") is not None


def test_a_namespace_ends_after_its_contents_and_not_at_once(world: World) -> None:
    world.make("namespaces", {"metadata": {"name": "new"}})
    world.run(world.furnisher)
    kind = BY_RESOURCE["namespaces"]
    asyncio.run(world.gate.delete_as(kind, "", "new", DeleteOptions(), Context()))
    world.run(world.terminator)
    assert len(world.store.list("configmaps", "new")) == 1
    world.now += timedelta(seconds=2)
    world.run(world.terminator)
    assert world.store.list("configmaps", "new") == []
    assert world.store.get("namespaces", "", "new") is None


def test_a_namespace_waits_for_what_something_holds(world: World) -> None:
    world.make("namespaces", {"metadata": {"name": "new"}})
    held = {"metadata": {"name": "held", "namespace": "new", "finalizers": ["e.com/x"]}}
    world.make("configmaps", held)
    asyncio.run(world.gate.delete_as(BY_RESOURCE["namespaces"], "", "new", DeleteOptions(), Context()))
    world.now += timedelta(seconds=2)
    world.run(world.terminator)
    assert world.store.get("namespaces", "", "new") is not None
    world.store.update("configmaps", "new", "held", lambda obj: obj["metadata"].pop("finalizers"))
    world.run(world.terminator)
    assert world.store.get("namespaces", "", "new") is None


# the scheduler


@pytest.mark.parametrize(
    ("spec", "node", "reason"),
    [
        ({}, {}, ""),
        ({}, {"unschedulable": True}, "node(s) were unschedulable"),
        ({"tolerations": [{"operator": "Exists"}]}, {"unschedulable": True}, ""),
        ({"nodeSelector": {"zone": "a"}}, {}, ""),
        ({"nodeSelector": {"zone": "b"}}, {}, "node(s) didn't match Pod's node affinity/selector"),
        ({}, {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}, "node(s) had untolerated taint {k: v}"),
        ({}, {"taints": [{"key": "k", "effect": "PreferNoSchedule"}]}, ""),
        ({"tolerations": [{"key": "k", "value": "v"}]}, {"taints": [{"key": "k", "value": "v", "effect": "NoExecute"}]}, ""),
        ({"tolerations": [{"key": "k", "value": "w"}]}, {"taints": [{"key": "k", "value": "v", "effect": "NoExecute"}]}, "node(s) had untolerated taint {k: v}"),
        ({"tolerations": [{"key": "k", "operator": "Exists", "effect": "NoSchedule"}]}, {"taints": [{"key": "k", "effect": "NoExecute"}]}, "node(s) had untolerated taint {k: }"),
    ],
)  # fmt: skip
def test_why_a_pod_cannot_run_on_a_node(spec: dict[str, Any], node: dict[str, Any], reason: str) -> None:
    assert reason_against({"spec": spec}, {"metadata": {"name": "n", "labels": {"zone": "a"}}, "spec": node}) == reason


@pytest.mark.parametrize(
    ("terms", "fits"),
    [
        ([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}], True),
        ([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["m"]}]}], False),
        ([{"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}, {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}], True),
        ([{}], False),
    ],
)  # fmt: skip
def test_required_affinity(terms: list[Any], fits: bool) -> None:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    spec = {"affinity": {"nodeAffinity": required}}
    node = {"metadata": {"name": "n", "labels": {"zone": "a"}}}
    assert (reason_against({"spec": spec}, node) == "") is fits


def test_a_pod_that_fits_nowhere_is_told_once(world: World) -> None:
    world.node(unschedulable=True)
    world.make(
        "pods",
        {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": [{"name": "c", "image": "x"}]}},
    )
    for _ in range(3):
        world.run(world.scheduler)
    assert world.events("FailedScheduling") == ["0/1 nodes are available: 1 node(s) were unschedulable."]
    world.store.update("nodes", "", "n1", lambda obj: obj["spec"].clear())
    world.run(world.scheduler)
    (pod,) = world.pods()
    assert pod["spec"]["nodeName"] == "n1"
    assert pod["status"]["conditions"][0]["status"] == "True"


# events and small rules


def test_equal_events_are_counted_and_old_ones_forgotten(world: World) -> None:
    about = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default", "uid": "u"}}
    for message in ("a", "a", "b", "a"):
        world.recorder.record(about, type="Normal", reason="Tested", message=message)
        world.now += timedelta(seconds=10)
    events = world.store.list("events")
    assert sorted((event["message"], event["count"]) for event in events) == [("a", 3), ("b", 1)]
    world.now += LIFETIME - timedelta(seconds=15)
    world.recorder.forget_old()
    assert [event["message"] for event in world.store.list("events")] == ["a"]


def test_shares_of_a_number() -> None:
    assert [share("25%", 3, up=True), share("25%", 3, up=False), share(2, 3, up=True), share("x", 3, up=True)] == [
        1,
        0,
        2,
        0,
    ]


def test_patience_doubles_and_is_forgotten_by_success() -> None:
    patience, now = Patience(), datetime(2026, 1, 1, tzinfo=UTC)
    assert patience.may_try("u", now)
    patience.failed("u", now)
    patience.failed("u", now)
    assert not patience.may_try("u", now + timedelta(seconds=1.9))
    assert patience.may_try("u", now + timedelta(seconds=2))
    for _ in range(40):
        patience.failed("u", now)
    assert patience.may_try("u", now + timedelta(seconds=60))
    patience.succeeded("u")
    assert patience.may_try("u", now)


def test_the_hash_of_a_template_does_not_see_what_is_empty() -> None:
    assert template_hash({"a": 1, "b": {}}) == template_hash({"b": None, "a": 1})
    assert template_hash({"a": 1}) != template_hash({"a": 2})
