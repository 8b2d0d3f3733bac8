"""Admissions of the mutating webhook over TLS, beside a bare uvicorn over TLS that gives the same bytes, in one run.

    .venv/bin/python bench/webhook.py [--seconds 3] [-o json]

Reviews are as an API server of 1.33 sends them. The identities come from AWS's identities file, with 10 and with 100 000 associations.
AWS's webhook was measured beside 25 000 a second of the same floor: 4 600 (match), 6 170 (no match), 2 560 (3 containers and 2 init
containers), 4 510 (100 000 associations); the budgets are 1.5 or 2 times that, as shares of the floor.
"""

from __future__ import annotations

import json
import socket
import ssl
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from load import CLIENT_CORE, Failed, Generator, Load, free_port, in_turn, keep_to, wait_for, whole_answer
from processes import FLOOR, PODID, resident_mib, running
from table import Row, parser, run, tell, written

from podid.webhook.certificates import WebhookFiles, prepare

AWS_FLOOR = 25_000
AWS = {"match": 4_600, "no match": 6_170, "3 + 2 containers": 2_560, "match of 100 000": 4_510}
TIMES = {"match": 1.5, "no match": 1.5, "3 + 2 containers": 2.0, "match of 100 000": 1.5}


def review(account: str, *, containers: int = 1, init_containers: int = 0) -> bytes:
    """The review of a pod of this service account, as a request to /mutate."""
    access = {
        "name": "kube-api-access-x7k2p",
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        "readOnly": True,
    }
    applied = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": {"containers": []}})

    def container(name: str) -> dict[str, Any]:
        return {
            "name": name,
            "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/app:1.2.3",
            "command": ["/app", "--listen", "0.0.0.0:8080"],
            "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "MODE", "value": "production"}],
            "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
            "volumeMounts": [access],
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        }

    projected = {
        "defaultMode": 420,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {
                "downwardAPI": {
                    "items": [
                        {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
                    ]
                }
            },
        ],
    }
    pod = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": "app-5d4f9c7b8-x2x7z",
            "namespace": "default",
            "creationTimestamp": None,
            "labels": {"app": "app", "pod-template-hash": "5d4f9c7b8"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied},
            "managedFields": [
                {
                    "manager": "kubectl-client-side-apply",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "time": "2026-11-24T10:00:00Z",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:metadata": {"f:annotations": {}}, "f:spec": {"f:containers": {}}},
                }
            ],
        },
        "spec": {
            "volumes": [{"name": "kube-api-access-x7k2p", "projected": projected}],
            "initContainers": [container(f"init-{number}") for number in range(init_containers)],
            "containers": [container(f"app-{number}") for number in range(containers)],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": account,
            "serviceAccount": account,
            "securityContext": {},
            "schedulerName": "default-scheduler",
            "tolerations": [
                {
                    "key": f"node.kubernetes.io/{key}",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                }
                for key in ("not-ready", "unreachable")
            ],
            "priority": 0,
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
        },
        "status": {},
    }
    body = json.dumps(
        {
            "kind": "AdmissionReview",
            "apiVersion": "admission.k8s.io/v1",
            "request": {
                "uid": "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "resource": {"group": "", "version": "v1", "resource": "pods"},
                "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
                "requestResource": {"group": "", "version": "v1", "resource": "pods"},
                "name": "app-5d4f9c7b8-x2x7z",
                "namespace": "default",
                "operation": "CREATE",
                "userInfo": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
                "object": pod,
                "oldObject": None,
                "dryRun": False,
                "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
            },
        },
        separators=(",", ":"),
    ).encode()
    head = "POST /mutate?timeout=10s HTTP/1.1\r\nHost: webhook.default.svc\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


MESSAGES = {
    "match": review("app-0"),
    "no match": review("stranger"),
    "3 + 2 containers": review("app-0", containers=3, init_containers=2),
}


def identities(path: Path, count: int) -> None:
    found = [{"namespace": "default", "serviceAccount": f"app-{number}"} for number in range(count)]
    path.write_text(json.dumps({"identities": found}))


class Bench:
    """One folder with certificates and identities, and what has been measured so far."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._files: WebhookFiles = prepare(folder / "webhook")
        self._tls = ssl.create_default_context(cafile=str(self._files.ca))
        self._tls.check_hostname = False

    def beside_floor(self, port: int, message: bytes, answer: bytes, pid: int) -> list[Load]:
        """The webhook, and the floor with the same answer, in turn."""
        bare_port, body = free_port(), self._folder / "body"
        body.write_bytes(answer.partition(b"\r\n\r\n")[2])
        files = (str(self._files.certificate), str(self._files.key))
        with running((*FLOOR, "uvicorn", str(bare_port), str(body), *files), self._folder / "floor.log") as floor:
            wait_for(bare_port, floor)
            ours, bare = (Generator(p, [message], connections=16, tls=self._tls) for p in (port, bare_port))
            return in_turn(self._seconds, (ours, pid), (bare, floor.pid))

    def answer(self, port: int, message: bytes) -> bytes:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
            self._tls.wrap_socket(plain, server_hostname="127.0.0.1") as link,
        ):
            link.sendall(message)
            return whole_answer(link)

    def first_mutation(self, port: int, process: psutil.Popen) -> float:
        """Seconds until a review is answered with a patch."""
        began = time.perf_counter()
        while time.perf_counter() - began < 60 and process.poll() is None:
            try:
                if b'"patch"' in self.answer(port, MESSAGES["match"]):
                    return time.perf_counter() - began
            except (OSError, Failed):
                time.sleep(0.002)
        raise Failed("the webhook answered no review with a patch")

    def argv(self, port: int, count: int) -> tuple[str, ...]:
        path = self._folder / f"identities-{count}.json"
        identities(path, count)
        flags = ("--host", "127.0.0.1", "--port", str(port), "--aws-default-region", "us-east-1")
        cert = ("--tls-cert", str(self._files.certificate), "--tls-key", str(self._files.key))
        return (*PODID, "webhook", "--identities", str(path), *flags, *cert)

    def measure(self) -> list[Row]:
        rows, log = [], self._folder / "webhook.log"
        for count in (10, 100_000):
            port = free_port()
            argv = self.argv(port, count)
            with running(argv, log) as webhook:
                first = self.first_mutation(port, webhook)
                for name, message in MESSAGES.items() if count == 10 else [("match", MESSAGES["match"])]:
                    answer = self.answer(port, message)
                    if (b'"patch"' in answer) != (name != "no match"):
                        raise Failed(f"the answer for {name} is not what it should be: {answer[:300]!r}")
                    ours, bare = self.beside_floor(port, message, answer, webhook.pid)
                    rows.append(compared(f"{name} of 100 000" if count > 10 else name, ours, bare))
                memory = resident_mib(webhook)
            named = f"{count:,}".replace(",", " ")
            aws = {10: ("45 ms", "26 MiB idle"), 100_000: ("194 ms", "55 MiB")}[count]
            rows.append(
                Row(
                    what=f"first mutation after the start, {named} associations",
                    value=first * 1000,
                    unit="ms",
                    peer=f"AWS's webhook: {aws[0]}",
                )
            )
            rows.append(
                Row(what=f"memory, {named} associations", value=memory, unit="MiB", peer=f"AWS's webhook: {aws[1]}")
            )
        return rows


def compared(name: str, ours: Load, bare: Load) -> Row:
    aws, times, ratio = AWS[name] / AWS_FLOOR, TIMES[name], ours.rate / bare.rate
    return Row(
        what=f"admission, {name}",
        value=ours.rate,
        unit="/s",
        peer=f"floor {written(bare.rate)} /s; AWS's webhook: {aws:.3f} of its floor; p99 {ours.quantile(0.99) * 1000:.1f} ms",
        ratio=ratio,
        budget=f"≥ {aws * times:.3f} ({times:g} × AWS's)",
        kept=ratio >= aws * times,
    )


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=float, default=3.0, help="for each figure (default: 3)")
    chosen = arguments.parse_args()
    keep_to(CLIENT_CORE)
    with tempfile.TemporaryDirectory(prefix="podid-bench-") as folder:
        tell("webhook", Bench(Path(folder), chosen.seconds).measure(), chosen.output)


if __name__ == "__main__":
    run(main)
