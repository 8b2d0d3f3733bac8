"""What no SDK sends to EKS: JSON at the edge of JSON, labels and queries out of the ordinary, methods nobody has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conformance.endpoint import CLUSTER, Endpoint

PATH = f"/clusters/{CLUSTER}/pod-identity-associations"
BAD = (400, "SerializationException")
REFUSED = (400, "InvalidParameterException")
BODIES: dict[str, tuple[bytes, tuple[int, str]]] = {
    "a byte order mark": (b"\xef\xbb\xbf{}", BAD),
    "a name twice": (b'{"namespace":"a","namespace":"b"}', BAD),
    "a name twice, deep down": (b'{"tags":{"a":"1","a":"2"}}', BAD),
    "deeper than any model": (b'{"x":' + b"[" * 2000 + b"]" * 2000 + b"}", BAD),
    "a number beyond numbers": (b'{"disableSessionTags":1e999}', BAD),
    "an integer of 5 000 digits": (b'{"x":' + b"9" * 5000 + b"}", BAD),
    "NaN": (b'{"x":NaN}', BAD),
    "Infinity": (b'{"x":-Infinity}', BAD),
    "something behind it": (b"{}x", BAD),
    "two of them": (b"{}{}", BAD),
    "not UTF-8": (b'{"namespace":"\xff\xfe"}', BAD),
    "UTF-16": ('{"namespace":"a"}'.encode("utf-16"), BAD),
    "half a surrogate pair": (b'{"namespace":"\\ud800"}', BAD),
    "a control character": (b'{"namespace":"a\nb"}', BAD),
    "a comment": (b"{/* no */}", BAD),
    "a comma too many": (b'{"namespace":"a",}', BAD),
    "single quotes": (b"{'namespace':'a'}", BAD),
    "null": (b"null", BAD),
    "a text": (b'"x"', BAD),
    "a number": (b"7", BAD),
    "tags in a list": (b'{"tags":[]}', BAD),
    "a tag that is a number": (b'{"tags":{"a":1}}', BAD),
    "a namespace in a list": (b'{"namespace":["a"]}', BAD),
    "a namespace that is an object": (b'{"namespace":{"a":1}}', BAD),
    "nothing in it": (b"{}", REFUSED),
    "white space alone": (b"   ", BAD),
    "nulls alone": (b'{"namespace":null,"serviceAccount":null,"roleArn":null}', REFUSED),
    "names in another case": (b'{"Namespace":"a","ServiceAccount":"a","RoleArn":"a"}', REFUSED),
    "empty texts": (b'{"namespace":"","serviceAccount":"","roleArn":""}', REFUSED),
    "a tag that is null": (b'{"namespace":"a","serviceAccount":"b","roleArn":"c","tags":{"a":null}}', REFUSED),
    "a tag without a name": (b'{"namespace":"a","serviceAccount":"b","roleArn":"c","tags":{"":"x"}}', REFUSED),
    "a NUL in a namespace": (b'{"namespace":"a\\u0000","serviceAccount":"b","roleArn":"c"}', REFUSED),
    "a NUL in an account": (b'{"namespace":"a","serviceAccount":"b\\u0000","roleArn":"c"}', REFUSED),
    "a full-width digit": ('{"namespace":"\uff11","serviceAccount":"b","roleArn":"c"}'.encode(), REFUSED),
    "a token with a line break": (
        b'{"namespace":"a","serviceAccount":"b","roleArn":"c","clientRequestToken":"x\\n"}',
        REFUSED,
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body(endpoint: Endpoint, case: str) -> None:
    body, expected = BODIES[case]
    answer = endpoint.eks("POST", PATH, body)
    assert (answer.status, answer.code) == expected, answer
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-amzn-requestid"]
    assert answer.text


def test_all_that_is_missing_is_told_at_once(endpoint: Endpoint) -> None:
    told = endpoint.eks("POST", PATH, b"{}").text
    assert told == "3 validation errors detected: " + "; ".join(
        f"Value null at '{name}' failed to satisfy constraint: Member must not be null"
        for name in ("namespace", "serviceAccount", "roleArn")
    )


def test_a_body_where_none_is_expected_is_passed_over(endpoint: Endpoint) -> None:
    for body in (b"{}", b'{"namespace":1}', b"{"):
        assert endpoint.call("eks", "GET", PATH, body).status == 200


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_the_content_type_decides_nothing(endpoint: Endpoint, role: str, kind: str) -> None:
    name = f"kind-{len(kind)}"
    body = json.dumps({"namespace": "kinds", "serviceAccount": name, "roleArn": role}).encode()
    headers = {"Content-Type": kind} if kind else {}
    assert endpoint.call("eks", "POST", PATH, body, headers=headers).status == 200


UNKNOWN = (404, "UnknownOperationException")
MISSING = (404, "ResourceNotFoundException")
PATHS: dict[str, tuple[str, str, tuple[int, str]]] = {
    "a slash in a name": ("GET", "/clusters/a%2Fb", MISSING),
    "a slash in a name, small": ("GET", "/clusters/a%2fb/pod-identity-associations", MISSING),
    "a NUL in a name": ("GET", "/clusters/%00", MISSING),
    "an accent": ("GET", "/clusters/%C3%A9", MISSING),
    "not UTF-8": ("GET", "/clusters/%FF", BAD),
    "the name in capitals": ("GET", f"/clusters/{CLUSTER.upper()}", MISSING),
    "a name of 101": ("GET", f"/clusters/{'a' * 101}", MISSING),
    "dots": ("GET", "/clusters/%2E%2E/pod-identity-associations", MISSING),
    "nothing for a name": ("GET", "/clusters//pod-identity-associations", UNKNOWN),
    "the path in capitals": ("GET", f"/Clusters/{CLUSTER}", UNKNOWN),
    "more than there is": ("GET", f"{PATH}/a-1/x", UNKNOWN),
    "the root": ("GET", "/", UNKNOWN),
    "an id in capitals": ("GET", f"{PATH}/A-00000000000000000", MISSING),
    "an id with a slash": ("GET", f"{PATH}/a%2Fb", MISSING),
    "an id of 3 000": ("GET", f"{PATH}/{'a' * 3000}", MISSING),
    "PUT": ("PUT", PATH, UNKNOWN),
    "PATCH": ("PATCH", PATH, UNKNOWN),
    "DELETE": ("DELETE", PATH, UNKNOWN),
    "OPTIONS": ("OPTIONS", PATH, UNKNOWN),
    "HEAD": ("HEAD", PATH, UNKNOWN),
    "maxResults is a word": ("GET", f"{PATH}?maxResults=abc", BAD),
    "maxResults is empty": ("GET", f"{PATH}?maxResults=", BAD),
    "maxResults twice": ("GET", f"{PATH}?maxResults=1&maxResults=2", BAD),
    "maxResults with a fraction": ("GET", f"{PATH}?maxResults=1.5", BAD),
    "maxResults below nothing": ("GET", f"{PATH}?maxResults=-1", REFUSED),
    "maxResults beyond integers": ("GET", f"{PATH}?maxResults=99999999999999", BAD),
    "a token of NUL": ("GET", f"{PATH}?nextToken=%00", REFUSED),
    "a token that is JSON": ("GET", f"{PATH}?nextToken=e30", REFUSED),
    "a filter that is not UTF-8": ("GET", f"{PATH}?serviceAccount=%FF", BAD),
}


@pytest.mark.parametrize("case", PATHS)
def test_a_path(endpoint: Endpoint, case: str) -> None:
    method, path, expected = PATHS[case]
    answer = endpoint.eks(method, path)
    assert (answer.status, answer.code) == expected, answer
    assert bool(answer.body) == (method != "HEAD")


@pytest.mark.parametrize(
    "path", [f"/clusters/%63{CLUSTER[1:]}", f"/clusters/{CLUSTER}/", f"/clusters/{CLUSTER}?unknown=1"]
)
def test_other_spellings_of_a_path(endpoint: Endpoint, path: str) -> None:
    assert endpoint.eks("GET", path).json["cluster"]["name"] == CLUSTER


def test_a_filter_that_nothing_can_match(endpoint: Endpoint) -> None:
    assert endpoint.eks("GET", f"{PATH}?namespace=%00").json == {"associations": []}
    assert endpoint.eks("GET", f"{PATH}?namespace={'a' * 300}").json == {"associations": []}


def test_the_longest_names_there_are(endpoint: Endpoint, role: str) -> None:
    asked: Any = {"namespace": "n" * 63, "serviceAccount": "s" * 253, "roleArn": role}
    made = endpoint.eks("POST", PATH, asked).json["association"]
    assert (made["namespace"], made["serviceAccount"]) == (asked["namespace"], asked["serviceAccount"])
    tags = {"\u041a\u043b\u044e\u0447 \u00e9": "\u00fc", "k" * 128: "v" * 256}
    tagged = endpoint.eks("POST", PATH, asked | {"serviceAccount": "tagged.long", "tags": tags})
    assert tagged.json["association"]["tags"] == tags
