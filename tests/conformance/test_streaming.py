"""S3 uploads whose body is signed chunk by chunk, with trailers or without; and paths and queries as S3 and as the others sign them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from datetime import UTC, datetime

import pytest
from tests.conformance.endpoint import CLUSTER, Answer, Endpoint, Key
from tests.conformance.signer import Signing

SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER = (
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
)
EMPTY = hashlib.sha256(b"").hexdigest()
BUCKET = "conformance-chunks"
DATA = b"0123456789" * 10_000
CRC = base64.b64encode(zlib.crc32(DATA).to_bytes(4, "big")).decode()


@pytest.fixture(scope="module")
def bucket(endpoint: Endpoint) -> str:
    endpoint.client("s3").create_bucket(Bucket=BUCKET)
    return BUCKET


class Upload:
    """An upload in chunks of 64 KiB, of which parts can be spoiled."""

    def __init__(self, kind: str, key: str, *, spoil: str = "", crc: str = CRC) -> None:
        self.kind, self.key, self.spoil, self.crc = kind, key, spoil, crc
        self.at = datetime.now(UTC)

    def send(self, endpoint: Endpoint) -> Answer:
        key, host = endpoint.administrator, f"127.0.0.1:{endpoint.port}"
        length = len(DATA) + (1 if self.spoil == "length" else 0)
        headers = [
            ("content-encoding", "aws-chunked"),
            ("x-amz-content-sha256", self.kind),
            ("x-amz-decoded-content-length", str(length)),
        ]
        if self.kind != SIGNED:
            headers.append(("x-amz-trailer", "x-amz-checksum-crc32"))
        signing = Signing(
            method="PUT",
            path=f"/{BUCKET}/{self.key}",
            headers=tuple(headers),
            service="s3",
            signed_at=self.at,
            content_hash=self.kind,
        )
        value, _ = signing.authorization(key, host)
        body = self._body(key, value.rpartition("Signature=")[2])
        head = signing.message(key, host, also=f"content-length: {len(body)}\r\n".encode())
        return endpoint.talk(head + body)

    def _body(self, key: Key, seed: str) -> bytes:
        pieces, previous = [], seed
        chunks = [DATA[start : start + 65536] for start in range(0, len(DATA), 65536)] + [b""]
        for number, chunk in enumerate(chunks):
            extension = ""
            if self.kind != UNSIGNED_TRAILER:
                previous = self._sign(key, "PAYLOAD", previous, f"{EMPTY}\n{hashlib.sha256(chunk).hexdigest()}")
                told = "0" * 64 if self.spoil == "signature" and number == 1 else previous
                extension = f";chunk-signature={told}"
            if self.spoil == "data" and number == 0:
                chunk = b"X" + chunk[1:]
            if self.spoil == "end" and not chunk:
                break
            pieces.append(f"{len(chunk):x}{extension}\r\n".encode() + chunk + (b"\r\n" if chunk else b""))
        if self.spoil == "swap":
            pieces[0], pieces[1] = pieces[1], pieces[0]
        if self.kind == SIGNED:
            return b"".join(pieces) + (b"\r\n" if self.spoil != "end" else b"")
        trailer = f"x-amz-checksum-crc32:{self.crc}"
        pieces.append(f"{trailer}\r\n".encode())
        if self.kind == SIGNED_TRAILER:
            digest = hashlib.sha256(f"{trailer}\n".encode()).hexdigest()
            signature = self._sign(key, "TRAILER", previous, digest)
            told = "0" * 64 if self.spoil == "trailer" else signature
            pieces.append(f"x-amz-trailer-signature:{told}\r\n".encode())
        return b"".join(pieces) + b"\r\n"

    def _sign(self, key: Key, what: str, previous: str, rest: str) -> str:
        day = self.at.strftime("%Y%m%d")
        scope = f"{day}/us-east-1/s3/aws4_request"
        text = "\n".join([f"AWS4-HMAC-SHA256-{what}", self.at.strftime("%Y%m%dT%H%M%SZ"), scope, previous, rest])
        secret = f"AWS4{key.secret}".encode()
        for part in scope.split("/"):
            secret = hmac.digest(secret, part.encode(), "sha256")
        return hmac.new(secret, text.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("kind", [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER])
def test_an_upload_in_chunks(endpoint: Endpoint, bucket: str, kind: str) -> None:
    answer = Upload(kind, f"good-{kind}").send(endpoint)
    assert answer.status == 200, answer
    told = endpoint.client("s3").get_object(Bucket=bucket, Key=f"good-{kind}")
    assert told["Body"].read() == DATA
    assert "aws-chunked" not in told.get("ContentEncoding", "")


SPOILED = {
    "a wrong chunk signature": (SIGNED, "signature", CRC, ("SignatureDoesNotMatch",)),
    "other data": (SIGNED, "data", CRC, ("SignatureDoesNotMatch",)),
    "chunks in another order": (SIGNED, "swap", CRC, ("SignatureDoesNotMatch",)),
    "no last chunk": (SIGNED, "end", CRC, ("IncompleteBody",)),
    "a wrong decoded length": (SIGNED, "length", CRC, ("IncompleteBody",)),
    "a wrong trailer signature": (SIGNED_TRAILER, "trailer", CRC, ("SignatureDoesNotMatch",)),
    "other data before a trailer": (SIGNED_TRAILER, "data", CRC, ("SignatureDoesNotMatch",)),
    "a wrong checksum": (UNSIGNED_TRAILER, "", "AAAAAA==", ("BadDigest", "InvalidRequest")),
    "unsigned data other than its checksum": (UNSIGNED_TRAILER, "data", CRC, ("BadDigest", "InvalidRequest")),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_spoiled_upload(endpoint: Endpoint, bucket: str, case: str) -> None:
    kind, spoil, crc, codes = SPOILED[case]
    key = "spoiled-" + case.replace(" ", "-")
    answer = Upload(kind, key, spoil=spoil, crc=crc).send(endpoint)
    assert answer.status in (400, 403), answer
    assert answer.code in codes, answer
    assert endpoint.call("s3", "HEAD", f"/{bucket}/{key}").status == 404, "nothing was stored"


def test_no_other_service_takes_chunks(endpoint: Endpoint) -> None:
    signing = Signing(path=f"/clusters/{CLUSTER}", headers=(("x-amz-content-sha256", SIGNED),), content_hash=SIGNED)
    answer = endpoint.talk(signing.message(endpoint.administrator, f"127.0.0.1:{endpoint.port}"))
    assert (answer.status, answer.code) == (403, "InvalidSignatureException")


def test_no_other_service_takes_unsigned_bodies(endpoint: Endpoint) -> None:
    word = "UNSIGNED-PAYLOAD"
    signing = Signing(
        method="POST",
        service="dynamodb",
        body=b"{}",
        headers=(
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-content-sha256", word),
            ("x-amz-target", "DynamoDB_20120810.ListTables"),
        ),
        content_hash=word,
    )
    answer = endpoint.talk(signing.message(endpoint.administrator, f"127.0.0.1:{endpoint.port}"))
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")


KEYS = [
    "plain",
    "a b",
    "a+b",
    "a%2Fb",
    "ü/ß",
    "a//b",
    "./x",
    "a/../b",
    "a?b&c=d",
    "'()*!",
    "x" * 1000,
    "日本",
    "~.-_",
    "%25",
]


@pytest.mark.parametrize("key", KEYS)
def test_any_key_of_s3(endpoint: Endpoint, bucket: str, key: str) -> None:
    s3 = endpoint.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
    assert key in [each["Key"] for each in listed]
    s3.delete_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize("path", [f"//clusters//{CLUSTER}", f"/./clusters/x/../{CLUSTER}", f"/clusters/{CLUSTER}/"])
def test_others_normalise_their_paths(endpoint: Endpoint, path: str) -> None:
    """botocore signs the normalised path and sends the one it was given: the signature holds, whatever there is at that path."""
    answer = endpoint.call("eks", "GET", path)
    assert answer.code not in ("InvalidSignatureException", "IncompleteSignatureException"), answer


@pytest.mark.parametrize("query", ["a=&b", "a=b&a=a&A=c", "a=%20%2B%2F", "%C3%BC=1", "a=b=c"])
@pytest.mark.parametrize("service", ["eks", "s3"])
def test_queries_of_any_form(endpoint: Endpoint, service: str, query: str) -> None:
    answer = endpoint.call(service, "GET", f"/?{query}" if service == "s3" else f"/clusters?{query}")
    assert answer.status == 200, answer
