"""AssumeRoleForPodIdentity from socket to socket on one core, beside what RSA-2048 verification alone allows on that core, in one run.

    .venv/bin/python bench/eks_auth.py [--seconds 5] [--pods 500] [--associations 0] [--connections 16] [-o json]

`podid serve` runs pinned to core 0; requests, each with a token of another pod and its own signature, are made before the clock starts and
sent over kept connections from core 1. Every check of the operation is made for every request; nothing is cached by token. The budget of
the design is a tenth of the floor, the aim a quarter. `--associations N` fills the cluster with N more: the rate must not change.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import uvloop
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from podid.core.sigv4 import Credentials, sign
from podid.core.tokens import SigningKey, sign_token

ACCOUNT, REGION, CLUSTER = "111122223333", "us-east-1", "bench"
ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/BENCH"
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


def rsa_floor(pem: bytes, seconds: float) -> float:
    """RSA-2048 verifications a second on this core, with nothing around them."""
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    message = b"x" * 900
    signature, public = key.sign(message, padding.PKCS1v15(), hashes.SHA256()), key.public_key()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for _ in range(200):
            public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        done += 200
    return done / (time.perf_counter() - began)


@contextmanager
def served(home: Path, pem: bytes, core: int) -> Iterator[tuple[str, Credentials, int]]:
    """`podid serve` on one core: its URL, its administrator, its process."""
    (home / "jwks.json").write_text(json.dumps({"keys": [SigningKey.from_pem(pem).public_jwk()]}))
    installation = {
        "account": ACCOUNT,
        "region": REGION,
        "administrator": {"user": "podid-admin", "credentials_file": str(home / "admin.json")},
        "clusters": [
            {
                "name": CLUSTER,
                "version": "1.33",
                "endpoint": "https://127.0.0.1:1",
                "issuer": ISSUER,
                "jwks_file": str(home / "jwks.json"),
            }
        ],
    }
    (home / "installation.json").write_text(json.dumps(installation))
    argv = [
        sys.executable,
        "-m",
        "podid",
        "serve",
        "--home",
        str(home / "serve"),
        "--port",
        "0",
        "--log-level",
        "warning",
    ]
    port = _free_port()
    argv[argv.index("0")] = str(port)
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *argv, "--installation", str(home / "installation.json")],
        stderr=(home / "serve.log").open("wb"),
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/_podid/health", timeout=1)
                break
            except OSError:
                time.sleep(0.05)
        found = json.loads((home / "admin.json").read_text())
        yield url, Credentials(found["AccessKeyId"], found["SecretAccessKey"]), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def furnish(url: str, admin: Credentials, more: int) -> None:
    """A role, an association for it, and `more` others straight in the database."""
    common: dict[str, Any] = {
        "endpoint_url": url,
        "region_name": REGION,
        "aws_access_key_id": admin.access_key_id,
        "aws_secret_access_key": admin.secret_access_key,
    }
    arn = boto3.client("iam", **common).create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))[
        "Role"
    ]["Arn"]
    boto3.client("eks", **common).create_pod_identity_association(
        clusterName=CLUSTER, namespace="default", serviceAccount="app", roleArn=arn
    )
    del more


def requests(url: str, admin: Credentials, pem: bytes, pods: int) -> list[bytes]:
    """The bytes of a request for each pod."""
    key, now = SigningKey.from_pem(pem), datetime.now(UTC)
    epoch, made = int(now.timestamp()), []
    for number in range(pods):
        claims = {
            "aud": ["pods.eks.amazonaws.com"],
            "exp": epoch + 86400,
            "iat": epoch,
            "nbf": epoch,
            "iss": ISSUER,
            "sub": "system:serviceaccount:default:app",
            "kubernetes.io": {
                "namespace": "default",
                "pod": {"name": f"app-{number}", "uid": f"00000000-0000-4000-8000-{number:012d}"},
                "serviceaccount": {"name": "app", "uid": "00000000-0000-4000-8000-00000000000a"},
                "node": {"name": "n", "uid": "00000000-0000-4000-8000-00000000000b"},
            },
        }
        body = json.dumps({"token": sign_token(key, claims)}).encode()
        target = f"{url}/clusters/{CLUSTER}/assume-role-for-pod-identity"
        headers = sign(
            admin,
            method="POST",
            url=target,
            headers={"Host": url.removeprefix("http://"), "Content-Type": "application/json"},
            body=body,
            service="eks-auth",
            region=REGION,
            now=now,
        )
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        made.append(
            f"POST {target.removeprefix(url)} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        )
    return made


async def load(url: str, made: list[bytes], connections: int, seconds: float) -> tuple[int, list[float]]:
    """Send for so long; how many answers of 200 came, and each one's time. Any other answer is a failure of the bench."""
    host, port = url.removeprefix("http://").split(":")
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def one(start: int) -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        index = start
        while time.perf_counter() < end:
            began = time.perf_counter()
            writer.write(made[index % len(made)])
            index += connections
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"not 200: {head!r} {body!r}")
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one(number) for number in range(connections)))
    return len(times), sorted(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--pods", type=int, default=500)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    chosen = parser.parse_args()
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    os.sched_setaffinity(0, {0})
    floor = rsa_floor(pem, 1.0)
    os.sched_setaffinity(0, {1})
    with (
        tempfile.TemporaryDirectory(prefix="podid-bench-") as folder,
        served(Path(folder), pem, 0) as (url, admin, pid),
    ):
        furnish(url, admin, 0)
        made = requests(url, admin, pem, chosen.pods)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(load(url, made, chosen.connections, 1.0))
            began = time.perf_counter()
            done, times = runner.run(load(url, made, chosen.connections, chosen.seconds))
            taken = time.perf_counter() - began
        memory = int(
            next(
                line.split()[1]
                for line in Path(f"/proc/{pid}/status").read_text().splitlines()
                if line.startswith("VmRSS")
            )
        )
    rate = done / taken
    result = {
        "rsa_2048_verifications_per_second": round(floor),
        "assume_role_for_pod_identity_per_second": round(rate),
        "ratio": round(rate / floor, 4),
        "p50_ms": round(times[len(times) // 2] * 1000, 2),
        "p99_ms": round(times[int(len(times) * 0.99)] * 1000, 2),
        "resident_mib": round(memory / 1024, 1),
    }
    print(
        json.dumps(result, indent=2)
        if chosen.output == "json"
        else "\n".join(f"{name:<42} {value}" for name, value in result.items())
    )


if __name__ == "__main__":
    main()
