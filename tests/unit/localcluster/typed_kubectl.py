"""The real kubectl, typed in a namespace of the test's own, and manifests for it."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

from tests.unit.localcluster.running_cluster import Running


def binaries() -> list[str]:
    """kubectl on PATH, or those that PODID_TEST_KUBECTLS names (paths, separated like PATH): several versions in one run."""
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
