"""AWS's SDKs for Go, JavaScript and Java, unmodified: credentials from podid's agent, calls of podid's endpoint, errors as each types them.

Every SDK has a program in a folder of its own; it is built once (programs.py), with the SDK's ordinary package manager. That takes minutes
at first, so all of this runs only with PODID_SDKS=1. test_in_pods.py runs the same programs in pods.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from tests.conformance.endpoint import ACCOUNT, CLUSTER, REGION, Endpoint
from tests.sdks.programs import SDKS, built

pytestmark = [
    pytest.mark.sdks,
    pytest.mark.skipif(os.environ.get("PODID_SDKS") != "1", reason="set PODID_SDKS=1: it downloads and builds SDKs"),
]


class Pod(NamedTuple):
    """Where the agent is, and what a pod's environment says of it."""

    environment: dict[str, str]
    role: str


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    served = Endpoint(tmp_path_factory.mktemp("sdks"))
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def pod(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """The environment of a pod with an association, and the agent that serves it."""
    folder = tmp_path_factory.mktemp("pod")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role = endpoint.role("sdk", policy={"Version": "2012-10-17", "Statement": [everything]})
    endpoint.associate(role, "app", "sdk")
    endpoint.client("s3").create_bucket(Bucket="sdk-bucket")
    token = folder / "token"
    token.write_text(endpoint.issuer.token("app", "sdk", pod="app-7d9f"))
    credentials, probes, metrics = (free_port() for _ in range(3))
    places = {"169.254.170.23:80": credentials, "*:2703": probes, "*:2705": metrics}
    node = endpoint.node
    command = [sys.executable, "-m", "podid", "agent", "server", "--cluster-name", CLUSTER, "-b", "169.254.170.23"]
    with (folder / "agent.log").open("wb") as log:
        agent = subprocess.Popen(
            [*command, "--endpoint", endpoint.url],
            env=plain()
            | {
                "PODID_LISTEN": json.dumps(places),
                "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": node.id,
                "AWS_SECRET_ACCESS_KEY": node.secret,
                "AWS_SESSION_TOKEN": node.token,
            },
            stderr=log,
        )
    try:
        until = time.monotonic() + 30
        while not is_ready(probes):
            assert agent.poll() is None, (folder / "agent.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield Pod(
            role=role,
            environment=plain()
            | {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{credentials}/v1/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
                "AWS_ENDPOINT_URL": endpoint.url,
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": str(folder / "none"),
                "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
            },
        )
    finally:
        agent.terminate()
        agent.wait(20)


@pytest.fixture(scope="module", params=SDKS)
def told(request: pytest.FixtureRequest, pod: Pod) -> dict[str, Any]:
    """What an SDK's program saw, and its name."""
    name: str = request.param
    folder = built(name)
    done = subprocess.run(
        [*SDKS[name].run, CLUSTER, pod.role],
        cwd=folder,
        env=pod.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {**json.loads(done.stdout), "name": name}


FACTS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "the session of the pod": lambda told: bool(
        re.fullmatch(rf"arn:aws:sts::{ACCOUNT}:assumed-role/sdk/eks-conformanc-app-7d9f-[0-9a-f-]{{36}}", told["arn"])
    ),
    "buckets": lambda told: told["buckets"] == ["sdk-bucket"],
    "an association": lambda told: bool(re.fullmatch("a-[a-z0-9]{17}", told["created"])),
    "its time": lambda told: told["time"].startswith(time.strftime("%Y-", time.gmtime())),
    "its conflict, typed": lambda told: told["conflict"] == f"Association already exists: {told['created']}",
    "its page": lambda told: told["listed"] == [told["created"]],
    "its end": lambda told: told["deleted"] == told["created"],
    "its absence, typed": lambda told: told["missing"] == "ResourceNotFoundException",
    "an item": lambda told: told["item"] == told["name"],
    "no such table, typed": lambda told: told["noTable"] == "ResourceNotFoundException",
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_of_an_sdk(told: dict[str, Any], fact: str) -> None:
    assert FACTS[fact](told), told


def plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PODID_"))}


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
