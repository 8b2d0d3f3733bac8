"""Where the time of one AssumeRoleForPodIdentity goes, in microseconds of processor time, room by room.

    .venv/bin/python bench/eks_auth_profile.py [--seconds 6] [-o json]

The whole of a request, socket to socket, is measured at `podid serve`. Then the same steps run in this process, without sockets, as many
requests together as came over them, while a timer looks where it is, some 250 times a second; a look counts for the innermost room of
podid's, with the C code that it called. What the sockets and HTTP take is the difference of the two.
"""

from __future__ import annotations

import collections
import itertools
import logging
import signal
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import eks_auth
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from load import CLIENT_CORE, ROUNDS, Generator, keep_to
from table import CannotMeasure, Row, parser, run, tell

from podid.core.http import HttpRequest, HttpResponse
from podid.gateway.compose import compose
from podid.gateway.serve import ServeSettings
from podid.gateway.steps.values import Received

ROOMS = {
    "core/tokens/": "the token: form, claims, RSA-2048 signature",
    "core/sigv4/": "the caller's signature: SigV4",
    "core/policy/": "decisions: the caller's policy, the role's trust policy",
    "iam/": "decisions: the caller's policy, the role's trust policy",
    "sts/": "the session: tags, sealing, keys",
    "core/wire/": "reading the input and writing the answer",
    "eks/": "association, cluster, checks in their order",
    "eks_auth/": "association, cluster, checks in their order",
    "store/": "looking whether the database has changed",
    "audit/": "decision log and access log",
    "gateway/logs.py": "decision log and access log",
    "gateway/decisions.py": "decision log and access log",
    "log_lines.py": "decision log and access log",
    "gateway/": "the gateway's steps",
}
REST = "the rest"
TOGETHER = 16
"""Requests that are answered together, as many as connections send them."""


class Sampler:
    """Looks where the main thread is, by the processor's time."""

    def __init__(self) -> None:
        self.seen: collections.Counter[str] = collections.Counter()

    def __enter__(self) -> Sampler:
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)

    def _look(self, _: int, frame: FrameType | None) -> None:
        while frame is not None:
            _before, found, path = frame.f_code.co_filename.rpartition("/podid/")
            room = room_of(path) if found else None
            if room is not None:
                self.seen[room] += 1
                return
            frame = frame.f_back
        self.seen[REST] += 1


def room_of(path: str) -> str | None:
    """None for what all rooms use, such as `core/ids.py`: that counts for whoever calls it."""
    return next((room for start, room in ROOMS.items() if path.startswith(start)), None)


def received(message: bytes) -> Received:
    """What the gateway's edge makes of these bytes."""
    head, _, body = message.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _version = first.split(" ")
    fields = (line.partition(": ") for line in lines)
    headers = tuple((name.lower(), value) for name, _colon, value in fields)
    return Received(request=HttpRequest(method=method, path=path, headers=headers, body=body), now=datetime.now(UTC))


def measure(folder: Path, seconds: float, pods: int) -> list[Row]:
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    keep_to(CLIENT_CORE)
    verifying = 1e6 / eks_auth.rsa_floor(pem, 1.0)
    with eks_auth.served(folder, pem, 0) as (url, admin, pid):
        eks_auth.furnish(url, admin, 0)
        made = eks_auth.requests(url, admin, pem, pods)
        generator = Generator(int(url.rpartition(":")[2]), made, connections=TOGETHER)
        generator.learn()
        generator.run(pid, 0.5)
        whole = 1e6 / statistics.median(generator.run(pid, seconds / ROUNDS).rate for _ in range(ROUNDS))
    logging.disable(logging.INFO - 1)
    settings = ServeSettings(home=folder / "serve", installation=folder / "installation.json", services="none")
    endpoint = compose(settings)
    try:
        asked = [received(message) for message in made]
        for one in endpoint.gateway.begin_together(asked[:TOGETHER]):
            if not isinstance(one, HttpResponse) or one.status != 200:
                raise CannotMeasure(
                    "the gateway did not grant what it granted over its socket", "run bench/eks_auth.py"
                )
        began, done = time.process_time(), 0
        with Sampler() as sampler:
            for first in itertools.cycle(range(0, len(asked) - TOGETHER + 1, TOGETHER)):
                endpoint.gateway.begin_together(asked[first : first + TOGETHER])
                done += TOGETHER
                if time.process_time() - began > seconds:
                    break
        inside = (time.process_time() - began) / done * 1e6
    finally:
        endpoint.close()
    looks = sum(sampler.seen.values())
    if looks < 100:
        raise CannotMeasure(f"only {looks} looks were taken", "give it longer: --seconds 20")
    found = {room: count / looks * inside for room, count in sampler.seen.items()}
    rows = [Row(what="the whole request, socket to socket", value=whole, unit="µs", ratio=1.0)]
    rows.append(share("sockets, HTTP", whole - inside, whole))
    rows += [share(room, value, whole) for room, value in sorted(found.items(), key=lambda item: -item[1])]
    rows.append(share("for comparison: RSA-2048 verification alone", verifying, whole))
    return rows


def share(what: str, value: float, whole: float) -> Row:
    return Row(what=what, value=value, unit="µs", ratio=value / whole)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=float, default=6.0, help="of looking (default: 6)")
    arguments.add_argument("--pods", type=int, default=500, help="pods whose tokens are sent (default: 500)")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="podid-bench-") as folder:
        tell("eks_auth_profile", measure(Path(folder), chosen.seconds, chosen.pods), chosen.output)


if __name__ == "__main__":
    run(main)
