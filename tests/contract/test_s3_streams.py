"""Objects larger than what is held in memory: in pieces, slowly, cut short, in ranges, while they are deleted."""

from __future__ import annotations

import hashlib
import os
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

from podid.core.clock import system_clock
from podid.core.sigv4 import Credentials, sign

BUCKET = "s3-streams"
LARGE = os.urandom(1 << 20) * 12


@pytest.fixture(scope="module")
def s3(served: Served) -> Any:
    s3 = served.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="large", Body=LARGE)
    return s3


def head_of(served: Served, method: str, path: str, who: Credentials | None = None, **headers: str) -> bytes:
    """A signed head, for a bare socket."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    length = named.pop("Content-Length", None)
    signed = sign(
        who or served.administrator,
        method=method,
        url=f"{served.url}{path}",
        headers={"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD", **named},
        body=b"",
        service="s3",
        region="us-east-1",
        now=system_clock(),
    )
    signed = {name: value for name, value in signed.items() if name.lower() != "host"}
    signed |= {"Host": urlsplit(served.url).netloc} | ({"Content-Length": length} if length else {})
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in signed.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def connected(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), timeout=20)


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(65536).split(b" ", 2)[1])


def test_there_and_back(s3: Any) -> None:
    found = s3.get_object(Bucket=BUCKET, Key="large")
    assert found["ContentLength"] == len(LARGE)
    assert found["Body"].read() == LARGE
    assert found["ETag"] == f'"{hashlib.md5(LARGE, usedforsecurity=False).hexdigest()}"'


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [("0-0", 0, 1), ("5-1048580", 5, 1048581), ("3145727-", 3145727, None), ("-1048577", -1048577, None)],
)
def test_ranges(s3: Any, asked: str, begin: int, end: int | None) -> None:
    found = s3.get_object(Bucket=BUCKET, Key="large", Range=f"bytes={asked}")
    assert found["Body"].read() == LARGE[begin:end]
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.head_object(Bucket=BUCKET, Key="large", Range=f"bytes={asked}")["ContentLength"] == len(LARGE[begin:end])


def test_a_range_beyond_the_end(s3: Any) -> None:
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket=BUCKET, Key="large", Range=f"bytes={len(LARGE)}-")


def test_an_object_may_be_deleted_while_it_is_read(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="gone", Body=LARGE)
    body = s3.get_object(Bucket=BUCKET, Key="gone")["Body"]
    first = body.read(10)
    s3.delete_object(Bucket=BUCKET, Key="gone")
    assert first + body.read() == LARGE


def test_slow_clients_hold_up_nobody(served: Served, s3: Any) -> None:
    """As many as there are threads, and more, each with a part of a body sent or of an answer read."""
    links = [connected(served) for _ in range(40)]
    try:
        for number, link in enumerate(links):
            if number % 2:
                link.sendall(
                    head_of(served, "PUT", f"/{BUCKET}/slow-{number}", Content_Length="2000000") + b"x" * 100_000
                )
            else:
                link.sendall(head_of(served, "GET", f"/{BUCKET}/large"))
        assert s3.head_object(Bucket=BUCKET, Key="large")["ContentLength"] == len(LARGE)
        links[1].sendall(b"x" * 1_900_000)
        assert status_of(links[1]) == 200
    finally:
        for link in links:
            link.close()
    assert s3.head_object(Bucket=BUCKET, Key="slow-1")["ContentLength"] == 2_000_000


def test_an_upload_that_is_cut_short_is_nothing(served: Served, s3: Any) -> None:
    with connected(served) as link:
        link.sendall(head_of(served, "PUT", f"/{BUCKET}/cut", Content_Length="2000000") + b"x" * 1_500_000)
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=BUCKET, Key="cut")


def test_a_spoilt_chunk_is_refused_before_the_rest_is_sent(served: Served, s3: Any) -> None:
    length = 50_000_000
    head = head_of(
        served,
        "PUT",
        f"/{BUCKET}/spoilt",
        X_Amz_Content_Sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        X_Amz_Decoded_Content_Length=str(length),
        Content_Encoding="aws-chunked",
        Content_Length=str(length + 10_000),
    )
    chunk = b"%x;chunk-signature=" % 300_000 + b"0" * 64 + b"\r\n" + b"x" * 300_000 + b"\r\n"
    with connected(served) as link:
        link.sendall(head + chunk)
        assert status_of(link) == 403


@pytest.mark.parametrize(("key", "code"), [("mine/x", 100), ("theirs/x", 403)])
def test_who_may_not_put_is_told_before_the_body(served: Served, s3: Any, key: str, code: int) -> None:
    name = f"s3-streams-{code}"
    who = served.user(name, served.allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/mine/*"))
    head = head_of(served, "PUT", f"/{BUCKET}/{key}", who, Content_Length="9000000")
    with connected(served) as link:
        link.sendall(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert status_of(link) == code


def test_a_wrong_digest_of_a_large_body(served: Served, s3: Any) -> None:
    sha256 = hashlib.sha256(b"other").hexdigest()
    head = head_of(served, "PUT", f"/{BUCKET}/digest", X_Amz_Content_Sha256=sha256, Content_Length="200000")
    with connected(served) as link:
        link.sendall(head + b"x" * 200_000)
        answer = link.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"<Code>XAmzContentSHA256Mismatch</Code>" in answer


def test_an_upload_in_http_chunks(served: Served, s3: Any) -> None:
    """S3 wants to know the length; podid takes what comes, up to S3's largest."""
    body = b"".join(b"%x\r\n" % 100_000 + b"y" * 100_000 + b"\r\n" for _ in range(20)) + b"0\r\n\r\n"
    head = head_of(served, "PUT", f"/{BUCKET}/unsaid").replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    with connected(served) as link:
        link.sendall(head + body)
        assert status_of(link) == 200
    assert s3.head_object(Bucket=BUCKET, Key="unsaid")["ContentLength"] == 2_000_000


def test_other_services_of_moto_read_large_objects(served: Served, s3: Any) -> None:
    """Lambda takes its code out of a bucket: bytes, wherever they lie."""
    import io
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return event")
        archive.writestr("noise", os.urandom(2 << 20))
    s3.put_object(Bucket=BUCKET, Key="code.zip", Body=made.getvalue())
    trust = served.document(
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = served.client("iam").create_role(RoleName="s3-streams", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    told = served.client("lambda").create_function(
        FunctionName="streams",
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Code={"S3Bucket": BUCKET, "S3Key": "code.zip"},
    )
    assert told["CodeSize"] == len(made.getvalue())
