"""AssumeRoleForPodIdentity from socket to socket on one core, beside what RSA-2048 verification alone allows on that core, in one run.

    .venv/bin/python bench/eks_auth.py [--sizes 10 100000 1000000] [--seconds 0.6] [--rounds 9] [--pods 500] [-o json]

`podid serve` runs as it does for everybody, its log included, pinned to one core; requests, each with a token of another pod and its own
signature by the node role's session, are made before the clock starts and sent over kept connections from another core. Every check of the
operation is made for every request; nothing is cached by token. The pods are spread over the associations. The servers for the different
numbers of associations are measured in turn, round by round, so that whatever else the machine does hits them alike.

Rates are requests over processor time of the server, its writing of the decision log included. The budget of the design is a tenth of the
floor, the aim a quarter; the rates for ten associations and for a million must lie within 10 % of each other. The last row has no company:
one connection, whose next request comes when the answer is there, so that every step runs cold.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sqlite3
import statistics
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
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from load import CLIENT_CORE, SERVER_CORE, Generator, keep_to
from msgspec import Struct
from table import Row, parser, run, tell

from podid.core.sigv4 import Credentials, sign
from podid.core.tokens import SigningKey, sign_token

ACCOUNT, REGION, CLUSTER = "111122223333", "us-east-1", "bench"
INSTANCE = "i-0123456789abcdef0"
ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/BENCH"
SIZES = (10, 100_000, 1_000_000)
CONNECTIONS = 16
TENTH, AIM, SPREAD = 0.1, 0.25, 0.1
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


def new_key() -> bytes:
    """A cluster's signing key, as PEM."""
    return rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def rsa_floor(pem: bytes, seconds: float) -> float:
    """RSA-2048 verifications in a second of this core, with nothing around them."""
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    message = b"x" * 900
    signature, public = key.sign(message, padding.PKCS1v15(), hashes.SHA256()), key.public_key()
    began, done = time.process_time(), 0
    while time.process_time() - began < seconds:
        for _ in range(200):
            public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        done += 200
    return done / (time.process_time() - began)


@contextmanager
def served(home: Path, pem: bytes, core: int) -> Iterator[tuple[str, Credentials, int]]:
    """`podid serve` on one core: its URL, its administrator, its process."""
    (home / "jwks.json").write_text(json.dumps({"keys": [SigningKey.from_pem(pem).public_jwk()]}))
    cluster = {
        "name": CLUSTER,
        "version": "1.33",
        "endpoint": "https://127.0.0.1:1",
        "issuer": ISSUER,
        "jwks_file": str(home / "jwks.json"),
        "node_role": "bench-node-role",
        "nodes": [{"name": "n", "instance_id": INSTANCE}],
    }
    installation = {
        "account": ACCOUNT,
        "region": REGION,
        "administrator": {"user": "podid-admin", "credentials_file": str(home / "admin.json")},
        "clusters": [cluster],
    }
    (home / "installation.json").write_text(json.dumps(installation))
    port = _free_port()
    argv = [sys.executable, "-m", "podid", "serve", "--home", str(home / "serve"), "--port", str(port)]
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen([*argv, "--installation", str(home / "installation.json")], stderr=log)
    keep_to(core, process.pid)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def furnish(url: str, admin: Credentials, more: int, database: Path | None = None) -> None:
    """A role, an association of it with the service account `app`, and `more` others, `sa-0` and so on, straight into the database."""
    common: dict[str, Any] = {
        "endpoint_url": url,
        "region_name": REGION,
        "aws_access_key_id": admin.access_key_id,
        "aws_secret_access_key": admin.secret_access_key,
    }
    iam, eks = boto3.client("iam", **common), boto3.client("eks", **common)
    arn = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    eks.create_pod_identity_association(clusterName=CLUSTER, namespace="default", serviceAccount="app", roleArn=arn)
    if more:
        assert database is not None
        _fill(database, more)


def _fill(database: Path, count: int) -> None:
    """Copies of the association that is there, under other names."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA busy_timeout = 60000")
        connection.execute("BEGIN IMMEDIATE")
        columns = [row[1] for row in connection.execute("PRAGMA table_info(eks_associations)")]
        made = {"id": "printf('a-%017d', number)", "service_account": "printf('sa-%d', number)"}
        chosen = ", ".join(made.get(name, f"a.{name}") for name in columns)
        connection.execute(
            "WITH RECURSIVE counted(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM counted WHERE number + 1 < ?) "
            f"INSERT INTO eks_associations ({', '.join(columns)}) "
            f"SELECT {chosen} FROM counted, eks_associations a WHERE a.service_account = 'app'",
            (count,),
        )
        connection.execute("UPDATE store_revisions SET number = number + 1 WHERE room IN ('', 'eks')")
        connection.execute("COMMIT")


def node_session(url: str, admin: Credentials) -> Credentials:
    """The session of the node's role, as its agent has it."""
    target = f"{url}/_podid/nodes/{INSTANCE}/session"
    headers = sign(
        admin,
        method="POST",
        url=target,
        headers={"Host": url.removeprefix("http://"), "Content-Type": "application/json"},
        body=b"{}",
        service="podid",
        region=REGION,
        now=datetime.now(UTC),
    )
    with urllib.request.urlopen(urllib.request.Request(target, b"{}", headers)) as response:
        given = json.load(response)
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])


def requests(url: str, caller: Credentials, pem: bytes, pods: int, associations: int = 0) -> list[bytes]:
    """The bytes of a request for each pod: of the service account `app`, or spread over `sa-0` to the last of so many."""
    key, now = SigningKey.from_pem(pem), datetime.now(UTC)
    epoch, made = int(now.timestamp()), []
    for number in range(pods):
        account = f"sa-{number * associations // pods}" if associations else "app"
        claims = {
            "aud": ["pods.eks.amazonaws.com"],
            "exp": epoch + 86400,
            "iat": epoch,
            "nbf": epoch,
            "iss": ISSUER,
            "jti": f"00000000-0000-4000-8000-{number:012d}",
            "sub": f"system:serviceaccount:default:{account}",
            "kubernetes.io": {
                "namespace": "default",
                "pod": {"name": f"app-{number}", "uid": f"00000000-0000-4000-8000-{number:012d}"},
                "serviceaccount": {"name": account, "uid": "00000000-0000-4000-8000-00000000000a"},
                "node": {"name": "n", "uid": "00000000-0000-4000-8000-00000000000b"},
            },
        }
        body = json.dumps({"token": sign_token(key, claims)}).encode()
        target = f"{url}/clusters/{CLUSTER}/assume-role-for-pod-identity"
        headers = sign(
            caller,
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


class _Site(Struct):
    """A server with so many associations, and what was measured of it."""

    size: int
    pid: int
    generator: Generator
    rates: list[float]
    medians: list[float]


def measure(folder: Path, sizes: list[int], *, seconds: float, rounds: int, pods: int) -> list[Row]:
    pem = new_key()
    keep_to(SERVER_CORE)
    floor = rsa_floor(pem, 1.0)
    keep_to(CLIENT_CORE)
    with contextlib.ExitStack() as stack:
        sites = []
        for size in sizes:
            home = folder / str(size)
            home.mkdir()
            url, admin, pid = stack.enter_context(served(home, pem, SERVER_CORE))
            furnish(url, admin, size, home / "serve" / "state.db")
            made = requests(url, node_session(url, admin), pem, pods, size)
            generator = Generator(int(url.rpartition(":")[2]), made, connections=CONNECTIONS)
            generator.learn()
            generator.run(pid, 0.5)
            sites.append(_Site(size, pid, generator, [], []))
        for _ in range(rounds):
            for site in sites:
                load = site.generator.run(site.pid, seconds)
                site.rates.append(load.rate)
                site.medians.append(load.median)
        alone = _alone(sites[0], seconds, rounds)
    return [*(_row(site, floor) for site in sites), *_spread(sites), _row_alone(alone, floor)]


def _alone(site: _Site, seconds: float, rounds: int) -> float:
    """The rate of requests that come one after the other, over one connection: none has company that its steps could be taken with."""
    generator = Generator(site.generator.port, site.generator.messages, connections=1)
    generator.run(site.pid, 0.5)
    return statistics.median(generator.run(site.pid, seconds).rate for _ in range(rounds))


def _row_alone(rate: float, floor: float) -> Row:
    return Row(
        what="one request after the other, over one connection",
        value=round(rate),
        unit="/s",
        ratio=round(rate / floor, 4),
    )


def _row(site: _Site, floor: float) -> Row:
    rate = statistics.median(site.rates)
    return Row(
        what=f"AssumeRoleForPodIdentity with {_spaced(site.size)} associations",
        value=round(rate),
        unit="/s",
        peer=f"RSA-2048 verification alone, {_spaced(floor)} /s",
        ratio=round(rate / floor, 4),
        budget=f">= {TENTH} of the peer, aim {AIM}",
        kept=rate / floor >= TENTH,
    )


def _spaced(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")


def _spread(sites: list[_Site]) -> list[Row]:
    rates = [statistics.median(site.rates) for site in sites]
    if len(rates) < 2:
        return []
    apart = max(rates) / min(rates) - 1
    return [
        Row(
            what="the fastest of these above the slowest",
            value=round(apart * 100, 1),
            unit="%",
            budget=f"<= {SPREAD * 100:.0f} %",
            kept=apart <= SPREAD,
        )
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="numbers of associations")
    arguments.add_argument("--seconds", type=float, default=0.6, help="of one measurement")
    arguments.add_argument("--rounds", type=int, default=9, help="measurements of each, of which the median counts")
    arguments.add_argument("--pods", type=int, default=500, help="different tokens")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="podid-bench-") as folder:
        rows = measure(Path(folder), chosen.sizes, seconds=chosen.seconds, rounds=chosen.rounds, pods=chosen.pods)
    tell("eks_auth", rows, chosen.output)


if __name__ == "__main__":
    run(main)
