"""Add-ons that are there: looked after, updated, deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.eks.one_daemonset import AGENT, OF, OneDaemonSet

from podid.eks.addons.worker import AddonWorker
from podid.eks.errors import InvalidParameter, ResourceInUse, ResourceNotFound
from podid.kube import Forbidden


class TestActive:
    def test_short_trouble_is_not_shown_long_trouble_is(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], clock: Any
    ) -> None:
        kubernetes.ready(ready=0)
        clock.move(seconds=30)
        assert status() == "ACTIVE"
        clock.move(seconds=30)
        assert status() == "ACTIVE"
        clock.move(seconds=30)
        assert status() == "DEGRADED"
        kubernetes.ready()
        clock.move(seconds=30)
        assert status() == "ACTIVE"

    def test_trouble_must_last_without_a_break(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], clock: Any
    ) -> None:
        for ready in (0, 1, 0, 1):
            kubernetes.ready(ready=ready)
            clock.move(seconds=40)
            assert status() == "ACTIVE"

    def test_deleted_daemon_set(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], clock: Any, api: Any
    ) -> None:
        kubernetes.found = None
        clock.move(seconds=30)
        status()
        clock.move(seconds=61)
        assert status() == "DEGRADED"
        assert api("DescribeAddon", **OF)["addon"]["health"]["issues"][0]["code"] == "K8sResourceNotFound"

    def test_cluster_is_not_asked_at_every_look(
        self, active: Any, kubernetes: OneDaemonSet, worker: AddonWorker, clock: Any
    ) -> None:
        clock.move(seconds=31)
        worker.look()
        asked = len(kubernetes.calls)
        for _ in range(5):
            assert worker.look() == 30
        assert len(kubernetes.calls) == asked


class TestUpdate:
    def test_in_progress_then_successful(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], api: Any
    ) -> None:
        values = '{"agent": {"additionalArgs": {"-v": "trace"}}}'
        update = api("UpdateAddon", **OF, configurationValues=values, resolveConflicts="OVERWRITE")["update"]
        assert (update["status"], update["type"]) == ("InProgress", "AddonUpdate")
        assert update["params"] == [
            {"type": "ResolveConflicts", "value": "OVERWRITE"},
            {"type": "ConfigurationValues", "value": values},
        ]
        assert api("DescribeAddon", **OF)["addon"]["status"] == "UPDATING"
        with pytest.raises(ResourceInUse, match="currently in UPDATING state"):
            api("UpdateAddon", **OF, configurationValues="")
        assert status() == "UPDATING"  # the cluster has not looked at the new generation yet
        kubernetes.ready()
        assert status() == "ACTIVE"
        done = api("DescribeUpdate", name="eksdemo1", updateId=update["id"], addonName=AGENT)["update"]
        assert done == update | {"status": "Successful"}
        assert api("ListUpdates", name="eksdemo1", addonName=AGENT)["updateIds"] == [update["id"]]
        assert api("ListUpdates", name="eksdemo1")["updateIds"] == []

    def test_failure_is_told_by_the_update(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], api: Any
    ) -> None:
        update = api("UpdateAddon", **OF, addonVersion="v1.3.8-eksbuild.2")["update"]
        kubernetes.trouble = Forbidden("no")
        assert status() == "UPDATE_FAILED"
        done = api("DescribeUpdate", name="eksdemo1", updateId=update["id"], addonName=AGENT)["update"]
        assert done["status"] == "Failed"
        assert done["errors"] == [{"errorCode": "AccessDenied", "errorMessage": "no", "resourceIds": []}]
        kubernetes.trouble = None
        api("UpdateAddon", **OF, addonVersion="v1.3.10-eksbuild.3")
        kubernetes.ready()
        assert status() == "ACTIVE"

    def test_preserve_keeps_what_people_changed(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], api: Any
    ) -> None:
        assert kubernetes.found is not None
        kubernetes.found["spec"]["template"]["spec"]["tolerations"] = [{"key": "mine"}]
        values = '{"agent": {"additionalArgs": {"-v": "trace"}}}'
        api("UpdateAddon", **OF, configurationValues=values, resolveConflicts="PRESERVE")
        status()
        pod = kubernetes.found["spec"]["template"]["spec"]
        assert pod["tolerations"] == [{"key": "mine"}] and pod["containers"][0]["args"][-2:] == ["-v", "trace"]

    def test_nothing_to_change(self, active: Any, api: Any) -> None:
        with pytest.raises(InvalidParameter, match="Nothing to update"):
            api("UpdateAddon", **OF)
        with pytest.raises(ResourceNotFound, match="No addon: vpc-cni found"):
            api("UpdateAddon", clusterName="eksdemo1", addonName="vpc-cni", addonVersion="v1")


class TestDelete:
    def test_deleting_then_gone(
        self, active: Any, kubernetes: OneDaemonSet, api: Any, worker: AddonWorker, create: Callable[..., Any]
    ) -> None:
        kubernetes.lingers = True
        assert api("DeleteAddon", **OF)["addon"]["status"] == "DELETING"
        worker.look()
        assert api("DeleteAddon", **OF)["addon"]["status"] == "DELETING"
        assert kubernetes.calls.count("delete") == 1
        kubernetes.found = None
        worker.look()
        with pytest.raises(ResourceNotFound, match=f"^No addon: {AGENT} found in cluster: eksdemo1$") as gone:
            api("DescribeAddon", **OF)
        assert gone.value.members == OF
        assert create()["addonArn"] != active["addonArn"]

    def test_preserve_leaves_the_software(
        self, active: Any, kubernetes: OneDaemonSet, api: Any, worker: AddonWorker
    ) -> None:
        api("DeleteAddon", **OF, preserve=True)
        worker.look()
        assert api("ListAddons", clusterName="eksdemo1")["addons"] == [] and kubernetes.found is not None

    def test_what_does_not_go_fails_after_a_while_and_can_be_asked_again(
        self,
        active: Any,
        kubernetes: OneDaemonSet,
        api: Any,
        status: Callable[[], str],
        clock: Any,
        worker: AddonWorker,
    ) -> None:
        kubernetes.lingers = True
        api("DeleteAddon", **OF)
        assert status() == "DELETING"
        clock.move(minutes=5)
        assert status() == "DELETE_FAILED"
        api("DeleteAddon", **OF)
        kubernetes.found = None
        worker.look()
        assert api("ListAddons", clusterName="eksdemo1")["addons"] == []

    def test_deletion_asked_for_during_a_step_wins(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, api: Any, worker: AddonWorker
    ) -> None:
        create()
        worker.look()
        kubernetes.ready()
        kubernetes.meanwhile = lambda: api("DeleteAddon", **OF)
        worker.look()
        assert api("DescribeAddon", **OF)["addon"]["status"] == "DELETING"
        worker.look()
        assert kubernetes.found is None
