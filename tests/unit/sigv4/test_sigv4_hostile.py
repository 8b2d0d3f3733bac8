"""Signatures that must not pass, and with which problem."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from podid.core.http import HttpRequest
from podid.core.sigv4 import (
    WINDOW,
    Credentials,
    Problem,
    SignatureProblem,
    check,
    presign,
    read_claim,
    sign,
)
from podid.core.sigv4.claim import MAX_AUTHORIZATION

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
URL = "http://127.0.0.1:4566/clusters/c1"


def signed(
    service: str = "eks", *, method: str = "POST", body: bytes = b"{}", now: datetime = NOW, **headers: str
) -> HttpRequest:
    given_ = {name.replace("_", "-"): value for name, value in headers.items()}
    made = sign(KEY, method=method, url=URL, headers=given_, body=body, service=service, region="us-east-1", now=now)
    pairs = (*((name.lower(), value) for name, value in made.items()), ("host", "127.0.0.1:4566"))
    return HttpRequest(method=method, path="/clusters/c1", headers=pairs, body=body)


def with_header(request: HttpRequest, name: str, value: str | None) -> HttpRequest:
    pairs = [pair for pair in request.headers if pair[0] != name]
    return replace(request, headers=(*pairs, *([] if value is None else [(name, value)])))


def problem(
    request: HttpRequest, *, now: datetime = NOW, secret: str = KEY.secret_access_key, **options: Any
) -> Problem | None:
    try:
        claim = read_claim(request)
        assert claim is not None
        check(claim, request, secret, now=now, **options)
    except SignatureProblem as refused:
        assert KEY.secret_access_key not in refused.public + refused.private
        return refused.problem
    return None


def authorization(request: HttpRequest, old: str, new: str) -> HttpRequest:
    text = request.header("authorization")
    assert text is not None and old in text
    return with_header(request, "authorization", text.replace(old, new))


def test_the_request_itself_passes() -> None:
    assert problem(signed()) is None


def test_what_nobody_signed_is_no_claim() -> None:
    assert read_claim(HttpRequest(method="GET", path="/", query="prefix=Signature&Expires=1&Signature=x")) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda request: replace(request, method="PUT"), Problem.MISMATCH),
        (lambda request: replace(request, path="/clusters/c2"), Problem.MISMATCH),
        (lambda request: replace(request, query="a=1"), Problem.MISMATCH),
        (lambda request: replace(request, body=b"{ }"), Problem.MISMATCH),
        (lambda request: with_header(request, "host", "other"), Problem.MISMATCH),
        (lambda request: with_header(request, "host", None), Problem.MALFORMED),
        (lambda request: with_header(request, "x-amz-date", "20260304T050608Z"), Problem.MISMATCH),
        (lambda request: with_header(request, "x-amz-date", "20260305T050607Z"), Problem.SCOPE),
        (lambda request: with_header(request, "x-amz-date", None), Problem.MISSING_PARTS),
        (lambda request: with_header(request, "x-amz-date", "2026-03-04T05:06:07Z"), Problem.MALFORMED),
        (lambda request: with_header(request, "x-amz-date", "٢0260304T050607Z"), Problem.MALFORMED),
        (lambda request: with_header(request, "x-amz-target", "added"), Problem.UNSIGNED_HEADERS),
        (lambda request: with_header(request, "x-amz-content-sha256", "0" * 64), Problem.BODY_MISMATCH),
        (lambda request: with_header(request, "x-amz-content-sha256", "UNSIGNED-PAYLOAD"), Problem.BODY_MISMATCH),
        (
            lambda request: with_header(request, "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            Problem.BODY_MISMATCH,
        ),
        (lambda request: authorization(request, "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA1 "), Problem.UNSUPPORTED_ALGORITHM),
        (
            lambda request: authorization(request, "AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 "),
            Problem.UNSUPPORTED_ALGORITHM,
        ),
        (lambda request: authorization(request, "AWS4-HMAC-SHA256 ", "Bearer "), Problem.UNSUPPORTED_ALGORITHM),
        (lambda request: authorization(request, "us-east-1", "us-west-2"), Problem.MISMATCH),
        (lambda request: authorization(request, "/eks/", "/iam/"), Problem.MISMATCH),
        (lambda request: authorization(request, "/eks/", "/s3/"), Problem.NO_DIGEST),
        (lambda request: authorization(request, "aws4_request", "aws5_request"), Problem.SCOPE),
        (lambda request: authorization(request, "us-east-1/eks", "eks/us-east-1"), Problem.MISMATCH),
        (lambda request: authorization(request, "20260304/us-east-1", "us-east-1/20260304"), Problem.SCOPE),
        (lambda request: authorization(request, "/us-east-1/", "//"), Problem.SCOPE),
        (lambda request: authorization(request, "/us-east-1/", "/"), Problem.MALFORMED),
        (lambda request: authorization(request, "/us-east-1/", "/a/b/"), Problem.MALFORMED),
        (lambda request: authorization(request, "AKIDEXAMPLE", ""), Problem.MALFORMED),
        (lambda request: authorization(request, "AKIDEXAMPLE", "A\xe4"), Problem.MALFORMED),
        (lambda request: authorization(request, "AKIDEXAMPLE", "A" * 129), Problem.MALFORMED),
        (lambda request: authorization(request, "host;", ""), Problem.MALFORMED),
        (lambda request: authorization(request, "host;x-amz-date", "host"), Problem.MALFORMED),
        (lambda request: authorization(request, "host;x-amz-date", "x-amz-date;host"), Problem.MALFORMED),
        (lambda request: authorization(request, "host;x-amz-date", "host;host;x-amz-date"), Problem.MALFORMED),
        (lambda request: authorization(request, "host;x-amz-date", "Host;x-amz-date"), Problem.MALFORMED),
        (lambda request: authorization(request, "host;x-amz-date", "host;;x-amz-date"), Problem.MALFORMED),
        (lambda request: authorization(request, "host;x-amz-date", "host;nothing;x-amz-date"), Problem.MISMATCH),
        (lambda request: authorization(request, "SignedHeaders=", "Credential="), Problem.MALFORMED),
        (lambda request: authorization(request, "SignedHeaders=", "Signed="), Problem.MISSING_PARTS),
        (lambda request: authorization(request, ", ", " "), Problem.MISSING_PARTS),
        (lambda request: with_header(request, "authorization", "AWS4-HMAC-SHA256"), Problem.MALFORMED),
        (
            lambda request: with_header(request, "authorization", "AWS4-HMAC-SHA256 " + "a" * MAX_AUTHORIZATION),
            Problem.MALFORMED,
        ),
        (lambda request: with_header(request, "authorization", ""), Problem.UNSUPPORTED_ALGORITHM),
        (lambda request: replace(request, query="X-Amz-Signature=1"), Problem.MALFORMED),
        (lambda request: replace(request, query="X-Amz-Algorithm=AWS4-HMAC-SHA256"), Problem.MALFORMED),
    ],
)
def test_a_changed_request_is_refused(change: Any, expected: Problem) -> None:
    assert problem(change(signed())) is expected


@pytest.mark.parametrize(
    "name",
    [
        "host",
        "authorization",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "content-type",
        "content-length",
    ],
)
def test_a_header_that_matters_may_not_come_twice(name: str) -> None:
    request = signed(Content_Type="a", X_Amz_Security_Token="t", X_Amz_Content_SHA256="0" * 64, Content_Length="2")
    twice = replace(request, headers=(*request.headers, (name, request.header(name) or "")))
    assert problem(twice) is Problem.MALFORMED


def test_another_secret_is_a_mismatch() -> None:
    assert problem(signed(), secret="other") is Problem.MISMATCH


def signature_of(request: HttpRequest) -> str:
    return (request.header("authorization") or "").rpartition("Signature=")[2]


@pytest.mark.parametrize(
    "mac",
    [
        lambda mac: mac[:-1],
        lambda mac: mac[:8],
        lambda mac: mac + "0",
        lambda mac: mac.upper(),
        lambda mac: " " + mac,
        lambda mac: mac + "\xff",
        lambda mac: mac[:-1] + "\u0660",
    ],
)
def test_only_the_whole_mac_counts(mac: Any) -> None:
    request = signed()
    while signature_of(request).isdigit():  # so that upper case differs
        request = signed(body=request.body + b" ")
    given_ = signature_of(request)
    assert problem(authorization(request, f"Signature={given_}", f"Signature={mac(given_)}")) is Problem.MISMATCH


def test_an_empty_mac_is_missing() -> None:
    request = signed()
    assert problem(authorization(request, signature_of(request), "")) is Problem.MISSING_PARTS


@pytest.mark.parametrize("sign_", [-1, 1])
def test_the_window_is_closed_at_its_edges(sign_: int) -> None:
    request = signed()
    within = timedelta(milliseconds=999) if sign_ > 0 else timedelta()
    assert problem(request, now=NOW + sign_ * WINDOW + within) is None
    assert problem(request, now=NOW + sign_ * (WINDOW + timedelta(seconds=1))) is Problem.SKEWED


def test_texts_of_skew_are_aws_own() -> None:
    request = signed()
    claim = read_claim(request)
    assert claim is not None
    with pytest.raises(SignatureProblem) as refused:
        check(claim, request, KEY.secret_access_key, now=NOW + timedelta(minutes=16))
    assert refused.value.public == (
        "Signature expired: 20260304T050607Z is now earlier than 20260304T050707Z (20260304T052207Z - 15 min.)"
    )
    with pytest.raises(SignatureProblem, match=r"^Signature not yet current: 20260304T050607Z is still later than"):
        check(claim, request, KEY.secret_access_key, now=NOW - timedelta(minutes=16))


def test_a_date_header_will_do_if_it_is_signed() -> None:
    made = sign(
        KEY,
        method="GET",
        url=URL,
        headers={"Date": "Wed, 04 Mar 2026 05:06:07 GMT"},
        body=b"",
        service="eks",
        region="us-east-1",
        now=NOW,
    )
    request = HttpRequest(
        method="GET",
        path="/clusters/c1",
        headers=(*((n.lower(), v) for n, v in made.items()), ("host", "127.0.0.1:4566")),
    )
    assert problem(request) is None
    # x-amz-date goes before: with it gone the signature is over other headers
    assert problem(with_header(request, "x-amz-date", None)) is Problem.MISMATCH


def test_headers_may_be_joined_and_padded_on_the_way() -> None:
    request = signed(X_Amz_Meta_A="one,two   words")
    spread = with_header(request, "x-amz-meta-a", None)
    spread = replace(spread, headers=(*spread.headers, ("x-amz-meta-a", " one "), ("x-amz-meta-a", "two words ")))
    assert problem(spread) is None


def test_header_bytes_are_signed_as_they_are() -> None:
    request = signed(X_Amz_Meta_A="\xc3\xbc")  # UTF-8, as latin-1 text
    assert problem(request) is None
    assert problem(with_header(request, "x-amz-meta-a", "\xfc")) is Problem.MISMATCH


def test_a_body_hashed_elsewhere_is_believed() -> None:
    request = signed()
    import hashlib

    digest = hashlib.sha256(request.body).hexdigest()
    assert problem(replace(request, body=b""), body_sha256=digest) is None
    assert problem(replace(request, body=b""), body_sha256="0" * 64) is Problem.MISMATCH


def presigned(service: str = "s3", *, expires: int = 60, token: str = "", method: str = "GET") -> HttpRequest:
    url = presign(
        Credentials(KEY.access_key_id, KEY.secret_access_key, token),
        method=method,
        url=URL,
        service=service,
        region="us-east-1",
        now=NOW,
        expires=expires,
    )
    return HttpRequest(
        method=method, path="/clusters/c1", query=url.partition("?")[2], headers=(("host", "127.0.0.1:4566"),)
    )


def asking(request: HttpRequest, old: str, new: str) -> HttpRequest:
    assert old in request.query
    return replace(request, query=request.query.replace(old, new))


def test_a_presigned_request_lasts_as_long_as_it_says() -> None:
    request = presigned(expires=60)
    assert problem(request, now=NOW + timedelta(seconds=59, microseconds=999_999)) is None
    assert problem(request, now=NOW + timedelta(seconds=60)) is Problem.EXPIRED
    assert problem(request, now=NOW - WINDOW) is None
    assert problem(request, now=NOW - WINDOW - timedelta(seconds=1)) is Problem.EXPIRED
    assert problem(presigned(expires=604_800), now=NOW + timedelta(days=6, hours=23)) is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=61", Problem.MISMATCH),
        ("X-Amz-Expires=60", "X-Amz-Expires=0", Problem.EXPIRED),
        ("X-Amz-Expires=60", "X-Amz-Expires=--1", Problem.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=", Problem.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=1e3", Problem.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=%D9%A1", Problem.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1", Problem.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801", Problem.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=6%30a", Problem.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=600", Problem.MALFORMED),
        ("X-Amz-Expires=60&", "", Problem.MISSING_PARTS),
        ("X-Amz-Date=20260304T050607Z", "X-Amz-Date=20260304T050608Z", Problem.MISMATCH),
        ("X-Amz-Date=20260304T050607Z", "X-Amz-Date=20260305T050607Z", Problem.SCOPE),
        ("X-Amz-Date=20260304T050607Z", "X-Amz-Date=yesterday", Problem.MALFORMED),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256", Problem.UNSUPPORTED_ALGORITHM),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", Problem.UNSUPPORTED_ALGORITHM),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=date", Problem.MALFORMED),
        ("X-Amz-Signature=", "X-Amz-Signature=&x=", Problem.MISSING_PARTS),
        ("X-Amz-Algorithm", "acl&X-Amz-Algorithm", Problem.MISMATCH),
        ("X-Amz-Algorithm", "X-Amz-Security-Token=t&X-Amz-Algorithm", Problem.MISMATCH),
    ],
)
def test_a_changed_address_is_refused(old: str, new: str, expected: Problem) -> None:
    assert problem(asking(presigned(), old, new)) is expected


def test_a_presigned_address_takes_no_headers_that_act() -> None:
    request = presigned(method="PUT")
    assert problem(with_header(request, "content-type", "text/plain")) is None
    assert problem(with_header(request, "x-amz-user-agent", "rust")) is None
    assert problem(with_header(request, "x-amz-acl", "public-read")) is Problem.UNSIGNED_HEADERS
    assert problem(with_header(request, "x-amz-copy-source", "/secret/key")) is Problem.UNSIGNED_HEADERS


def test_the_body_of_a_presigned_request_is_free_in_s3_only() -> None:
    assert problem(replace(presigned(method="PUT"), body=b"anything")) is None
    assert problem(presigned("sts")) is None
    assert problem(replace(presigned("sts"), body=b"anything")) is Problem.MISMATCH


def test_presigning_has_limits_too() -> None:
    for expires in (0, -1, 604_801):
        with pytest.raises(ValueError, match="expected 1 to 604800"):
            presigned(expires=expires)


def version2(query: str = "", **headers: str) -> HttpRequest:
    pairs = tuple((name.replace("_", "-").lower(), value) for name, value in headers.items())
    return HttpRequest(method="GET", path="/bucket/key", query=query, headers=(("host", "h"), *pairs))


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (version2("AWSAccessKeyId=AK&Signature=s"), Problem.MISSING_PARTS),
        (version2("AWSAccessKeyId=AK&Expires=1"), Problem.MISSING_PARTS),
        (version2("AWSAccessKeyId=A%2FK&Expires=1&Signature=s"), Problem.MALFORMED),
        (version2("AWSAccessKeyId=AK&Expires=soon&Signature=s"), Problem.MALFORMED),
        (version2("AWSAccessKeyId=AK&Expires=1&Signature=s"), Problem.EXPIRED),
        (version2("AWSAccessKeyId=AK&Expires=1&Expires=99999999999&Signature=s"), Problem.MALFORMED),
        (version2("AWSAccessKeyId=AK&Expires=9999999999&Signature=s"), Problem.MISMATCH),
        (version2("AWSAccessKeyId=AK&Expires=9999999999&Signature=s&encryption"), Problem.UNSUPPORTED_ALGORITHM),
        (version2("AWSAccessKeyId=AK&Expires=9999999999&Signature=s&%65ncryption="), Problem.UNSUPPORTED_ALGORITHM),
        (version2("AWSAccessKeyId=AK&SignatureVersion=2&Signature=s&Expires=1"), Problem.UNSUPPORTED_ALGORITHM),
        (version2(Authorization="AWS AK"), Problem.MALFORMED),
        (version2(Authorization="AWS AK:"), Problem.MALFORMED),
        (version2(Authorization="AWS AK:s"), Problem.MISSING_PARTS),
        (version2(Authorization="AWS AK:s", Date="never"), Problem.MALFORMED),
        (version2(Authorization="AWS AK:s", Date="Wed, 04 Mar 2026 05:06:07 GMT"), Problem.MISMATCH),
        (version2(Authorization="AWS AK:s", Date="Wed, 04 Mar 2026 05:22:07 GMT"), Problem.SKEWED),
        (version2("AWSAccessKeyId=AK&Expires=9999999999&Signature=s", Authorization="AWS AK:s"), Problem.MALFORMED),
    ],
)
def test_version_2_that_does_not_hold(request_: HttpRequest, expected: Problem) -> None:
    assert problem(request_) is expected


_TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=80)


@given(authorization=_TEXT, date=_TEXT, query=_TEXT, scheme=st.sampled_from(["", "AWS4-HMAC-SHA256 ", "AWS "]))
def test_noise_is_no_claim_or_a_problem(authorization: str, date: str, query: str, scheme: str) -> None:
    headers = (("host", "h"), ("authorization", scheme + authorization), ("x-amz-date", date))
    for request in (
        HttpRequest(method="GET", path="/", query="", headers=headers),
        HttpRequest(method="GET", path="/", query=f"X-Amz-Signature={query}", headers=headers[:1]),
        HttpRequest(
            method="GET", path="/", query=f"AWSAccessKeyId=A&Expires=99999999999&Signature={query}", headers=headers[:1]
        ),
        HttpRequest(method="GET", path="/", query=query, headers=headers[:1]),
    ):
        try:
            claim = read_claim(request)
            if claim is not None:
                check(claim, request, "secret", now=NOW)
        except SignatureProblem:
            continue
        assert claim is None
