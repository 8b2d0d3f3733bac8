"""DaemonSets: one pod a node, replaced as the template changes."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.localcluster.controller_world import World, daemonset, settle, status

from podid.localcluster.controllers.daemonsets import HASH
from podid.localcluster.objects.metadata import labels_of, name_of
from podid.localcluster.ports import Object


def test_a_daemonset_has_one_ready_pod_a_node(world: World) -> None:
    world.make("daemonsets", daemonset())
    settle(world)
    assert status(world) == {}  # no node has come yet: nothing is said
    world.node("n1")
    world.node("n2")
    settle(world)
    assert sorted(pod["spec"]["nodeName"] for pod in world.pods()) == ["n1", "n2"]
    assert status(world) == {
        "currentNumberScheduled": 2,
        "desiredNumberScheduled": 2,
        "numberMisscheduled": 0,
        "numberReady": 2,
        "numberAvailable": 2,
        "numberUnavailable": 0,
        "updatedNumberScheduled": 2,
        "observedGeneration": 1,
    }
    assert len(world.events("SuccessfulCreate")) == 2


def test_a_pod_of_a_daemonset_reaches_admission_without_node_and_name(world: World) -> None:
    world.node()
    world.make("daemonsets", daemonset())
    world.run(world.daemonsets)
    (pod,) = world.pods()
    assert "nodeName" not in pod["spec"]
    assert pod["metadata"]["name"].startswith("d-")
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "DaemonSet"
    assert pod["spec"]["serviceAccountName"] == "default"


def test_nodes_that_do_not_fit_get_no_pod(world: World) -> None:
    world.node("n1")
    world.node("tainted", taints=[{"key": "k", "value": "v", "effect": "NoSchedule"}])
    world.node("cordoned", unschedulable=True)
    world.make("daemonsets", daemonset())
    settle(world)
    assert sorted(pod["spec"]["nodeName"] for pod in world.pods()) == ["cordoned", "n1"]
    world.make("daemonsets", {**daemonset("e", nodeSelector={"none": "such"})})
    settle(world)
    assert len(world.pods()) == 2


def test_a_new_template_replaces_pods_and_is_remembered(world: World) -> None:
    world.node()
    world.make("daemonsets", daemonset())
    settle(world)
    (first,) = world.pods()

    def change(obj: Object) -> None:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = "x:2"
        obj["metadata"]["generation"] = 2

    world.store.update("daemonsets", "default", "d", change)
    world.run(world.daemonsets)
    assert status(world)["updatedNumberScheduled"] == 0
    settle(world)
    (second,) = world.pods()
    assert labels_of(first)[HASH] != labels_of(second)[HASH]
    assert status(world)["observedGeneration"] == 2
    assert [one["revision"] for one in world.store.list("controllerrevisions")] in ([1, 2], [2, 1])


def test_on_delete_waits_for_the_person(world: World) -> None:
    world.node()
    made = daemonset()
    made["spec"]["updateStrategy"] = {"type": "OnDelete"}
    world.make("daemonsets", made)
    settle(world)

    def change(obj: Object) -> None:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = "x:2"

    world.store.update("daemonsets", "default", "d", change)
    before = name_of(world.pods()[0])
    settle(world)
    assert name_of(world.pods()[0]) == before
    world.delete("pods", before)
    settle(world)
    assert status(world)["updatedNumberScheduled"] == 1


def test_a_failed_pod_is_replaced(world: World) -> None:
    world.node()
    world.make("daemonsets", daemonset())
    settle(world)
    (pod,) = world.pods()
    world.store.update("pods", "default", name_of(pod), lambda obj: obj["status"].update(phase="Failed"))
    settle(world)
    assert [name_of(one) for one in world.pods()] != [name_of(pod)]


def test_a_pod_that_is_refused_is_told_and_tried_again_later(world: World) -> None:
    world.node()
    world.make("daemonsets", daemonset(serviceAccountName="missing"))
    for _ in range(5):
        world.run(world.daemonsets)
    assert len(world.events("FailedCreate")) == 1
    assert 'serviceaccount "missing" not found' in world.events("FailedCreate")[0]
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "missing", "namespace": "default"}}
    world.make("serviceaccounts", account)
    world.run(world.daemonsets)
    assert world.pods() == []
    world.now += timedelta(seconds=1)
    world.run(world.daemonsets)
    assert len(world.pods()) == 1
