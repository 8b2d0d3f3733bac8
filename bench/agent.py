"""The node agent's `GET /v1/credentials` out of its cache, beside a bare answerer of the same bytes, in one run.

    .venv/bin/python bench/agent.py [--seconds 3] [--pods 2000] [-o json]

`podid agent server` runs on one core with an EKS Auth of the benchmark's own behind it; every pod's credentials are fetched before the
clock starts. The floor is asyncio, uvloop and httptools that answer without looking. AWS's agent was measured beside such a floor at
17 100 of 110 000 a second, its limiter lifted (kept connections), and 10 500 of 18 200 (a new connection each).
"""

from __future__ import annotations

import base64
import http.server
import json
import statistics
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
from load import CLIENT_CORE, Failed, Generator, Load, free_port, in_turn, keep_to, wait_for, whole_answer
from processes import FLOOR, PODID, resident_mib, running
from table import Row, parser, run, tell, written

SIZE = 813
"""Bytes of a whole answer of AWS's agent, as it was measured."""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class EksAuth(http.server.BaseHTTPRequestHandler):
    """Grants whatever is asked. The session token fills the agent's answer to AWS's size."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = {
            "subject": {"namespace": "default", "serviceAccount": "app"},
            "audience": "pods.eks.amazonaws.com",
            "podIdentityAssociation": {"associationArn": "arn:a", "associationId": "a-dt1bedfjc72dlwp5n"},
            "assumedRoleUser": {
                "arn": "arn:aws:sts::111122223333:assumed-role/app/eks-bench-app",
                "assumeRoleId": "AROAEXAMPLE:eks-bench-app",
            },
            "credentials": {
                "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
                "secretAccessKey": "x" * 40,
                "sessionToken": "t" * 486,
                "expiration": int(time.time()) + 21600,
            },
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        del format, arguments


def token(number: int) -> str:
    """What looks like a service account token of one pod; its signature is EKS Auth's to check."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    now = int(time.time())
    claims = {
        "aud": ["pods.eks.amazonaws.com"],
        "exp": now + 86400,
        "iat": now,
        "nbf": now,
        "iss": "https://oidc.eks.us-east-1.amazonaws.com/id/BENCH",
        "sub": "system:serviceaccount:default:app",
        "kubernetes.io": {
            "namespace": "default",
            "node": {"name": "n", "uid": "00000000-0000-4000-8000-00000000000b"},
            "pod": {"name": f"app-{number}", "uid": f"00000000-0000-4000-8000-{number:012d}"},
            "serviceaccount": {"name": "app", "uid": "00000000-0000-4000-8000-00000000000a"},
        },
    }
    return f"{part({'alg': 'RS256', 'kid': 'k' * 40})}.{part(claims)}.{'s' * 342}"


def message(number: int, *, last: bool = False) -> bytes:
    """A pod's request; `last`: it asks for the connection to be closed after it."""
    head = f"GET /v1/credentials HTTP/1.1\r\nHost: 169.254.170.23\r\nAccept: */*\r\nAuthorization: {token(number)}\r\n"
    return f"{head}User-Agent: bench\r\n{'Connection: close' + chr(13) + chr(10) if last else ''}\r\n".encode()


def until_healthy(port: int, process: psutil.Popen) -> float:
    """Seconds until `/healthz` answers 200."""
    began = time.perf_counter()
    while time.perf_counter() - began < 20 and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return time.perf_counter() - began
        except (OSError, urllib.error.URLError):
            time.sleep(0.002)
    raise Failed("the agent did not become healthy")


def measure(folder: Path, seconds: float, pods: int) -> list[Row]:
    keep_to(CLIENT_CORE)
    upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), EksAuth)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    port, probes, floor_port = free_port(), free_port(), free_port()
    argv = (
        *PODID, "agent", "server", "--cluster-name", "bench", "--port", str(port), "--probe-port", str(probes),
        "--metrics-port", "0", "--metrics-address", "127.0.0.1", "--bind-hosts", "127.0.0.1",
        "--endpoint", f"http://127.0.0.1:{upstream.server_address[1]}",
    )  # fmt: skip
    starts = []
    for _ in range(3):
        with running(argv, folder / "agent.log", environment=ENVIRONMENT) as agent:
            starts.append(until_healthy(probes, agent))
    with running(argv, folder / "agent.log", environment=ENVIRONMENT) as agent:
        until_healthy(probes, agent)
        idle = resident_mib(agent)
        one, many = [message(0)], [message(number) for number in range(pods)]
        answer = answered(port, one[0])
        (folder / "answer").write_bytes(answer)
        with running((*FLOOR, "asyncio", str(floor_port), str(folder / "answer")), folder / "floor.log") as floor:
            wait_for(floor_port, floor)
            kept, floor_kept = Generator(port, one, connections=64), Generator(floor_port, one, connections=64)
            ours, bare = in_turn(seconds, (kept, agent.pid), (floor_kept, floor.pid))
            closing = [message(0, last=True)]
            fresh = Generator(port, closing, connections=64, fresh=True)
            floor_fresh = Generator(floor_port, closing, connections=64, fresh=True)
            ours_fresh, bare_fresh = in_turn(seconds, (fresh, agent.pid), (floor_fresh, floor.pid))
            alone, floor_alone = Generator(port, one, connections=1), Generator(floor_port, one, connections=1)
            single, bare_single = in_turn(seconds, (alone, agent.pid), (floor_alone, floor.pid))
            all_of_them = Generator(port, many, connections=64)
            all_pods, again = in_turn(seconds, (all_of_them, agent.pid), (kept, agent.pid))
        full = resident_mib(agent)
    upstream.shutdown()
    return [
        against_floor("cached GET, 64 kept connections", ours, bare, 0.45, "AWS's agent: 0.155 of its floor"),
        against_floor(
            "cached GET, a new connection each", ours_fresh, bare_fresh, 0.8, "AWS's agent: 0.577 of its floor"
        ),
        Row(
            what=f"cached GET of {pods} pods in turn",
            value=all_pods.rate,
            unit="/s",
            peer=f"of one pod: {written(again.rate)} /s",
            ratio=all_pods.rate / again.rate,
            budget="≥ 0.85 of one pod's",
            kept=all_pods.rate / again.rate >= 0.85,
        ),
        Row(
            what="cached GET, one kept connection, p99",
            value=single.quantile(0.99) * 1000,
            unit="ms",
            peer=f"floor {bare_single.quantile(0.99) * 1000:.2f} ms; AWS's agent 0.4 to 1.1 ms",
            ratio=single.quantile(0.99) / bare_single.quantile(0.99),
            budget="< 0.4 ms",
            kept=single.quantile(0.99) < 0.0004,
        ),
        Row(
            what="start to the first 200 on /healthz",
            value=statistics.median(starts) * 1000,
            unit="ms",
            peer="AWS's agent: 10 ms",
            budget="≤ 300 ms",
            kept=statistics.median(starts) <= 0.3,
        ),
        Row(
            what="memory, idle", value=idle, unit="MiB", peer="AWS's agent: 14 MiB", budget="≤ 38 MiB", kept=idle <= 38
        ),
        Row(
            what=f"memory with {pods} pods' credentials",
            value=full,
            unit="MiB",
            peer="AWS's agent: 31 MiB with 2 000",
            budget="≤ 48 MiB",
            kept=full <= 48,
        ),
    ]


def against_floor(what: str, ours: Load, bare: Load, least: float, aws: str) -> Row:
    ratio = ours.rate / bare.rate
    return Row(
        what=what,
        value=ours.rate,
        unit="/s",
        peer=f"floor {written(bare.rate)} /s; {aws}",
        ratio=ratio,
        budget=f"≥ {least} of the floor",
        kept=ratio >= least,
    )


def answered(port: int, sent: bytes) -> bytes:
    """One whole answer of the agent, for the floor to give."""
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        link.sendall(sent)
        return whole_answer(link)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=float, default=3.0, help="for each figure (default: 3)")
    arguments.add_argument("--pods", type=int, default=2000, help="pods in turn (default: 2000)")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="podid-bench-") as folder:
        tell("agent", measure(Path(folder), chosen.seconds, chosen.pods), chosen.output)


if __name__ == "__main__":
    run(main)
