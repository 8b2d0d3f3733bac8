"""What people type, with the real kubectl: each test is a small story, its answers are kubectl's own output.

kubectl is the one on PATH, and the ones that PODID_TEST_KUBECTLS names (paths, separated like PATH): several versions in one run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.localcluster.running_cluster import Running, until

pytestmark = pytest.mark.tools


def binaries() -> list[str]:
    named = [path for path in os.environ.get("PODID_TEST_KUBECTLS", "").split(os.pathsep) if path]
    return named or [found for found in (shutil.which("kubectl"),) if found]


class Kubectl:
    """kubectl in a namespace of its own."""

    def __init__(self, running: Running, binary: str, namespace: str) -> None:
        self.running = running
        self.binary = binary
        self.namespace = namespace

    def __call__(self, *arguments: str, stdin: str = "", fails: bool = False) -> str:
        """Standard output, and standard error where it fails, which it must only where the test says so."""
        code, out, err = self.running.kubectl("-n", self.namespace, *arguments, binary=self.binary, stdin=stdin)
        assert (code != 0) is fails, (arguments, code, out, err)
        return err if fails else out

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    def apply(self, *objects: dict[str, Any], arguments: tuple[str, ...] = (), fails: bool = False) -> str:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        return self("apply", "-f", "-", *arguments, stdin=text, fails=fails)


_count = 0


@pytest.fixture(params=binaries() or [""])
def kubectl(running: Running, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    global _count
    if not request.param:
        pytest.skip("there is no kubectl")
    _count += 1
    made = Kubectl(running, request.param, f"story-{_count}")
    made("create", "namespace", made.namespace)
    yield made
    made("delete", "namespace", made.namespace, "--wait=false")


def pod(name: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "amazon/aws-cli", "command": ["sleep", "infinity"]}
    meta = {"name": name, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container], **spec}}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def daemonset(name: str) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "busybox", "command": ["sleep", "infinity"]}]},
    }
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": name}, "spec": spec}


def test_the_manifests_of_the_walk_through(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "01.yaml").write_text("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: aws-cli-sa}\n")
    (tmp_path / "02.yaml").write_text(json.dumps(pod("aws-cli", serviceAccountName="aws-cli-sa")))
    folder = str(tmp_path)
    assert kubectl("apply", "-f", folder).splitlines() == ["serviceaccount/aws-cli-sa created", "pod/aws-cli created"]
    assert kubectl("apply", "-f", folder).splitlines() == [
        "serviceaccount/aws-cli-sa unchanged",
        "pod/aws-cli unchanged",
    ]
    assert kubectl("wait", "pod/aws-cli", "--for=condition=Ready", "--timeout=20s") == "pod/aws-cli condition met\n"
    header, row = kubectl("get", "pods").splitlines()
    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert row.split()[:4] == ["aws-cli", "1/1", "Running", "0"]
    described = kubectl("describe", "pod", "aws-cli")
    assert "Service Account:  aws-cli-sa" in described
    assert "Successfully assigned" in described
    assert "/var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-" in described
    deleted = kubectl("delete", "-f", folder)
    assert 'serviceaccount "aws-cli-sa" deleted' in deleted
    assert 'pod "aws-cli" deleted' in deleted
    assert kubectl("get", "pods", "-o", "name") == ""


def test_a_pod_without_its_service_account(kubectl: Kubectl) -> None:
    told = kubectl.apply(pod("lost", serviceAccountName="none"), fails=True)
    assert "(Forbidden)" in told
    assert f'error looking up service account {kubectl.namespace}/none: serviceaccount "none" not found' in told


def test_changing_objects(kubectl: Kubectl) -> None:
    assert kubectl("create", "configmap", "c", "--from-literal=a=1") == "configmap/c created\n"
    assert "already exists" in kubectl("create", "configmap", "c", fails=True)
    kubectl("label", "configmap", "c", "x=y")
    kubectl("annotate", "configmap", "c", "n=1")
    kubectl("patch", "configmap", "c", "-p", '{"data":{"b":"2"}}')
    kubectl("patch", "configmap", "c", "--type=merge", "-p", '{"data":{"a":null}}')
    kubectl("patch", "configmap", "c", "--type=json", "-p", '[{"op":"add","path":"/data/z","value":"3"}]')
    found = kubectl.json("get", "configmap", "c")
    assert found["data"] == {"b": "2", "z": "3"}
    assert (found["metadata"]["labels"], found["metadata"]["annotations"]) == ({"x": "y"}, {"n": "1"})
    found["data"] = {"only": "this"}
    assert kubectl("replace", "-f", "-", stdin=json.dumps(found)) == "configmap/c replaced\n"
    found["data"] = {"too": "late"}
    assert "the object has been modified" in kubectl("replace", "-f", "-", stdin=json.dumps(found), fails=True)
    assert kubectl("get", "configmap", "c", "-o", "jsonpath={.data}") == '{"only":"this"}'


def test_edit(kubectl: Kubectl, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nexec sed -i 's/^  a:/  edited:/' \"$1\"\n")
    editor.chmod(0o755)
    kubectl("create", "configmap", "c", "--from-literal=a=1")
    environment = {"PATH": os.environ["PATH"], "HOME": str(kubectl.running.home), "EDITOR": str(editor)}
    environment["KUBECONFIG"] = str(kubectl.running.cluster.files.kubeconfig)
    command = [kubectl.binary, "-n", kubectl.namespace, "edit", "configmap", "c"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout == "configmap/c edited\n"
    assert kubectl.json("get", "configmap", "c")["data"] == {"edited": "1"}


def test_apply_changes_only_what_was_applied(kubectl: Kubectl) -> None:
    kubectl.apply(config_map("c", a="1", b="2"))
    kubectl("patch", "configmap", "c", "-p", '{"data":{"foreign":"x"}}')
    assert kubectl.apply(config_map("c", a="9")) == "configmap/c configured\n"
    assert kubectl.json("get", "configmap", "c")["data"] == {"a": "9", "foreign": "x"}
    assert "unchanged" in kubectl.apply(config_map("c", a="9"))


def test_a_dry_run_and_a_diff_change_nothing(kubectl: Kubectl) -> None:
    kubectl.apply(config_map("c", a="1"))
    assert "configured (server dry run)" in kubectl.apply(config_map("c", a="2"), arguments=("--dry-run=server",))
    assert "created (server dry run)" in kubectl.apply(config_map("d"), arguments=("--dry-run=server",))
    code, out, _ = kubectl.running.kubectl(
        "-n", kubectl.namespace, "diff", "-f", "-", binary=kubectl.binary, stdin=json.dumps(config_map("c", a="2"))
    )
    assert code == 1
    assert '+  a: "2"' in out
    assert kubectl.json("get", "configmap", "c")["data"] == {"a": "1"}


def test_unknown_fields_are_refused(kubectl: Kubectl) -> None:
    wrong = pod("typo")
    wrong["spec"]["containers"][0]["imag"] = "x"
    assert 'strict decoding error: unknown field "spec.containers[0].imag"' in kubectl.apply(wrong, fails=True)
    assert "pod/typo created" in kubectl.apply(wrong, arguments=("--validate=ignore",))


def test_what_of_a_pod_cannot_change(kubectl: Kubectl) -> None:
    kubectl.apply(pod("p"))
    changed = pod("p", hostNetwork=True)
    assert "pod updates may not change fields other than" in kubectl.apply(changed, fails=True)


def test_server_side_apply(kubectl: Kubectl) -> None:
    def apply(manager: str, *more: str, fails: bool = False, **data: str) -> str:
        arguments = ("--server-side", f"--field-manager={manager}", *more)
        return kubectl("apply", "-f", "-", *arguments, stdin=json.dumps(config_map("c", **data)), fails=fails)

    assert apply("one", a="1", b="2") == "configmap/c serverside-applied\n"
    apply("one", a="1")
    assert kubectl.json("get", "configmap", "c")["data"] == {"a": "1"}
    told = apply("two", a="9", fails=True)
    assert 'Apply failed with 1 conflict: conflict with "one": .data.a' in told
    apply("two", "--force-conflicts", a="9")
    assert kubectl.json("get", "configmap", "c")["data"] == {"a": "9"}
    managers = kubectl.json("get", "configmap", "c", "--show-managed-fields")["metadata"]["managedFields"]
    assert [(one["manager"], one["operation"]) for one in managers] == [("two", "Apply")]


def test_from_client_side_to_server_side_apply(kubectl: Kubectl) -> None:
    kubectl.apply(config_map("c", a="1", b="2"))
    text = json.dumps(config_map("c", a="1"))
    kubectl("apply", "--server-side", "-f", "-", stdin=text)
    assert kubectl.json("get", "configmap", "c")["data"] == {"a": "1"}


def test_selectors_and_output_forms(kubectl: Kubectl) -> None:
    kubectl.apply(pod("a"), pod("b"), pod("c", nodeName="elsewhere"))
    assert kubectl("get", "pods", "-l", "app in (a, b),app!=b", "-o", "name") == "pod/a\n"
    assert kubectl("get", "pods", "-l", "app,!none", "-o", "name") == "pod/a\npod/b\npod/c\n"
    assert kubectl("get", "pods", "--field-selector", "spec.nodeName=elsewhere", "-o", "name") == "pod/c\n"
    assert "field label not supported" in kubectl("get", "pods", "--field-selector", "spec.x=y", fails=True)
    wide = kubectl("get", "pod", "a", "-o", "wide").splitlines()
    assert wide[0].split()[:7] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"]
    assert kubectl("get", "pods", "--show-labels").splitlines()[1].endswith("app=a")
    assert kubectl("get", "pods", "--sort-by=.metadata.name", "--no-headers").split()[0] == "a"
    assert kubectl("get", "pods", "-o", "custom-columns=N:.metadata.name").split() == ["N", "a", "b", "c"]
    assert kubectl("get", "pods", "--chunk-size=1", "-o", "name").count("\n") == 3
    assert "pod/a" in kubectl("get", "all")
    assert "NAMESPACE" in kubectl("get", "pods", "-A")


def test_a_watch_shows_what_comes(kubectl: Kubectl) -> None:
    command = [kubectl.binary, "-n", kubectl.namespace, "get", "pods", "-w"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(kubectl.running.home)}
    environment["KUBECONFIG"] = str(kubectl.running.cluster.files.kubeconfig)
    kubectl.apply(pod("before"))
    watching = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert watching.stdout is not None
    try:
        assert watching.stdout.readline().startswith("NAME")
        assert watching.stdout.readline().startswith("before")
        kubectl.apply(pod("after"))
        line = ""
        while "after" not in line or "Running" not in line:
            line = watching.stdout.readline()
            assert line
    finally:
        watching.kill()
        watching.wait()
        watching.stdout.close()


def test_waiting(kubectl: Kubectl) -> None:
    kubectl.apply(pod("p"))
    kubectl("wait", "pod/p", "--for=jsonpath={.status.phase}=Running", "--timeout=20s")
    assert "timed out" in kubectl("wait", "pod/p", "--for=condition=None", "--timeout=1s", fails=True)
    kubectl("delete", "pod", "p", "--wait=false")
    kubectl("wait", "pod/p", "--for=delete", "--timeout=20s")
    assert 'pods "p" not found' in kubectl("delete", "pod", "p", fails=True)


def test_deleting(kubectl: Kubectl) -> None:
    kubectl.apply(pod("a"), pod("b"), pod("c"), pod("d"))
    kubectl("delete", "pod", "a", "--force", "--grace-period=0")
    kubectl("delete", "pod", "b", "--now")
    assert "dry run" in kubectl("delete", "pod", "c", "--dry-run=server")
    kubectl("delete", "pods", "-l", "app=c")
    kubectl("delete", "pods", "--all")
    assert kubectl("get", "pods", "-o", "name") == ""


def test_a_namespace_goes_with_its_contents(kubectl: Kubectl) -> None:
    name = f"{kubectl.namespace}-x"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    inside = config_map("c")
    inside["metadata"]["namespace"] = name
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [namespace, inside]})
    environment = ("--kubeconfig", str(kubectl.running.cluster.files.kubeconfig))
    code, out, err = kubectl.running.kubectl(*environment, "apply", "-f", "-", binary=kubectl.binary, stdin=text)
    assert code == 0, err
    code, out, err = kubectl.running.kubectl(
        *environment, "get", "sa,cm", "-n", name, "-o", "name", binary=kubectl.binary
    )
    assert out.split() == ["serviceaccount/default", "configmap/c", "configmap/kube-root-ca.crt"]
    # contents that vanish at once would make this fail with NotFound
    code, out, err = kubectl.running.kubectl(*environment, "delete", "-f", "-", binary=kubectl.binary, stdin=text)
    assert code == 0, err
    assert f'namespace "{name}" deleted' in out


def test_finalizers_hold_an_object(kubectl: Kubectl) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    kubectl.apply(held)
    kubectl("delete", "configmap", "held", "--wait=false")
    assert kubectl.json("get", "configmap", "held")["metadata"]["deletionTimestamp"]
    kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    assert "not found" in kubectl("get", "configmap", "held", fails=True)


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


def test_tokens_and_who_one_is(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "s")
    assert kubectl("create", "token", "s", "--duration=10m", "--audience=a", "--audience=b").count(".") == 2
    assert "may not specify a duration less than 10 minutes" in kubectl(
        "create", "token", "s", "--duration=1m", fails=True
    )
    kubectl.apply(pod("p", serviceAccountName="s"))
    token = kubectl("create", "token", "s", "--bound-object-kind=Pod", "--bound-object-name=p").strip()
    assert "kubernetes-admin" in kubectl("auth", "whoami")
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    server = f"--server=https://127.0.0.1:{kubectl.running.port}"
    trust = f"--certificate-authority={kubectl.running.cluster.files.ca_certificate}"
    as_pod = ("--kubeconfig=/dev/null", server, trust, f"--token={token}")
    assert f"system:serviceaccount:{kubectl.namespace}:s" in kubectl(*as_pod, "auth", "whoami")
    code, out, _ = kubectl.running.kubectl(*as_pod, "auth", "can-i", "create", "pods", binary=kubectl.binary)
    assert (code, out.startswith("no")) == (1, True)
    told = kubectl(*as_pod, "get", "pods", fails=True)
    assert f'User "system:serviceaccount:{kubectl.namespace}:s" cannot list resource "pods"' in told
    assert '"keys"' in kubectl("get", "--raw", "/openid/v1/jwks")


def test_what_there_is(kubectl: Kubectl) -> None:
    resources = kubectl("api-resources", "--no-headers")
    assert "serviceaccounts" in resources
    assert "pods" in kubectl("api-resources", "--api-group=", "-o", "name")
    assert "apps/v1" in kubectl("api-versions")
    assert "+podid" in kubectl("version")
    assert "is running at" in kubectl("cluster-info")
    assert "containers" in kubectl("explain", "pod.spec")
    assert "the server doesn't have a resource type" in kubectl("get", "cronjobs", fails=True)
    assert "Ready" in kubectl("describe", "node")


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


def test_secrets_and_services(kubectl: Kubectl) -> None:
    kubectl("create", "secret", "generic", "s", "--from-literal=a=b")
    assert kubectl.json("get", "secret", "s")["data"] == {"a": "Yg=="}
    kubectl("create", "service", "clusterip", "web", "--tcp=80:8080")
    until(lambda: kubectl.json("get", "service", "web")["spec"].get("clusterIP", "").startswith("10.96."))
    assert "80/TCP" in kubectl("get", "service", "web")
