"""What it costs to read a request's signature and to check it (`core/sigv4`): header form, presigned form, a body that is hashed.

    .venv/bin/python bench/sigv4.py [--seconds 1] [-o json]

The processor time of one thread. The signing key of a day, region and service is kept between requests, as in the gateway. boto3's signer,
which computes the same signature once, stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from processor_time import microseconds
from table import Row, parser, run, tell

from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, check, presign, read_claim, sign

KEY = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "t" * 600)
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
BUDGET = 40.0
HOST = "127.0.0.1:4566"


def signed(method: str, path: str, service: str, body: bytes) -> HttpRequest:
    url = f"http://{HOST}{path}"
    given = {
        "Host": HOST,
        "User-Agent": "Boto3/1.44.0 md/Botocore#1.44.0 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.12",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json" if body else "application/octet-stream",
    }
    headers = sign(KEY, method=method, url=url, headers=given, body=body, service=service, region="us-east-1", now=NOW)
    parts = urlsplit(url)
    return HttpRequest(method=method, path=parts.path, query=parts.query, headers=lowered(headers), body=body)


def lowered(headers: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """As the gateway has them."""
    return tuple((name.lower(), value) for name, value in headers.items())


def presigned() -> HttpRequest:
    url = presign(
        KEY,
        method="GET",
        url=f"http://{HOST}/shop/orders/1.json",
        service="s3",
        region="us-east-1",
        now=NOW,
        expires=900,
    )
    parts = urlsplit(url)
    return HttpRequest(method="GET", path=parts.path, query=parts.query, headers=(("host", HOST),))


def checking(request: HttpRequest) -> Callable[[], None]:
    """Both steps, as the gateway makes them; a wrong signature would raise."""

    def work() -> None:
        claim = read_claim(request)
        assert claim is not None
        check(claim, request, KEY.secret_access_key, now=NOW)

    return work


def botocores(request: HttpRequest, service: str) -> Callable[[], None]:
    signer = SigV4Auth(
        BotocoreCredentials(KEY.access_key_id, KEY.secret_access_key, KEY.session_token), service, "us-east-1"
    )

    def work() -> None:
        asked = AWSRequest(request.method, f"http://{HOST}{request.path}?{request.query}", data=request.body)
        signer.add_auth(asked)

    return work


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=float, default=1.0, help="for each figure (default: 1)")
    chosen = arguments.parse_args()
    cases = {
        "GET, S3": (signed("GET", "/shop/orders/1.json?versionId=3", "s3", b""), "s3"),
        "POST, 1.6 kB of JSON": (
            signed("POST", "/clusters/c/assume-role-for-pod-identity", "eks-auth", b"x" * 1600),
            "eks-auth",
        ),
        "presigned GET, S3": (presigned(), "s3"),
    }
    rows = []
    for name, (request, service) in cases.items():
        ours, theirs = (microseconds(work, chosen.seconds) for work in (checking(request), botocores(request, service)))
        rows.append(
            Row(
                what=f"read and check, {name}",
                value=ours,
                unit="µs",
                peer=f"botocore signs it in {theirs:.0f} µs",
                ratio=ours / theirs,
                budget=f"≤ {BUDGET:.0f} µs",
                kept=ours <= BUDGET,
            )
        )
    tell("sigv4", rows, chosen.output)


if __name__ == "__main__":
    run(main)
