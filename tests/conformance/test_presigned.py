"""Presigned addresses at their edges, as S3 and as the others refuse them; SigV4A."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.conformance.endpoint import CLUSTER, REGION, Answer, Endpoint

PATHS = {"s3": "/", "eks": f"/clusters/{CLUSTER}"}
QUERY_ERROR = ("AuthorizationQueryParametersError", 400)
INCOMPLETE = ("IncompleteSignatureException", 403)
MISMATCH = {"s3": ("SignatureDoesNotMatch", 403), "eks": ("InvalidSignatureException", 403)}


def presigned(endpoint: Endpoint, service: str, expires: object = 60) -> str:
    key = endpoint.administrator
    request = AWSRequest(method="GET", url=endpoint.url + PATHS[service])
    kind = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
    kind(Credentials(key.id, key.secret), service, REGION, expires=expires).add_auth(request)
    return str(request.url)


def told(answer: Answer) -> tuple[str, int]:
    return answer.code, answer.status


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize("expires", [5, 60, 604_800])
def test_an_address_that_lasts(endpoint: Endpoint, service: str, expires: int) -> None:
    assert endpoint.get(presigned(endpoint, service, expires)).status == 200


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize("expires", [604_801, -1, "x", "1e3", "60s", ""])
def test_a_lifetime_that_is_none(endpoint: Endpoint, service: str, expires: object) -> None:
    answer = endpoint.get(presigned(endpoint, service, expires))
    assert told(answer) == (QUERY_ERROR if service == "s3" else INCOMPLETE), answer


@pytest.mark.parametrize(
    ("service", "expected"), [("s3", ("AccessDenied", 403)), ("eks", ("InvalidSignatureException", 403))]
)
def test_no_lifetime_at_all_is_over_at_once(endpoint: Endpoint, service: str, expected: tuple[str, int]) -> None:
    assert told(endpoint.get(presigned(endpoint, service, 0))) == expected


SPOILT: dict[str, Callable[[str], str]] = {
    "a longer life": lambda url: url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
    "a parameter more": lambda url: f"{url}&list-type=2",
    "a truncated signature": lambda url: url[:-1],
    "a token more": lambda url: f"{url}&X-Amz-Security-Token=x",
}


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize("case", SPOILT)
def test_a_changed_address(endpoint: Endpoint, service: str, case: str) -> None:
    answer = endpoint.get(SPOILT[case](presigned(endpoint, service)))
    if case == "a token more":
        assert answer.status in (400, 403)
    else:
        assert told(answer) == MISMATCH[service], answer


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize("name", ["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders"])
def test_a_parameter_that_is_missing_or_twice_there(endpoint: Endpoint, service: str, name: str) -> None:
    url = presigned(endpoint, service)
    start = url.index(f"{name}=")
    part = url[start:].partition("&")[0]
    expected = QUERY_ERROR if service == "s3" else INCOMPLETE
    assert told(endpoint.get(f"{url}&{part}")) == expected
    without = url.replace(f"&{part}", "").replace(f"?{part}&", "?")
    assert told(endpoint.get(without))[1] in (400, 403)


@pytest.mark.parametrize("service", PATHS)
def test_version_4a_is_refused_by_name(endpoint: Endpoint, service: str) -> None:
    url = presigned(endpoint, service).replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")
    answer = endpoint.get(url)
    assert answer.status in (400, 403)
    assert b"SigV4A" in answer.body


def test_an_acting_header_that_was_not_signed(endpoint: Endpoint) -> None:
    answer = endpoint.get(presigned(endpoint, "s3"), headers={"x-amz-acl": "public-read"})
    assert told(answer) == ("AccessDenied", 403)
    assert "not signed" in answer.text
