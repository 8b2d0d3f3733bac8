"""`aws eks get-token`: a presigned GetCallerIdentity as a bearer token, whose it is, and a real API server that takes it."""

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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.conformance.endpoint import ACCOUNT, CLUSTER, REGION, Endpoint, Key

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


def review(endpoint: Endpoint, shown: str, key: Key | None = None, cluster: str = CLUSTER) -> Any:
    path = f"/_podid/clusters/{cluster}/token-review"
    body = json.dumps({"Token": shown}).encode()
    return endpoint.call("podid", "POST", path, body, key=key or endpoint.reviewer)


def test_the_creator_is_an_administrator(endpoint: Endpoint) -> None:
    told = review(endpoint, token(endpoint.administrator)).json
    assert told["Authenticated"] is True
    assert told["Username"] == f"arn:aws:iam::{ACCOUNT}:user/admin"
    assert told["Groups"] == ["system:masters"]
    assert told["Uid"].startswith(f"aws-iam-authenticator:{ACCOUNT}:AIDA")
    assert told["Extra"]["accessKeyId"] == [endpoint.administrator.id]


@pytest.mark.parametrize("age", [0, 61, 14 * 60])
def test_a_token_is_good_for_a_quarter_of_an_hour(endpoint: Endpoint, age: int) -> None:
    assert review(endpoint, token(endpoint.administrator, age=age)).json["Authenticated"] is True


@pytest.mark.parametrize(
    "host", ["https://sts.amazonaws.com", "https://sts.eu-west-1.amazonaws.com", "http://127.0.0.1:1"]
)
def test_the_host_decides_nothing(endpoint: Endpoint, host: str) -> None:
    assert review(endpoint, token(endpoint.administrator, url=f"{host}/?{IDENTITY}")).json["Authenticated"] is True


HOSTILE: dict[str, Callable[[Key], str]] = {
    "too old": lambda key: token(key, age=901),
    "of tomorrow": lambda key: token(key, age=-3600),
    "for another cluster": lambda key: token(key, "elsewhere"),
    "without the cluster": lambda key: token(key, header="x-other"),
    "for another action": lambda key: token(
        key, url="https://sts.amazonaws.com/?Action=GetSessionToken&Version=2011-06-15"
    ),
    "for another service": lambda key: token(key, service="s3"),
    "for another method": lambda key: token(key, method="POST"),
    "for another path": lambda key: token(key, url=f"https://sts.amazonaws.com/x?{IDENTITY}"),
    "with another parameter": lambda key: token(key, url=f"https://sts.amazonaws.com/?{IDENTITY}&RoleArn=x"),
    "with an action twice": lambda key: wrap(unwrap(token(key)) + "&Action=GetCallerIdentity"),
    "with a wrong secret": lambda key: token(key._replace(secret="x" * 40)),
    "of an unknown key": lambda key: token(Key("AKIAIOSFODNN7EXAMPLE", key.secret)),
    "unsigned": lambda key: wrap(f"https://sts.amazonaws.com/?{IDENTITY}"),
    "spoiled": lambda key: wrap(unwrap(token(key))[:-1]),
    "with a credential in the host": lambda key: wrap(unwrap(token(key)).replace("https://", "https://a@")),
    "with a newline": lambda key: wrap(unwrap(token(key)) + "\n"),
    "no URL": lambda key: wrap("nonsense"),
    "without a prefix": lambda key: token(key).removeprefix("k8s-aws-v1."),
    "not base64": lambda key: "k8s-aws-v1.%%%",
    "padded": lambda key: token(key) + "=",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_token_that_is_none(endpoint: Endpoint, case: str) -> None:
    answer = review(endpoint, HOSTILE[case](endpoint.administrator))
    assert answer.status == 200
    assert answer.json["Authenticated"] is False
    assert answer.json["Reason"]


def test_who_has_no_access_entry_is_nobody(endpoint: Endpoint) -> None:
    key = endpoint.user("no-entry", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert review(endpoint, token(key)).json["Authenticated"] is False


def test_reviewing_is_a_permission(endpoint: Endpoint, powerless: Key) -> None:
    answer = review(endpoint, token(endpoint.administrator), key=powerless)
    assert (answer.status, answer.code) == (403, "AccessDeniedException")
    assert review(endpoint, token(endpoint.administrator), cluster="nowhere").status == 404


# -- an API server -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def api_server(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ssl.SSLContext]]:
    """A local cluster without pods, which asks the endpoint whose tokens it is shown."""
    home = tmp_path_factory.mktemp("cluster")
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
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "podid", "part", "cluster", str(home / "settings.json")], stderr=log
        )
    try:
        url, certificate = f"https://127.0.0.1:{port}", home / "cluster/ca.crt"
        until = time.monotonic() + 30
        while not is_up(url, certificate):
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield url, ssl.create_default_context(cafile=str(certificate))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def is_up(url: str, certificate: Path) -> bool:
    try:
        context = ssl.create_default_context(cafile=str(certificate))
        with urllib.request.urlopen(f"{url}/readyz", context=context, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def whoami(api_server: tuple[str, ssl.SSLContext], shown: str) -> Any:
    """The user of a token, or the status of the refusal."""
    url, context = api_server
    body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}).encode()
    headers = {"Authorization": f"Bearer {shown}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/apis/authentication.k8s.io/v1/selfsubjectreviews", body, headers)
    try:
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            return json.loads(answer.read())["status"]["userInfo"]
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_an_api_server_takes_the_token(endpoint: Endpoint, api_server: tuple[str, ssl.SSLContext]) -> None:
    told = whoami(api_server, token(endpoint.administrator))
    assert told["username"] == f"arn:aws:iam::{ACCOUNT}:user/admin"
    assert told["groups"] == ["system:masters", "system:authenticated"]
    assert told["extra"]["arn"] == [f"arn:aws:iam::{ACCOUNT}:user/admin"]


@pytest.mark.parametrize("case", ["for another cluster", "too old", "spoiled", "not base64"])
def test_an_api_server_refuses_what_is_none(
    endpoint: Endpoint, api_server: tuple[str, ssl.SSLContext], case: str
) -> None:
    assert whoami(api_server, HOSTILE[case](endpoint.administrator)) == 401


def test_an_api_server_refuses_who_has_no_entry(
    endpoint: Endpoint, api_server: tuple[str, ssl.SSLContext], powerless: Key
) -> None:
    assert whoami(api_server, token(powerless)) == 401
