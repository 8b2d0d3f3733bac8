"""`podid serve` as a process of its own, and what conformance tests say to it: raw HTTP that botocore signed, boto3, bare sockets.

Nothing of podid is imported here: signatures are botocore's, tokens are made with `cryptography`, answers are read as bytes.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from tests.conformance.issuer import Issuer

ACCOUNT = "111122223333"
REGION = "us-east-1"
CLUSTER = "conformance"
OTHER_CLUSTER = "elsewhere"
CLUSTER_ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
INSTANCE = "i-0123456789abcdef0"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}


class Key(NamedTuple):
    """An access key."""

    id: str
    secret: str
    token: str = ""

    def __repr__(self) -> str:
        return f"Key({self.id})"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code, in whatever form the protocol has for it."""
        if "x-amzn-errortype" in self.headers:
            return self.headers["x-amzn-errortype"].partition(":")[0]
        if self.body.startswith(b"{"):
            return str(self.json.get("__type", "")).rpartition("#")[2]
        return self.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()

    @property
    def text(self) -> str:
        """The error's message."""
        if self.body.startswith(b"{"):
            return str(self.json.get("message") or self.json.get("Message") or "")
        return self.body.partition(b"<Message>")[2].partition(b"</Message>")[0].decode()


class Endpoint:
    """A running endpoint with two registered clusters, which trust two issuers."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.issuer = Issuer("https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF")
        self.other_issuer = Issuer("https://oidc.eks.us-east-1.amazonaws.com/id/FEDCBA9876543210FEDCBA9876543210")
        self.jwks = home / "jwks.json"
        self.jwks.write_text(self.issuer.jwks())
        (home / "other-jwks.json").write_text(self.other_issuer.jwks())
        (home / "installation.json").write_text(json.dumps(self._installation()))
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def administrator(self) -> Key:
        return self._key("administrator")

    @property
    def reviewer(self) -> Key:
        """Who may ask whose token of `aws eks get-token` one is."""
        return self._key("reviewer")

    @property
    def node(self) -> Key:
        """A session of the node role, as IMDS fetches it."""
        told = self.call("podid", "POST", f"/_podid/nodes/{INSTANCE}/session", b"{}", key=self._key("imds")).json
        return Key(told["AccessKeyId"], told["SecretAccessKey"], told["Token"])

    # -- life ---------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Start, and wait until it answers; the port is kept over restarts."""
        self.port = self.port or _free_port()
        command = [sys.executable, "-m", "podid", "serve", "--home", str(self.home / "serve"), "--port", str(self.port)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with (self.home / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--installation", str(self.home / "installation.json")], env=environment, stderr=log
            )
        until = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, (self.home / "serve.log").read_text()[-2000:]
            assert time.monotonic() < until, "not ready in 60 s"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process; gives its exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(20)

    def peak_memory(self, *, forget: bool = False) -> int:
        """The most that the process had in memory, in bytes, since that was last forgotten."""
        assert self._process is not None
        if forget:
            Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_podid/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    # -- asking -------------------------------------------------------------------------------------------------------
    def client(self, service: str, key: Key | None = None, region: str = REGION, **config: Any) -> Any:
        """A boto3 client; the administrator's unless told otherwise. It does not retry."""
        who = key or self.administrator
        return boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=who.id,
            aws_secret_access_key=who.secret,
            aws_session_token=who.token or None,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def signed(
        self,
        service: str,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: dict[str, str] | None = None,
        key: Key | None = None,
        region: str = REGION,
    ) -> dict[str, str]:
        """The headers of a request, signed by botocore for `service`."""
        who = key or self.administrator
        request = AWSRequest(method=method, url=self.url + path, data=body, headers=headers or {})
        kind = S3SigV4Auth if service == "s3" else SigV4Auth
        kind(Credentials(who.id, who.secret, who.token or None), service, region).add_auth(request)
        return dict(request.headers.items())

    def call(self, service: str, method: str, path: str, body: bytes = b"", **more: Any) -> Answer:
        """A signed request: see `signed`."""
        return self.send(method, path, body, self.signed(service, method, path, body, **more))

    def eks(self, method: str, path: str, body: Any = None, key: Key | None = None) -> Answer:
        """A request to EKS, of JSON."""
        sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if sent else {}
        return self.call("eks", method, path, sent, headers=headers, key=key)

    def assume(self, token: str, cluster: str = CLUSTER, key: Key | None = None, **more: Any) -> Answer:
        """AssumeRoleForPodIdentity; the node's role asks unless told otherwise."""
        body = json.dumps({"token": token, **more}).encode()
        path = f"/clusters/{cluster}/assume-role-for-pod-identity"
        return self.call("eks-auth", "POST", path, body, key=key or self.node)

    def send(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """A request as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body or None, headers or {})
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def get(self, url: str, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """A presigned URL."""
        parts = urlsplit(url)
        return self.send(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)

    def talk(self, message: bytes) -> Answer:
        """Bytes on a bare socket, and the first answer to them; status 0 where the connection was closed without one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(message)
            return read_answer(connection)

    # -- having -------------------------------------------------------------------------------------------------------
    def role(self, name: str, trust: Any = None, path: str = "/", policy: Any = None) -> str:
        """A new role; gives its ARN."""
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust or TRUST))
        if policy is not None:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return str(made["Role"]["Arn"])

    def user(self, name: str, *statements: dict[str, Any]) -> Key:
        """A new user with these statements for a policy, and a key of theirs."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Key(key["AccessKeyId"], key["SecretAccessKey"])

    def associate(self, role: str, service_account: str, namespace: str = "ns", **more: Any) -> dict[str, Any]:
        """A new association of the first cluster."""
        asked = {"clusterName": CLUSTER, "namespace": namespace, "serviceAccount": service_account, "roleArn": role}
        return dict(self.client("eks").create_pod_identity_association(**{**asked, **more})["association"])

    def _key(self, name: str) -> Key:
        told = json.loads((self.home / f"credentials/{name}.json").read_bytes())
        return Key(told["AccessKeyId"], told["SecretAccessKey"])

    def _installation(self) -> dict[str, Any]:
        credentials = self.home / "credentials"
        asking = {"Effect": "Allow", "Resource": "*"}
        cluster = {"version": "1.33", "endpoint": "https://127.0.0.1:6443"}
        return {
            "account": ACCOUNT,
            "region": REGION,
            "administrator": {"user": "admin", "credentials_file": str(credentials / "administrator.json")},
            "service_users": [
                {
                    "user": name,
                    "policy": {"Version": "2012-10-17", "Statement": [{**asking, "Action": action}]},
                    "credentials_file": str(credentials / f"{name}.json"),
                }
                for name, action in (("imds", "podid:GetNodeSession"), ("reviewer", "podid:ReviewClusterToken"))
            ],
            "clusters": [
                {
                    **cluster,
                    "name": CLUSTER,
                    "issuer": self.issuer.url,
                    "jwks_file": str(self.jwks),
                    "nodes": [{"name": "node-1", "instance_id": INSTANCE}],
                    "node_role": "conformance-node",
                },
                {
                    **cluster,
                    "name": OTHER_CLUSTER,
                    "issuer": self.other_issuer.url,
                    "jwks_file": str(self.home / "other-jwks.json"),
                },
            ],
        }


def read_answer(connection: socket.socket) -> Answer:
    """One HTTP/1.1 answer with a Content-Length off a socket."""
    got = b""
    try:
        while not _is_whole(got) and (piece := connection.recv(65536)):
            got += piece
    except ConnectionResetError:
        pass
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split(" ")[1]) if first else 0, headers, body)


def _is_whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
