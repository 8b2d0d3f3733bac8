"""S3 in its own words: errors, presigned URLs of both versions, bodies it was not told of."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from urllib.parse import quote

import pytest
from tests.conformance.endpoint import ACCOUNT, Endpoint, Key


@pytest.fixture(scope="module")
def bucket(endpoint: Endpoint) -> str:
    """A bucket with one object, `a key` of three bytes."""
    s3 = endpoint.client("s3")
    s3.create_bucket(Bucket="conformance-bucket")
    s3.put_object(Bucket="conformance-bucket", Key="a key", Body=b"abc")
    return "conformance-bucket"


S3: dict[str, tuple[str, str, int, str]] = {
    "no such bucket": ("GET", "/no-such-bucket-here", 404, "NoSuchBucket"),
    "no such key": ("GET", "/conformance-bucket/none", 404, "NoSuchKey"),
    "a bad continuation": ("GET", "/conformance-bucket?list-type=3", 400, "InvalidArgument"),
}


@pytest.mark.parametrize("case", ["no such bucket", "no such key"])
def test_an_error_of_s3(endpoint: Endpoint, bucket: str, case: str) -> None:
    method, path, status, code = S3[case]
    answer = endpoint.call("s3", method, path)
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.headers["content-type"] == "application/xml"
    assert re.search(rb"<Error>\s*<Code>", answer.body), "no ErrorResponse around it"
    assert b"<RequestId>" in answer.body
    assert b"<HostId>" in answer.body
    assert "x-amz-id-2" in answer.headers


def test_s3_denies_in_its_own_words(endpoint: Endpoint, powerless: Key, bucket: str) -> None:
    answer = endpoint.call("s3", "GET", "/", key=powerless)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.text == (
        f"User: arn:aws:iam::{ACCOUNT}:user/powerless is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )
    answer = endpoint.call("s3", "GET", f"/{bucket}/a%20key", key=powerless)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert f'on resource: "arn:aws:s3:::{bucket}/a key" because' in answer.text.replace("&quot;", '"')


def test_nobody_reads_a_private_bucket(endpoint: Endpoint, bucket: str) -> None:
    answer = endpoint.send("GET", f"/{bucket}/a%20key")
    assert (answer.status, answer.code) == (403, "AccessDenied")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("operation", ["get_object", "put_object", "head_object"])
def test_presigned_urls(endpoint: Endpoint, bucket: str, version: str, operation: str) -> None:
    client = endpoint.client("s3", signature_version=version)
    key = "a key" if operation != "put_object" else f"put {version}"
    url = client.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
    assert ("X-Amz-Algorithm" in url) == (version == "s3v4")
    method = {"get_object": "GET", "put_object": "PUT", "head_object": "HEAD"}[operation]
    answer = endpoint.get(url, method, b"xyz" if method == "PUT" else b"")
    assert answer.status == 200, answer
    if method == "GET":
        assert answer.body == b"abc"
    assert endpoint.get(url, "DELETE").status == 403, "for that method alone"
    assert endpoint.get(url.replace("a%20key", "b%20key").replace("put%20", "pot%20"), method).status in (403, 404)


def version_2(endpoint: Endpoint, bucket: str, expires: int, secret: str = "") -> str:
    key = endpoint.administrator
    text = f"GET\n\n\n{expires}\n/{bucket}/a%20key"
    mac = hmac.new((secret or key.secret).encode(), text.encode(), hashlib.sha1).digest()
    signature = quote(base64.b64encode(mac).decode(), safe="")
    return f"{endpoint.url}/{bucket}/a%20key?AWSAccessKeyId={key.id}&Signature={signature}&Expires={expires}"


def test_version_2_by_hand(endpoint: Endpoint, bucket: str) -> None:
    soon = int(time.time()) + 60
    assert endpoint.get(version_2(endpoint, bucket, soon)).body == b"abc"
    past = endpoint.get(version_2(endpoint, bucket, soon - 120))
    assert (past.status, past.code, past.text) == (403, "AccessDenied", "Request has expired")
    wrong = endpoint.get(version_2(endpoint, bucket, soon, "x" * 40))
    assert (wrong.status, wrong.code) == (403, "SignatureDoesNotMatch")
    unknown = endpoint.get(version_2(endpoint, bucket, soon).replace(endpoint.administrator.id, "AKIAIOSFODNN7EXAMPLE"))
    assert (unknown.status, unknown.code) == (403, "InvalidAccessKeyId")


def test_version_2_opens_nothing_but_s3(endpoint: Endpoint) -> None:
    key = endpoint.administrator
    headers = {"Authorization": f"AWS {key.id}:c2lnbmF0dXJl", "Host": "eks.us-east-1.amazonaws.com"}
    assert endpoint.send("GET", "/clusters", headers=headers).status in (400, 403, 404)


def test_a_presigned_url_ends(endpoint: Endpoint, bucket: str) -> None:
    client = endpoint.client("s3", signature_version="s3v4")
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a key"}, ExpiresIn=1)
    time.sleep(max(0.0, 2.1 - time.time() % 1))  # past the whole second that it lasts
    answer = endpoint.get(url)
    assert (answer.status, answer.code, answer.text) == (403, "AccessDenied", "Request has expired")
    longer = re.sub("X-Amz-Expires=1&", "X-Amz-Expires=600&", url)
    assert endpoint.get(longer).code == "SignatureDoesNotMatch"
    assert (
        endpoint.get(re.sub("X-Amz-Expires=1&", "X-Amz-Expires=604801&", url)).code
        == "AuthorizationQueryParametersError"
    )


def test_presigned_urls_of_other_services(endpoint: Endpoint) -> None:
    url = endpoint.client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    answer = endpoint.get(url)
    assert answer.status == 200
    assert b"user/admin</Arn>" in answer.body


def test_a_body_that_s3_was_not_told_of(endpoint: Endpoint, bucket: str) -> None:
    headers = endpoint.signed("s3", "PUT", f"/{bucket}/x", b"abc")
    answer = endpoint.send("PUT", f"/{bucket}/x", b"abd", headers)
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")


@pytest.mark.parametrize("word", ["x", "0" * 63, "g" * 64, "unsigned-payload", "STREAMING"])
def test_a_digest_that_is_none(endpoint: Endpoint, bucket: str, word: str) -> None:
    headers = endpoint.signed("s3", "PUT", f"/{bucket}/x", b"abc")
    named = next(name for name in headers if name.lower() == "x-amz-content-sha256")
    answer = endpoint.send("PUT", f"/{bucket}/x", b"abc", {**headers, named: word})
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert b"x-amz-content-sha256 must be" in answer.body
