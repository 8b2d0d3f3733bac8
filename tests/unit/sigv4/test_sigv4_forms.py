"""Signatures of forms, sessions' tokens by service, and canonical encoding against the standard library's."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, Problem, SignatureProblem, check, presign, read_claim, sign
from podid.core.sigv4.canonical import reencode
from podid.core.sigv4.post_policy import PolicyFailure, check_form, check_form_signature, read_form_claim
from podid.core.sigv4.scope import signing_mac

NOW = datetime(2026, 3, 4, 5, 6, 7, 500_000, tzinfo=UTC)
KEY = Credentials("AKIDEXAMPLE", "secret")
SESSION = Credentials("ASIAEXAMPLE", "secret", "the/token+=")


@given(st.text("aZ0-._~%2345678BCDEF/+ \xff=&", max_size=30))
@example("%7F")
@example("%41")
@example("%2f")
@example("%%41")
@example("%2")
def test_canonical_encoding(text: str) -> None:
    assert reencode(text) == quote(unquote_to_bytes(text.encode("latin-1")), safe="-._~")


def asked(service: str, credentials: Credentials, headers: dict[str, str], method: str = "GET") -> HttpRequest:
    made = sign(
        credentials,
        method=method,
        url="http://h/b/k",
        headers=headers,
        body=b"",
        service=service,
        region="r-1",
        now=NOW,
    )
    pairs = tuple((name.lower(), value) for name, value in made.items() if name.lower() != "host")
    return HttpRequest(method=method, path="/b/k", headers=(("host", "h"), *pairs))


def problem(request: HttpRequest, *, now: datetime = NOW) -> Problem | None:
    try:
        claim = read_claim(request)
        assert claim is not None
        check(claim, request, "secret", now=now)
    except SignatureProblem as error:
        return error.problem
    return None


@pytest.mark.parametrize("service", ["s3", "eks"])
def test_a_token_that_was_not_signed(service: str) -> None:
    """S3 wants every x-amz- header signed; with others the token may be added to what is signed already."""
    with_token = asked(service, SESSION, {})
    assert problem(with_token) is None
    bare = asked(service, KEY, {})
    late = HttpRequest(method="GET", path="/b/k", headers=(*bare.headers, ("x-amz-security-token", "t")))
    assert problem(late) is (Problem.UNSIGNED_HEADERS if service == "s3" else None)


def test_a_token_beside_a_presigned_address_counts_for_nothing() -> None:
    url = presign(SESSION, method="GET", url="http://h/b/k", service="s3", region="r-1", now=NOW, expires=60)
    query = url.partition("?")[2]
    request = HttpRequest(method="GET", path="/b/k", query=query, headers=(("host", "h"),))
    claim = read_claim(request)
    assert claim is not None
    assert claim.session_token == SESSION.session_token
    assert problem(request) is None
    beside = HttpRequest(
        method="GET", path="/b/k", query=query, headers=(("host", "h"), ("x-amz-security-token", "other"))
    )
    assert problem(beside) is Problem.UNSIGNED_HEADERS


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-901, Problem.SKEWED), (-900, None), (900, None), (900.999, None), (901, Problem.SKEWED)],
)
def test_the_window_has_whole_seconds(seconds: float, expected: Problem | None) -> None:
    at = NOW.replace(microsecond=0) + timedelta(seconds=seconds)
    assert problem(asked("eks", KEY, {}), now=at) is expected


@pytest.mark.parametrize("day", ["20260303", "20260305"])
def test_another_day_than_the_dates(day: str) -> None:
    request = asked("eks", KEY, {})
    headers = tuple((name, value.replace("20260304/", f"{day}/")) for name, value in request.headers)
    assert problem(HttpRequest(method="GET", path="/b/k", headers=headers)) is Problem.SCOPE


POLICY = base64.b64encode(b"{}").decode()
SCOPE = "AKIDEXAMPLE/20260304/us-east-1/s3/aws4_request"
FIELDS = {
    "policy": POLICY,
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": SCOPE,
    "x-amz-date": "20260304T050607Z",
    "x-amz-signature": signing_mac("secret", "20260304", "us-east-1", "s3")(POLICY.encode()).hex(),
}
VERSION_2 = {
    "policy": POLICY,
    "awsaccesskeyid": "AKIDEXAMPLE",
    "signature": base64.b64encode(hmac.digest(b"secret", POLICY.encode(), "sha1")).decode(),
}


@pytest.mark.parametrize("fields", [FIELDS, VERSION_2])
def test_a_signed_form(fields: dict[str, str]) -> None:
    claim = read_form_claim(fields)
    assert claim is not None
    assert claim.access_key_id == "AKIDEXAMPLE"
    check_form_signature(claim, POLICY, "secret")
    for policy, secret in ((POLICY, "other"), (POLICY + " ", "secret"), ("", "secret")):
        with pytest.raises(SignatureProblem) as refused:
            check_form_signature(claim, policy, secret)
        assert refused.value.problem is Problem.MISMATCH


def test_a_form_without_a_policy_is_no_claim() -> None:
    assert read_form_claim({"key": "x"}) is None


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"x-amz-date": ""}, Problem.MISSING_PARTS),
        ({"x-amz-date": "20260305T050607Z"}, Problem.MALFORMED),
        ({"x-amz-date": "today"}, Problem.MALFORMED),
        ({"x-amz-credential": "AKIDEXAMPLE"}, Problem.MALFORMED),
        ({"x-amz-credential": SCOPE.replace("aws4_request", "aws4")}, Problem.SCOPE),
        ({"x-amz-algorithm": "AWS4-ECDSA-P256-SHA256"}, Problem.UNSUPPORTED_ALGORITHM),
    ],
)
def test_a_form_that_is_not_signed_as_it_should(changed: dict[str, str], expected: Problem) -> None:
    with pytest.raises(SignatureProblem) as refused:
        read_form_claim({**FIELDS, **changed})
    assert refused.value.problem is expected


@pytest.mark.parametrize(
    "text", ["2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-03-05T25:00:00Z", "0000-01-01T00:00:00Z", "soon"]
)
def test_a_policy_that_ends_on_no_day(text: str) -> None:
    policy = base64.b64encode(json.dumps({"expiration": text, "conditions": []}).encode()).decode()
    with pytest.raises(PolicyFailure, match="Invalid 'expiration' value"):
        check_form(policy, {}, bucket="b", now=NOW)
