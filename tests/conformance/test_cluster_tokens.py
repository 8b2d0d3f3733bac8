"""`aws eks get-token`: a presigned GetCallerIdentity as a bearer token, whose it is, and a real API server that takes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.conformance.api_server import IDENTITY, ApiServer, token, unwrap, wrap
from tests.conformance.endpoint import ACCOUNT, CLUSTER, Endpoint, Key


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
def test_an_api_server_takes_the_token(endpoint: Endpoint, api_server: ApiServer) -> None:
    told = api_server.who(token(endpoint.administrator))
    assert told["username"] == f"arn:aws:iam::{ACCOUNT}:user/admin"
    assert told["groups"] == ["system:masters", "system:authenticated"]
    assert told["extra"]["arn"] == [f"arn:aws:iam::{ACCOUNT}:user/admin"]


@pytest.mark.parametrize("case", ["for another cluster", "too old", "spoiled", "not base64"])
def test_an_api_server_refuses_what_is_none(endpoint: Endpoint, api_server: ApiServer, case: str) -> None:
    assert api_server.who(HOSTILE[case](endpoint.administrator)) == 401


def test_an_api_server_refuses_who_has_no_entry(endpoint: Endpoint, api_server: ApiServer, powerless: Key) -> None:
    assert api_server.who(token(powerless)) == 401
