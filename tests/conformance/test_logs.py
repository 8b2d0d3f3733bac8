"""What the access log and the decision log hold, in the words of a real process: who, what, on what, with which outcome and why; and no secret."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conformance.endpoint import ACCOUNT, CLUSTER, CLUSTER_ARN, Answer, Endpoint, Key


class Told:
    """What was asked and answered, and which secrets went over the wire with it."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.granted = ""
        self.refused = ""
        self.denied = ""


@pytest.fixture(scope="module")
def told(endpoint: Endpoint, role: str, powerless: Key) -> Told:
    made = Told()
    endpoint.associate(role, "in-logs", "log")
    token = endpoint.issuer.token("in-logs", "log")
    granted = endpoint.assume(token)
    credentials = granted.json["credentials"]
    refused = endpoint.assume(token[:-4] + "AAAA")
    denied = endpoint.assume(token, key=powerless)
    made.granted, made.refused, made.denied = (_id(answer) for answer in (granted, refused, denied))
    made.secrets |= {
        "token": token,
        "token's signature": token.rpartition(".")[2],
        "refused token's signature": token.rpartition(".")[2][:-4] + "AAAA",
        "pod's secret": credentials["secretAccessKey"],
        "pod's session token": credentials["sessionToken"],
        "administrator's secret": endpoint.administrator.secret,
    }
    made.secrets |= _by_iam_and_sts(endpoint)
    made.secrets |= _by_hand(endpoint)
    return made


def _by_iam_and_sts(endpoint: Endpoint) -> dict[str, str]:
    name, password = f"u-{uuid.uuid4().hex[:8]}", f"Pass-{uuid.uuid4()}"
    iam, sts = endpoint.client("iam"), endpoint.client("sts")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.create_login_profile(UserName=name, Password=password)
    session = sts.get_session_token()["Credentials"]
    with pytest.raises(ClientError):
        sts.assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/x", RoleSessionName="web", WebIdentityToken="head.planted-web.tail"
        )
    return {
        "new key's secret": key["SecretAccessKey"],
        "password": password,
        "session's secret": session["SecretAccessKey"],
        "session's token": session["SessionToken"],
        "web identity token": "planted-web",
    }


def _by_hand(endpoint: Endpoint) -> dict[str, str]:
    """Requests whose own parts are secrets: a presigned URL, a signature that does not hold, a header and a cookie of somebody's."""
    url = endpoint.client("s3").generate_presigned_url("get_object", Params={"Bucket": "planted", "Key": "k"})
    path = url.partition(endpoint.url)[2]
    endpoint.send("GET", path)
    headers = endpoint.signed(
        "eks", "GET", "/clusters", headers={"Cookie": "planted-cookie", "X-Planted": "planted-header"}
    )
    right = headers["Authorization"].rpartition("Signature=")[2]
    endpoint.send("GET", "/clusters", b"", headers)
    wrong = "0" * 63 + "1"
    endpoint.send("GET", "/clusters", b"", {**headers, "Authorization": headers["Authorization"].replace(right, wrong)})
    endpoint.send("GET", "/?planted-query=planted-value", b"", {"Authorization": "Bearer planted-bearer"})
    return {
        "presigned signature": path.rpartition("ignature=")[2].partition("&")[0],
        "signature": right,
        "wrong signature": wrong,
        "cookie": "planted-cookie",
        "header": "planted-header",
        "query": "planted-value",
        "bearer": "planted-bearer",
    }


def _id(answer: Answer) -> str:
    return answer.headers["x-amzn-requestid"]


@pytest.fixture(scope="module")
def lines(endpoint: Endpoint, told: Told) -> list[dict[str, Any]]:
    """The process's log, once a request that came after all others is in it."""
    last = _id(endpoint.eks("GET", "/clusters"))
    text = _until(lambda: (endpoint.home / "serve.log").read_text(), last)
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def rows(endpoint: Endpoint, told: Told) -> str:
    """The database's decision log, once it has that request."""
    last = _id(endpoint.eks("GET", "/clusters"))

    def read() -> str:
        with sqlite3.connect(endpoint.home / "serve/state.db") as connection:
            batches = connection.execute("SELECT packed FROM audit_batches ORDER BY number")
            return b"".join(packed for (packed,) in batches).decode(errors="replace")

    return _until(read, last)


def _until(read: Any, wanted: str) -> str:
    until = time.monotonic() + 30
    while True:
        text = str(read())
        if wanted in text:
            return text
        assert time.monotonic() < until, "the log does not come"
        time.sleep(0.02)


def test_no_secret_is_in_either(told: Told, lines: list[dict[str, Any]], rows: str) -> None:
    log = "\n".join(map(str, lines))
    for name, secret in told.secrets.items():
        assert len(secret) > 8, name
        assert secret not in log, name
        assert secret not in rows, name


def of(lines: list[dict[str, Any]], request_id: str, logger: str) -> list[dict[str, Any]]:
    return [line for line in lines if line.get("request_id") == request_id and line["logger"] == logger]


def test_the_access_log_says_who_asked_what(told: Told, lines: list[dict[str, Any]]) -> None:
    (line,) = of(lines, told.granted, "podid.access")
    assert line["operation"] == "AssumeRoleForPodIdentity"
    assert line["path"] == f"/clusters/{CLUSTER}/assume-role-for-pod-identity"
    assert (line["method"], line["status"], line["service"]) == ("POST", 200, "eks-auth")
    assert ":assumed-role/" in line["caller"]
    assert line["access_key_id"].startswith("ASIA")


def test_the_decision_log_says_which_statement_decided(told: Told, lines: list[dict[str, Any]]) -> None:
    (line,) = of(lines, told.granted, "podid.access")
    (decision,) = line["decisions"]
    assert decision["action"] == "eks-auth:AssumeRoleForPodIdentity"
    assert decision["resource"] == CLUSTER_ARN
    assert decision["outcome"] == "Allowed"
    assert decision["decided_by"]
    (line,) = of(lines, told.denied, "podid.access")
    (denied,) = line["decisions"]
    assert (denied["outcome"], denied["decided_by"]) == ("ImplicitlyDenied", [])
    assert denied["reason"] == "identity implicit"


def test_an_exchange_says_whose_token_became_which_session(told: Told, lines: list[dict[str, Any]]) -> None:
    (line,) = of(lines, told.granted, "podid.access")
    exchange = line["exchange"]
    assert (exchange["pod"].partition("/")[0], exchange["service_account"]) == ("log", "in-logs")
    assert exchange["cluster"] == CLUSTER
    assert exchange["association"].startswith("a-")
    assert exchange["session"].partition(":assumed-role/")[2]
    for other in (told.refused, told.denied):
        (line,) = of(lines, other, "podid.access")
        assert "exchange" not in line


def test_a_request_has_one_line(told: Told, lines: list[dict[str, Any]]) -> None:
    for request_id in (told.granted, told.refused, told.denied):
        assert len([line for line in lines if line.get("request_id") == request_id]) == 1


def test_a_refused_token_has_its_reason_in_the_log_alone(told: Told, lines: list[dict[str, Any]], rows: str) -> None:
    (line,) = of(lines, told.refused, "podid.access")
    assert line["error"] == "InvalidTokenException"
    assert line["reason"].startswith("BadSignature")
    assert "BadSignature" in rows


def test_every_line_is_one_object_of_json(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys()
