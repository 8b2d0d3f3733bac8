"""Whatever botocore signs we accept, and what we sign is what botocore would have signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, Problem, SignatureProblem, check, presign, read_claim, sign

LONG = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = Credentials("ASIAEXAMPLE", "another/secret+key", "session/token+with=signs" * 20)

S3_PATHS = (
    "/",
    "/bucket/key",
    "/bucket//a/./b/../c//",
    "/bucket/a%20b/%C3%BC/%2B",
    "/bucket/~tilde-_.",
    "/bucket/star*'(ok)!",
    "/bucket/plus+plus@:$,;=",
    "/bucket/%7Etilde%41",
)
OTHER_PATHS = (
    "",
    "/",
    "/clusters/c1",
    "/clusters/a%20b",
    "/tags/arn%3Aaws%3Aeks%3Aus-east-1%3A1%3Acluster%2Fc1",
    "/a/./b/../c//d/",
    "/..",
    "/a%2Fb/%C3%BC",
    "/~x:y@z",
)
QUERIES = ("", "a=1", "b=2&a=1&a=0", "acl", "prefix=a%2Fb%20c&x=", "k%C3%BC=%7E", "list-type=2&prefix=")


def accept(request: HttpRequest, credentials: Credentials, now: datetime, **options: Any) -> None:
    claim = read_claim(request)
    assert claim is not None
    assert (claim.access_key_id, claim.session_token) == (credentials.access_key_id, credentials.session_token)
    check(claim, request, credentials.secret_access_key, now=now, **options)


@pytest.mark.parametrize("credentials", [LONG, SESSION])
@pytest.mark.parametrize("path", OTHER_PATHS)
@pytest.mark.parametrize("query", QUERIES)
def test_header_form(
    credentials: Credentials, path: str, query: str, botocore_signs: Callable[..., Any], now: datetime
) -> None:
    url = f"http://eks.local:4566{path}" + (f"?{query}" if query else "")
    headers = {"Content-Type": "application/json", "X-Custom": "  two   words ", "User-Agent": "unsigned"}
    request, _ = botocore_signs(
        "SigV4Auth", credentials, "eks", "us-east-1", method="POST", url=url, headers=headers, body=b"{}"
    )
    accept(request, credentials, now)
    if "%7E" in query:
        return  # needlessly encoded: botocore signs it as it is given, we sign it in canonical form
    ours = sign(
        credentials, method="POST", url=url, headers=headers, body=b"{}", service="eks", region="us-east-1", now=now
    )
    assert ours["Authorization"] == request.header("authorization")


@pytest.mark.parametrize("credentials", [LONG, SESSION])
@pytest.mark.parametrize("path", S3_PATHS)
@pytest.mark.parametrize("query", QUERIES)
def test_header_form_of_s3(
    credentials: Credentials, path: str, query: str, botocore_signs: Callable[..., Any], now: datetime
) -> None:
    url = f"http://127.0.0.1:4566{path}" + (f"?{query}" if query else "")
    request, _ = botocore_signs("S3SigV4Auth", credentials, "s3", "eu-west-1", method="PUT", url=url, body=b"data")
    accept(request, credentials, now)
    if "%41" not in path and "%7E" not in query and not any(character in path for character in "*'(+"):
        # botocore signs S3's path as it is given; we sign it in canonical form.
        ours = sign(
            credentials, method="PUT", url=url, headers={}, body=b"data", service="s3", region="eu-west-1", now=now
        )
        assert ours["Authorization"] == request.header("authorization")


@pytest.mark.parametrize("credentials", [LONG, SESSION])
@pytest.mark.parametrize("path", S3_PATHS)
@pytest.mark.parametrize("query", QUERIES[:-3])
def test_presigned_s3(
    credentials: Credentials, path: str, query: str, botocore_signs: Callable[..., Any], now: datetime
) -> None:
    url = f"http://127.0.0.1:4566{path}" + (f"?{query}" if query and "a=0" not in query and query != "acl" else "")
    request, _ = botocore_signs("S3SigV4QueryAuth", credentials, "s3", "us-east-1", url=url, expires=60)
    accept(request, credentials, now)
    accept(request, credentials, now + timedelta(seconds=59))


@pytest.mark.parametrize("credentials", [LONG, SESSION])
def test_presigned_addresses_are_equal(
    credentials: Credentials, botocore_signs: Callable[..., Any], now: datetime
) -> None:
    for service, signer in (("s3", "S3SigV4QueryAuth"), ("sts", "SigV4QueryAuth")):
        url = "https://host.local/a/b%20c?Action=GetCallerIdentity&Version=2011-06-15"
        headers = {"x-k8s-aws-id": "eksdemo1"}
        _, theirs = botocore_signs(signer, credentials, service, "us-east-1", url=url, headers=headers, expires=60)
        ours = presign(
            credentials,
            method="GET",
            url=url,
            service=service,
            region="us-east-1",
            now=now,
            expires=60,
            headers=headers,
        )
        assert ours == theirs


@pytest.mark.parametrize("credentials", [LONG, SESSION])
def test_presigned_sts_as_kubectl_sends_it(
    credentials: Credentials, botocore_signs: Callable[..., Any], now: datetime
) -> None:
    url = "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
    request, _ = botocore_signs(
        "SigV4QueryAuth", credentials, "sts", "us-east-1", url=url, headers={"x-k8s-aws-id": "c"}, expires=60
    )
    accept(request, credentials, now)


@pytest.mark.parametrize("credentials", [LONG, SESSION])
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566/bucket/key",
        "http://127.0.0.1:4566/bucket/a%20b%2Bc",
        "http://127.0.0.1:4566/bucket?acl",
        "http://127.0.0.1:4566/bucket/key?versionId=1%2B2&response-content-type=text%2Fplain&other=x",
        "http://127.0.0.1:4566/bucket/key?uploadId=u&partNumber=1",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_version_2_of_s3(credentials: Credentials, url: str, method: str, botocore_signs: Callable[..., Any]) -> None:
    real_now = datetime.now(UTC)  # this signer of botocore reads the machine's clock
    headers = {"Content-Type": "text/plain", "x-amz-meta-a": "b"} if method == "PUT" else {}
    request, _ = botocore_signs("HmacV1Auth", credentials, method=method, url=url, headers=headers)
    claim = read_claim(request)
    assert claim is not None and claim.version == "v2" and not claim.presigned
    accept(request, credentials, real_now)
    presigned, _ = botocore_signs("HmacV1QueryAuth", credentials, method=method, url=url, headers=headers, expires=60)
    for name, value in headers.items():  # whoever uses the address has to send them
        presigned = HttpRequest(
            method=presigned.method,
            path=presigned.path,
            query=presigned.query,
            headers=(
                *(pair for pair in presigned.headers if pair[0] not in (name.lower(), "date")),
                (name.lower(), value),
            ),
        )
    claim = read_claim(presigned)
    assert claim is not None and claim.version == "v2" and claim.presigned
    accept(presigned, credentials, real_now)
    with pytest.raises(SignatureProblem) as refused:
        accept(presigned, credentials, real_now + timedelta(seconds=61))
    assert refused.value.problem is Problem.EXPIRED


def test_unsigned_payloads_are_s3s_alone(botocore_signs: Callable[..., Any], now: datetime) -> None:
    headers = {"Content-MD5": "x"}
    context = {"has_streaming_input": True, "payload_signing_enabled": False}
    request, _ = botocore_signs(
        "S3SigV4Auth",
        LONG,
        "s3",
        "us-east-1",
        method="PUT",
        url="https://h/b/k",
        headers=headers,
        body=b"x",
        context=context,
    )
    assert request.header("x-amz-content-sha256") == "UNSIGNED-PAYLOAD"
    accept(request, LONG, now)
    other, _ = botocore_signs(
        "SigV4Auth", LONG, "eks", "us-east-1", method="POST", url="https://h/", body=b"x", context=context
    )
    with pytest.raises(SignatureProblem) as refused:
        accept(other, LONG, now)
    assert refused.value.problem is Problem.BODY_MISMATCH
    accept(other, LONG, now, unsigned_payload=True)


def test_a_trailing_checksum_is_read(botocore_signs: Callable[..., Any], now: datetime) -> None:
    from podid.core.sigv4 import ChunkDecoder

    context = {
        "checksum": {"request_algorithm": {"in": "trailer", "algorithm": "crc32", "name": "x-amz-checksum-crc32"}}
    }
    request, _ = botocore_signs(
        "S3SigV4Auth",
        LONG,
        "s3",
        "us-east-1",
        method="PUT",
        url="https://h/b/k",
        headers={"x-amz-decoded-content-length": "5", "x-amz-trailer": "x-amz-checksum-crc32"},
        context=context,
    )
    claim = read_claim(request)
    assert claim is not None and claim.payload_hash == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    check(claim, request, LONG.secret_access_key, now=now)
    decoder = ChunkDecoder(claim, LONG.secret_access_key, decoded_length=5)
    assert decoder.feed(b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n") == b"hello"
    decoder.finish()
    assert decoder.trailers == {"x-amz-checksum-crc32": "NhCmhg=="}


_SEGMENT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda text: text not in (".", "..")
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    segments=st.lists(_SEGMENT, max_size=4),
    pairs=st.dictionaries(_SEGMENT, _SEGMENT, max_size=4),
    body=st.binary(max_size=50),
    value=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
    s3=st.booleans(),
)
def test_any_request_of_botocore_is_accepted_and_no_other(
    segments: list[str],
    pairs: dict[str, str],
    body: bytes,
    value: str,
    s3: bool,
    botocore_signs: Callable[..., Any],
    now: datetime,
) -> None:
    signer, service = ("S3SigV4Auth", "s3") if s3 else ("SigV4Auth", "lambda")
    path = "/" + "/".join(quote(segment, safe="-._~") for segment in segments)
    query = "&".join(f"{quote(name, safe='-._~')}={quote(text, safe='-._~')}" for name, text in pairs.items())
    url = f"http://127.0.0.1:4566{path}" + (f"?{query}" if query else "")
    request, _ = botocore_signs(
        signer, LONG, service, "us-east-1", method="POST", url=url, headers={"x-amz-meta-v": value}, body=body
    )
    accept(request, LONG, now)
    changed = HttpRequest(
        method=request.method, path=request.path + "x", query=request.query, headers=request.headers, body=request.body
    )
    with pytest.raises(SignatureProblem):
        accept(changed, LONG, now)


def test_the_date_header_as_botocore_writes_it(botocore_signs: Callable[..., Any], now: datetime) -> None:
    request, _ = botocore_signs("SigV4Auth", LONG, "eks", "us-east-1", headers={"Date": "replaced"})
    assert request.header("x-amz-date") is None and request.header("date") is not None
    accept(request, LONG, now)


def test_a_digest_in_the_query_as_the_javascript_sdk_puts_it(botocore_signs: Callable[..., Any], now: datetime) -> None:
    url = "http://h/b/k?X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"
    request, _ = botocore_signs("S3SigV4QueryAuth", LONG, "s3", "us-east-1", method="PUT", url=url, expires=60)
    claim = read_claim(request)
    assert claim is not None and claim.payload_hash == "UNSIGNED-PAYLOAD"
    accept(request, LONG, now)
