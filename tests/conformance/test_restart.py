"""What outlives the process: pages, client request tokens, keys and sessions, and every write that was acknowledged."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.conformance.endpoint import CLUSTER, Endpoint, Key

PATH = f"/clusters/{CLUSTER}/pod-identity-associations"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An endpoint of its own, for it is stopped and started again."""
    served = Endpoint(tmp_path_factory.mktemp("restart"))
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def role(endpoint: Endpoint) -> str:
    return endpoint.role("conformance")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_acknowledged_is_forgotten(endpoint: Endpoint, role: str, how: signal.Signals) -> None:
    namespace = how.name.lower()
    for n in range(4):
        endpoint.associate(role, f"sa-{n}", namespace)
    page = endpoint.eks("GET", f"{PATH}?namespace={namespace}&maxResults=3")
    asked = {"namespace": namespace, "serviceAccount": "replay", "roleArn": role, "clientRequestToken": namespace}
    first = endpoint.eks("POST", PATH, asked)
    administrator, node = endpoint.administrator, endpoint.node
    pod = endpoint.assume(endpoint.issuer.token("replay", namespace)).json["credentials"]
    session = Key(pod["accessKeyId"], pod["secretAccessKey"], pod["sessionToken"])

    endpoint.stop(how)
    endpoint.start()

    assert endpoint.administrator == administrator, "the printed key outlives a restart"
    for key in (administrator, node, session):
        assert endpoint.client("sts", key).get_caller_identity()["Account"] == "111122223333"
    assert endpoint.eks("POST", PATH, asked).json == first.json, "a client request token is kept"
    rest = endpoint.eks("GET", f"{PATH}?namespace={namespace}&maxResults=3&nextToken={quote(page.json['nextToken'])}")
    assert len(rest.json["associations"]) == 2


def test_a_kill_in_the_middle_of_200_creates_loses_nothing(endpoint: Endpoint, role: str) -> None:
    acknowledged: list[dict[str, object]] = []

    def create(part: int) -> None:
        for n in range(part, 200, 4):
            body = json.dumps({"namespace": "kill", "serviceAccount": f"sa-{n}", "roleArn": role}).encode()
            headers = {"Content-Type": "application/json"}
            try:
                answer = endpoint.call("eks", "POST", PATH, body, headers=headers)
            except OSError:
                return
            if answer.status == 200:
                acknowledged.append(answer.json["association"])
                if len(acknowledged) >= 60:
                    killed.set()

    killed = threading.Event()
    threads = [threading.Thread(target=create, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    assert killed.wait(60)
    endpoint.stop(signal.SIGKILL)
    for thread in threads:
        thread.join(60)
    endpoint.start()
    pages = endpoint.client("eks").get_paginator("list_pod_identity_associations")
    found = {
        each["associationId"] for each in pages.paginate(clusterName=CLUSTER, namespace="kill").search("associations")
    }
    assert {each["associationId"] for each in acknowledged} <= found
    for each in acknowledged:
        assert endpoint.eks("GET", f"{PATH}/{each['associationId']}").json == {"association": each}
    for each in found:
        told = endpoint.eks("GET", f"{PATH}/{each}").json["association"]
        assert told["roleArn"] == role, "none is half made"


def test_a_stop_is_a_success(tmp_path: Path) -> None:
    served = Endpoint(tmp_path)
    served.start()
    assert served.stop() == 0


def test_credentials_files_are_for_their_owner_alone(endpoint: Endpoint) -> None:
    files = [*(endpoint.home / "credentials").iterdir(), *(endpoint.home / "serve/keys").iterdir()]
    assert len(files) >= 4
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}


def test_no_secret_and_no_token_is_in_a_log(endpoint: Endpoint, role: str) -> None:
    endpoint.associate(role, "logged", "log")
    token = endpoint.issuer.token("logged", "log")
    told = endpoint.assume(token).json["credentials"]
    endpoint.assume(token[:-4] + "AAAA")
    log = (endpoint.home / "serve.log").read_text()
    for secret in (
        told["secretAccessKey"],
        told["sessionToken"],
        endpoint.administrator.secret,
        token,
        token.rpartition(".")[2],
    ):
        assert secret not in log
    database = (endpoint.home / "serve/state.db").read_bytes()
    assert endpoint.administrator.secret.encode() not in database, "secrets are encrypted at rest"
