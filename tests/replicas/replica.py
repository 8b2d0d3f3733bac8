"""`podid serve` as a process of its own, as often as a test wants, on one database with one set of keys."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from podid.core.tokens import SigningKey

ACCOUNT, REGION, CLUSTER = "111122223333", "us-east-1", "eksdemo1"
ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/REPLICAS"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
)


class Replica:
    """One process. `client` calls it as the installation's administrator."""

    def __init__(self, site: Site, number: int) -> None:
        self.site = site
        self.home = site.folder / f"replica-{number}"
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> Replica:
        site = self.site
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "podid",
            "serve",
            "--home",
            self.home,
            "--port",
            "0",
            "--services",
            "none",
        ]
        command += ["--store-url", site.store_url, "--master-key-file", site.master_key, "--key-ring-file", site.ring]
        command += ["--installation", site.installation, "--log-level", "info"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        seen = []
        for line in self.process.stderr:
            seen.append(line)
            record = json.loads(line)
            if record["message"] == "ready":
                self.url = f"http://{record['host']}:{record['port']}"
                break
        else:
            raise AssertionError("".join(seen))
        threading.Thread(target=self._drain, daemon=True).start()
        return self

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(10) == 0

    def client(self, service: str, key: dict[str, str] | None = None) -> Any:
        who = key or self.site.administrator
        return boto3.session.Session().client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=who["AccessKeyId"],
            aws_secret_access_key=who["SecretAccessKey"],
            aws_session_token=who.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=16, connect_timeout=5),
        )

    def _drain(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        with self.process.stderr as log, contextlib.suppress(ValueError):
            for _ in log:
                pass


class Site:
    """What replicas share: a database, the keys, the installation."""

    def __init__(self, folder: Path, store_url: str) -> None:
        self.folder = folder
        self.store_url = store_url
        self.master_key, self.ring = folder / "master.key", folder / "ring.json"
        self.installation = folder / "installation.json"
        self.replicas: list[Replica] = []
        from podid.store import MasterKey

        MasterKey.load_or_create(self.master_key)
        self.signing_key = SigningKey.from_pem(_new_key())
        jwks = folder / "jwks.json"
        jwks.write_text(json.dumps({"keys": [self.signing_key.public_jwk()]}))
        self.installation.write_text(
            json.dumps(
                {
                    "account": ACCOUNT,
                    "region": REGION,
                    "administrator": {"user": "admin", "credentials_file": str(folder / "administrator.json")},
                    "clusters": [
                        {
                            "name": CLUSTER,
                            "version": "1.33",
                            "endpoint": "https://127.0.0.1:6443",
                            "issuer": ISSUER,
                            "jwks_file": str(jwks),
                        }
                    ],
                }
            )
        )

    @property
    def administrator(self) -> dict[str, str]:
        read: dict[str, str] = json.loads((self.folder / "administrator.json").read_text())
        return {name: read[name] for name in ("AccessKeyId", "SecretAccessKey")}

    def podid(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command about the state that the replicas share."""
        keys = ("--master-key-file", str(self.master_key), "--key-ring-file", str(self.ring))
        command = [sys.executable, "-m", "podid", *words, "-o", "json", "--store-url", self.store_url, *keys]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def replica(self) -> Replica:
        self.replicas.append(Replica(self, len(self.replicas)))
        return self.replicas[-1].start()

    def role(self, replica: Replica, name: str = "app") -> str:
        made = replica.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        return str(made["Role"]["Arn"])

    def close(self) -> None:
        for replica in self.replicas:
            replica.end()


class Creating:
    """Creates associations `sa-0`, `sa-1`, …, several at once, over whichever of the clients answers; notes what was acknowledged."""

    def __init__(self, clients: Sequence[Any], role_arn: str, count: int) -> None:
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.failed: list[str] = []
        self._clients, self._role_arn = clients, role_arn
        self._changed = threading.Condition()
        self._pool = ThreadPoolExecutor(8)
        self._tasks = [self._pool.submit(self._create, number) for number in range(count)]

    def wait_for(self, count: int) -> None:
        """Until so many are acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= count, timeout=60)

    def finish(self) -> None:
        for task in self._tasks:
            task.result()
        self._pool.shutdown()

    def _create(self, number: int) -> None:
        name = f"sa-{number}"
        client = self._clients[number % len(self._clients)]
        try:
            made = client.create_pod_identity_association(
                clusterName=CLUSTER,
                namespace="default",
                serviceAccount=name,
                roleArn=self._role_arn,
                tags={"number": str(number), "more": "x" * 200},
            )["association"]
        except (BotoCoreError, ClientError):
            with self._changed:
                self.failed.append(name)
            return
        with self._changed:
            self.acknowledged[name] = made
            self._changed.notify_all()


def whole_associations(client: Any) -> dict[str, dict[str, Any]]:
    """All associations by service account, each described: one that is half-made would not be."""
    pages = client.get_paginator("list_pod_identity_associations").paginate(clusterName=CLUSTER)
    listed = [one for page in pages for one in page["associations"]]
    found = {}
    for one in listed:
        told = client.describe_pod_identity_association(clusterName=CLUSTER, associationId=one["associationId"])
        found[told["association"]["serviceAccount"]] = told["association"]
    assert len(found) == len(listed)
    return found


def eventually(check: Callable[[], bool], *, within: float) -> None:
    """Ask again until it is so. Who asks later than `within` seconds after now must be told; how long an answer takes is not counted."""
    since = time.monotonic()
    while True:
        asked = time.monotonic() - since
        if check():
            return
        assert asked <= within, f"not so for who asked {asked:.2f} s later"
        time.sleep(0.01)


@contextlib.contextmanager
def site(folder: Path, store_url: str) -> Iterator[Site]:
    made = Site(folder, store_url)
    try:
        yield made
    finally:
        made.close()


def _new_key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
