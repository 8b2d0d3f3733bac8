"""A cluster's own API server, as a process of its own, and the tokens of `aws eks get-token` that open it."""

from __future__ import annotations

import base64
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.conformance.endpoint import CLUSTER, REGION, Endpoint, Key

IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"


def token(
    key: Key,
    cluster: str = CLUSTER,
    *,
    url: str = f"https://sts.{REGION}.amazonaws.com/?{IDENTITY}",
    service: str = "sts",
    method: str = "GET",
    age: int = 0,
    header: str = "x-k8s-aws-id",
) -> str:
    """A token as the AWS CLI makes it."""
    request = AWSRequest(method=method, url=url, headers={header: cluster})
    signer = SigV4QueryAuth(Credentials(key.id, key.secret, key.token or None), service, REGION, expires=60)
    request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - age))
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    text = signer.string_to_sign(request, canonical)
    request.url += f"&X-Amz-Signature={signer.signature(text, request)}"
    return wrap(request.url)


def wrap(url: str) -> str:
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def unwrap(text: str) -> str:
    encoded = text.removeprefix("k8s-aws-v1.")
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


class ApiServer:
    """The API server of the endpoint's first cluster, without pods; it asks the endpoint whose tokens it is shown."""

    def __init__(self, endpoint: Endpoint, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        settings = {
            "home": str(home / "cluster"),
            "podid_home": str(home),
            "port": port,
            "issuer": endpoint.issuer.url,
            "cluster_name": CLUSTER,
            "aws_port": endpoint.port,
            "review_credentials": str(endpoint.home / "credentials/reviewer.json"),
            "run_pods": False,
        }
        (home / "settings.json").write_text(json.dumps(settings))
        self.url = f"https://127.0.0.1:{port}"
        self.certificate = home / "cluster/ca.crt"
        self.kubeconfig = home / "cluster/kubeconfig"
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it is ready."""
        command = [sys.executable, "-m", "podid", "part", "cluster", str(self._home / "settings.json")]
        with (self._home / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stderr=log)
        until = time.monotonic() + 60
        while not self._is_up():
            assert self._process.poll() is None, (self._home / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(20)

    def send(self, method: str, path: str, shown: str, body: Any = None) -> tuple[int, Any]:
        """The status and the object of an answer to whoever shows this token."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {shown}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, context=self._context(), timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())

    def who(self, shown: str) -> Any:
        """The user of a token, or the status of the refusal."""
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        status, told = self.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", shown, asked)
        return told["status"]["userInfo"] if status == 201 else status

    def may(self, shown: str, verb: str, resource: str, namespace: str = "", subresource: str = "") -> bool:
        """Whether `kubectl auth can-i` says yes."""
        attributes = {"verb": verb, "resource": resource, "namespace": namespace, "subresource": subresource}
        asked = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        told = self.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", shown, asked)[1]
        return bool(told["status"]["allowed"])

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def _is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", context=self._context(), timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
