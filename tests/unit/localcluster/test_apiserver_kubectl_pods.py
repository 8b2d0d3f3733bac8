"""What people type about pods and what makes them, with the real kubectl: workloads, exec, logs, events, draining."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.localcluster.running_cluster import until
from tests.unit.localcluster.typed_kubectl import Kubectl, daemonset, pod

pytestmark = pytest.mark.tools


def test_a_daemonset_is_rolled_out_and_back(kubectl: Kubectl) -> None:
    kubectl.apply(daemonset("d"))
    assert "successfully rolled out" in kubectl("rollout", "status", "ds/d", "--timeout=20s")
    header, row = kubectl("get", "daemonset").splitlines()
    assert header.split()[:6] == ["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE"]
    assert row.split()[:6] == ["d", "1", "1", "1", "1", "1"]
    first = kubectl("get", "pods", "-o", "name")
    kubectl("rollout", "restart", "ds/d")
    assert "successfully rolled out" in kubectl("rollout", "status", "ds/d", "--timeout=20s")
    assert kubectl("get", "pods", "-o", "name") != first
    kubectl("set", "image", "ds/d", "c=busybox:2")
    kubectl("rollout", "status", "ds/d", "--timeout=20s")
    kubectl("rollout", "undo", "ds/d", "--to-revision=1")
    kubectl("rollout", "status", "ds/d", "--timeout=20s")
    assert kubectl.json("get", "ds", "d")["spec"]["template"]["spec"]["containers"][0]["image"] == "busybox"
    assert len(kubectl("rollout", "history", "ds/d").strip().splitlines()) == 5
    assert "Created pod: d-" in kubectl("describe", "ds", "d")
    kubectl("delete", "ds", "d")
    until(lambda: kubectl("get", "pods,controllerrevisions", "-o", "name") == "")


def test_a_deployment_is_made_scaled_and_rolled_back(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=2")
    kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    kubectl("scale", "deploy", "web", "--replicas=3")
    kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    assert kubectl("get", "deploy", "web").splitlines()[1].split()[:4] == ["web", "3/3", "3", "3"]
    kubectl("set", "image", "deploy/web", "nginx=nginx:2")
    kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    kubectl("rollout", "undo", "deploy/web")
    kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    sets = kubectl.json("get", "rs")["items"]
    assert sorted(one["spec"]["replicas"] for one in sets) == [0, 3]
    kubectl("delete", "deploy", "web", "--cascade=foreground")
    assert kubectl("get", "rs,pods", "-o", "name") == ""


def test_orphans_stay(kubectl: Kubectl) -> None:
    kubectl.apply(daemonset("d"))
    kubectl("rollout", "status", "ds/d", "--timeout=20s")
    kubectl("delete", "ds", "d", "--cascade=orphan")
    left = kubectl.json("get", "pods")["items"]
    assert len(left) == 1
    assert "ownerReferences" not in left[0]["metadata"]


def test_exec_logs_and_cp(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl.apply(pod("p"))
    kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=20s")
    assert kubectl("exec", "p", "--", "echo", "hello") == "hello\n"
    assert "command terminated with exit code 7" in kubectl("exec", "p", "--", "sh", "-c", "exit 7", fails=True)
    assert kubectl("exec", "-i", "p", "--", "cat", stdin="in\n") == "in\n"
    assert "executable file not found" in kubectl("exec", "p", "--", "no-such-program", fails=True)
    assert "container none is not valid" in kubectl("exec", "p", "-c", "none", "--", "id", fails=True)
    assert kubectl("logs", "p", "--tail=1") == "three\n"
    assert kubectl("logs", "-l", "app=p", "--tail=1") == "three\n"
    (tmp_path / "there").write_text("content")
    kubectl("cp", str(tmp_path / "there"), f"p:{tmp_path}/copy")
    assert (tmp_path / "copy").read_text() == "content"


def test_events(kubectl: Kubectl) -> None:
    kubectl.apply(pod("p"))
    until(lambda: "Successfully assigned" in kubectl("get", "events"))
    assert "Scheduled" in kubectl("events")
    assert "Scheduled" in kubectl("get", "events", "--field-selector", "involvedObject.name=p,type=Normal")


def test_cordon_and_drain(kubectl: Kubectl) -> None:
    kubectl("cordon", "node1")
    try:
        kubectl.apply(pod("p"))
        until(lambda: "FailedScheduling" in kubectl("get", "events"))
        assert "0/1 nodes are available: 1 node(s) were unschedulable." in kubectl("describe", "pod", "p")
    finally:
        kubectl("uncordon", "node1")
    kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=20s")


def test_a_pod_without_its_service_account(kubectl: Kubectl) -> None:
    told = kubectl.apply(pod("lost", serviceAccountName="none"), fails=True)
    assert "(Forbidden)" in told
    assert f'error looking up service account {kubectl.namespace}/none: serviceaccount "none" not found' in told
