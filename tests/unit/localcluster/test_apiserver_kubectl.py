"""What people type about objects, with the real kubectl: each test is a small story, its answers are kubectl's own output."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.unit.localcluster.running_cluster import until
from tests.unit.localcluster.typed_kubectl import Kubectl, config_map, pod

pytestmark = pytest.mark.tools


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


def test_secrets_and_services(kubectl: Kubectl) -> None:
    kubectl("create", "secret", "generic", "s", "--from-literal=a=b")
    assert kubectl.json("get", "secret", "s")["data"] == {"a": "Yg=="}
    kubectl("create", "service", "clusterip", "web", "--tcp=80:8080")
    until(lambda: kubectl.json("get", "service", "web")["spec"].get("clusterIP", "").startswith("10.96."))
    assert "80/TCP" in kubectl("get", "service", "web")
