"""`ListBuckets` through podid's gateway, beside moto's own server, in one run: what authenticating and authorising adds.

    .venv/bin/python bench/gateway.py [--seconds 4] [--buckets 10] [-o json]

Both hold the same buckets and get the same signed requests, one after the other, as boto3 sends them: moto's server ends each
connection, so each request of its has a new one; podid is measured so too, and with kept connections, as clients really use it. moto's
server checks neither signature nor policy. The two are asked in turn, in short rounds, so that a busy moment meets both.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
from load import CLIENT_CORE, free_port, keep_to, wait_for, whole_answer
from processes import PODID, running
from table import CannotMeasure, Row, parser, run, tell

from podid.core.sigv4 import Credentials, sign

REGION = "us-east-1"
ROUNDS = 10
BUDGET = 1.2


class Timed:
    """Seconds of each request, and the processor time that the server took for all of them."""

    def __init__(self, port: int, process: psutil.Process, *, kept: bool) -> None:
        self._port = port
        self._process = process
        self._kept = kept
        self.times: list[float] = []
        self.cpu = 0.0

    def ask(self, message: bytes, seconds: float) -> None:
        """Send for so long."""
        before = self._process.cpu_times()
        link: socket.socket | None = None
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            began = time.perf_counter()
            link = link or socket.create_connection(("127.0.0.1", self._port), timeout=20)
            link.sendall(message)
            whole_answer(link)
            self.times.append(time.perf_counter() - began)
            if not self._kept:
                link.close()
                link = None
        if link is not None:
            link.close()
        after = self._process.cpu_times()
        self.cpu += after.user + after.system - before.user - before.system

    @property
    def milliseconds(self) -> float:
        return statistics.median(self.times) * 1000

    @property
    def cpu_milliseconds(self) -> float:
        return self.cpu / len(self.times) * 1000


def list_buckets(port: int, key: Credentials) -> bytes:
    """A signed `GET /`; a signature is good for 15 minutes, longer than this takes."""
    url = f"http://127.0.0.1:{port}/"
    given = {"Host": f"127.0.0.1:{port}"}
    headers = sign(
        key, method="GET", url=url, headers=given, body=b"", service="s3", region=REGION, now=datetime.now(UTC)
    )
    return f"GET / HTTP/1.1\r\n{''.join(f'{name}: {value}{chr(13)}{chr(10)}' for name, value in headers.items())}\r\n".encode()


def create_buckets(port: int, key: Credentials, count: int) -> None:
    import boto3

    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )
    for number in range(count):
        s3.create_bucket(Bucket=f"bench-{number}")


def installation(folder: Path) -> Path:
    made = folder / "installation.json"
    administrator = {"user": "podid-admin", "credentials_file": str(folder / "admin.json")}
    made.write_text(json.dumps({"account": "111122223333", "region": REGION, "administrator": administrator}))
    return made


def measure(folder: Path, seconds: float, buckets: int) -> list[Row]:
    if importlib.util.find_spec("flask") is None:
        raise CannotMeasure("moto's own server is not installed", "bring the benchmarks' peers: scripts/setup --bench")
    keep_to(CLIENT_CORE)
    ours_port, motos_port = free_port(), free_port()
    serve = (
        *PODID,
        "serve",
        "--home",
        str(folder / "serve"),
        "--port",
        str(ours_port),
        "--installation",
        str(installation(folder)),
    )
    moto = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(motos_port))
    with running(serve, folder / "serve.log") as ours, running(moto, folder / "moto.log") as motos:
        wait_for(ours_port, ours)
        wait_for(motos_port, motos)
        found = json.loads((folder / "admin.json").read_bytes())
        key = Credentials(found["AccessKeyId"], found["SecretAccessKey"])
        for port in (ours_port, motos_port):
            create_buckets(port, key, buckets)
        peer = Timed(motos_port, motos, kept=False)
        fresh, kept = Timed(ours_port, ours, kept=False), Timed(ours_port, ours, kept=True)
        asked = [
            (peer, list_buckets(motos_port, key)),
            (fresh, list_buckets(ours_port, key)),
            (kept, list_buckets(ours_port, key)),
        ]
        for timed, message in asked:  # what the first calls import is not what is measured
            timed.ask(message, 0.3)
            timed.times.clear()
            timed.cpu = 0.0
        for _ in range(ROUNDS):
            for timed, message in asked:
                timed.ask(message, seconds / ROUNDS)
    return [
        against("ListBuckets, a new connection each", fresh, peer),
        against("ListBuckets, a kept connection", kept, peer),
        Row(
            what="ListBuckets, processor time of the server",
            value=kept.cpu_milliseconds,
            unit="ms",
            peer=f"moto's server {peer.cpu_milliseconds:.2f} ms",
            ratio=kept.cpu_milliseconds / peer.cpu_milliseconds,
        ),
    ]


def against(what: str, ours: Timed, peer: Timed) -> Row:
    ratio = ours.milliseconds / peer.milliseconds
    return Row(
        what=what,
        value=ours.milliseconds,
        unit="ms",
        peer=f"moto's server {peer.milliseconds:.2f} ms",
        ratio=ratio,
        budget=f"≤ {BUDGET} × moto's",
        kept=ratio <= BUDGET,
    )


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=float, default=4.0, help="for each figure (default: 4)")
    arguments.add_argument("--buckets", type=int, default=10, help="buckets to list (default: 10)")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="podid-bench-") as folder:
        tell("gateway", measure(Path(folder), chosen.seconds, chosen.buckets), chosen.output)


if __name__ == "__main__":
    run(main)
