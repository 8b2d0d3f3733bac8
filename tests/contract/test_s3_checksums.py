"""Checksums of objects: compared with what came, told as AWS tells them, of wholes and of parts."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from awscrt import checksums  # type: ignore[import-untyped]
from botocore.exceptions import ClientError
from tests.contract.served import Served

BUCKET = "s3-checksums"
BODY = b"0123456789" * 20_000
PART = b"p" * (5 << 20)


def encoded(algorithm: str, data: bytes) -> str:
    digests: dict[str, Callable[[], bytes]] = {
        "CRC32": lambda: zlib.crc32(data).to_bytes(4, "big"),
        "CRC32C": lambda: checksums.crc32c(data).to_bytes(4, "big"),
        "CRC64NVME": lambda: checksums.crc64nvme(data).to_bytes(8, "big"),
        "SHA1": lambda: hashlib.sha1(data, usedforsecurity=False).digest(),
        "SHA256": lambda: hashlib.sha256(data).digest(),
    }
    return base64.b64encode(digests[algorithm]()).decode()


ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]


@pytest.fixture(scope="module")
def s3(served: Served) -> Any:
    required: dict[str, Any] = {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    s3 = served.client("s3", **required)
    s3.create_bucket(Bucket=BUCKET)
    return s3


def refused(call: Any, **asked: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as raised:
        call(**asked)
    told = raised.value.response
    return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Message"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("body", [b"", b"abc", BODY])
def test_a_checksum_is_compared_kept_and_told(s3: Any, algorithm: str, body: bytes) -> None:
    member, key = f"Checksum{algorithm}", f"{algorithm}-{len(body)}"
    told = s3.put_object(Bucket=BUCKET, Key=key, Body=body, **{member: encoded(algorithm, body)})
    assert (told[member], told["ChecksumType"]) == (encoded(algorithm, body), "FULL_OBJECT")
    for read in (s3.get_object, s3.head_object):
        found = read(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
        assert (found[member], found["ChecksumType"]) == (encoded(algorithm, body), "FULL_OBJECT")
        assert member not in read(Bucket=BUCKET, Key=key)
    attributes = s3.get_object_attributes(Bucket=BUCKET, Key=key, ObjectAttributes=["Checksum"])
    assert attributes["Checksum"][member] == encoded(algorithm, body)
    code, status, text = refused(
        s3.put_object, Bucket=BUCKET, Key="no", Body=body, **{member: encoded(algorithm, body + b"x")}
    )
    assert (code, status) == ("BadDigest", 400)
    assert text == f"The {algorithm} you specified did not match the calculated checksum."
    header = f"x-amz-checksum-{algorithm.lower()}"
    for wrong in ("nonsense", "AAAA", encoded(algorithm, body)[:-1] + "!"):
        code, status, text = refused(s3.put_object, Bucket=BUCKET, Key="no", Body=body, **{member: wrong})
        assert (code, status, text) == ("InvalidRequest", 400, f"Value for {header} header is invalid.")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_that_follows_its_body(served: Served, s3: Any, algorithm: str) -> None:
    """As boto3 sends it: in chunks, with a trailer."""
    told = s3.put_object(Bucket=BUCKET, Key="trailed", Body=BODY, ChecksumAlgorithm=algorithm)
    assert told[f"Checksum{algorithm}"] == encoded(algorithm, BODY)


def test_without_a_checksum_s3_makes_its_own(served: Served, s3: Any) -> None:
    told = s3.put_object(Bucket=BUCKET, Key="none", Body=BODY)
    assert told["ChecksumCRC64NVME"] == encoded("CRC64NVME", BODY)
    by_default = served.client("s3").put_object(Bucket=BUCKET, Key="default", Body=BODY)
    assert by_default["ChecksumCRC32"] == encoded("CRC32", BODY)
    assert "x-amz-sdk-checksum-algorithm" not in by_default["ResponseMetadata"]["HTTPHeaders"]


def test_a_range_has_no_checksum(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="range", Body=BODY, ChecksumAlgorithm="CRC32")
    found = s3.get_object(Bucket=BUCKET, Key="range", Range="bytes=5-9", ChecksumMode="ENABLED")
    assert (found["Body"].read(), found["ContentRange"]) == (BODY[5:10], f"bytes 5-9/{len(BODY)}")
    assert "ChecksumCRC32" not in found


def test_two_checksums_are_one_too_many(s3: Any) -> None:
    both = {"ChecksumCRC32": encoded("CRC32", b"x"), "ChecksumSHA1": encoded("SHA1", b"x")}
    assert refused(s3.put_object, Bucket=BUCKET, Key="two", Body=b"x", **both)[:2] == ("InvalidRequest", 400)


def test_what_is_signed_is_what_comes(s3: Any) -> None:
    """A body beyond what is collected: refused at its end, and nothing is stored."""
    md5 = base64.b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
    assert s3.put_object(Bucket=BUCKET, Key="md5", Body=BODY, ContentMD5=md5)["ETag"]
    other = base64.b64encode(hashlib.md5(b"", usedforsecurity=False).digest()).decode()
    assert refused(s3.put_object, Bucket=BUCKET, Key="md5no", Body=BODY, ContentMD5=other)[:2] == ("BadDigest", 400)
    assert refused(s3.head_object, Bucket=BUCKET, Key="md5no")[:2] == ("404", 404)


def upload(
    s3: Any, key: str, parts: list[bytes], *, of_part: str = "", **begun: Any
) -> tuple[str, list[dict[str, Any]]]:
    made = s3.create_multipart_upload(Bucket=BUCKET, Key=key, **begun)["UploadId"]
    listed = []
    for number, part in enumerate(parts, 1):
        more = {f"Checksum{of_part}": encoded(of_part, part)} if of_part else {}
        told = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=made, PartNumber=number, Body=part, **more)
        listed.append({"PartNumber": number, "ETag": told["ETag"]})
        if of_part:
            assert told[f"Checksum{of_part}"] == encoded(of_part, part)
            listed[-1][f"Checksum{of_part}"] = encoded(of_part, part)
    return made, listed


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("CRC64NVME", "FULL_OBJECT"), ("SHA256", "COMPOSITE"), ("", "")],
)
def test_parts_make_a_whole(s3: Any, algorithm: str, kind: str) -> None:
    key, parts = f"parts-{algorithm}-{kind}", [PART, b"tail"]
    begun = {"ChecksumAlgorithm": algorithm, "ChecksumType": kind} if algorithm else {}
    made, listed = upload(s3, key, parts, of_part=algorithm, **begun)
    told = s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=made, MultipartUpload={"Parts": listed})
    name, kind = algorithm or "CRC64NVME", kind or "FULL_OBJECT"
    expected = encoded(name, b"".join(parts))
    if kind == "COMPOSITE":
        expected = encoded(name, b"".join(base64.b64decode(encoded(name, part)) for part in parts)) + "-2"
    assert (told[f"Checksum{name}"], told["ChecksumType"]) == (expected, kind)
    for read in (s3.get_object, s3.head_object):
        found = read(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
        assert (found[f"Checksum{name}"], found["ChecksumType"]) == (expected, kind)
    assert found["ETag"] == told["ETag"]
    whole = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert whole == b"".join(parts)
    second = s3.get_object(Bucket=BUCKET, Key=key, PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (parts[1], 2)
    assert second["ContentRange"] == f"bytes {len(PART)}-{len(whole) - 1}/{len(whole)}"
    assert s3.head_object(Bucket=BUCKET, Key=key, PartNumber=2)["ContentLength"] == len(parts[1])
    assert refused(s3.get_object, Bucket=BUCKET, Key=key, PartNumber=3)[1] == 416
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": key})
    copied = s3.get_object(Bucket=BUCKET, Key="copy", ChecksumMode="ENABLED")
    assert copied["Body"].read() == whole
    assert copied[f"Checksum{name}"] == encoded(name, whole)
    assert copied["ETag"] == f'"{hashlib.md5(whole, usedforsecurity=False).hexdigest()}"'


def test_parts_that_do_not_fit(s3: Any) -> None:
    made, listed = upload(s3, "misfit", [b"x"], of_part="SHA256", ChecksumAlgorithm="SHA256")
    asked = {"Bucket": BUCKET, "Key": "misfit", "UploadId": made}
    more = {"PartNumber": 2, "Body": b"y", "ChecksumCRC32": encoded("CRC32", b"y")}
    code, status, text = refused(s3.upload_part, **asked, **more)
    assert (code, status) == ("InvalidRequest", 400)
    assert "expected checksum Type: sha256, actual checksum Type: crc32" in text
    wrong = [{**listed[0], "ChecksumSHA256": encoded("SHA256", b"z")}]
    assert refused(s3.complete_multipart_upload, **asked, MultipartUpload={"Parts": wrong})[:2] == ("InvalidPart", 400)
    sized = refused(s3.complete_multipart_upload, **asked, MultipartUpload={"Parts": listed}, MpuObjectSize=9)
    assert sized[:2] == ("InvalidRequest", 400)
    summed = refused(
        s3.complete_multipart_upload,
        **asked,
        MultipartUpload={"Parts": listed},
        ChecksumSHA256=encoded("SHA256", b"z"),
    )
    assert summed[:2] == ("BadDigest", 400)
    assert s3.complete_multipart_upload(**asked, MultipartUpload={"Parts": listed})["ETag"]
    kinds = {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}
    assert refused(s3.create_multipart_upload, Bucket=BUCKET, Key="k", **kinds)[0] == "InvalidRequest"


def test_parts_out_of_other_objects(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="source", Body=PART + BODY)
    made = s3.create_multipart_upload(Bucket=BUCKET, Key="pasted")["UploadId"]
    asked = {"Bucket": BUCKET, "Key": "pasted", "UploadId": made, "CopySource": f"{BUCKET}/source"}
    ranges = [f"bytes=0-{len(PART) - 1}", f"bytes={len(PART)}-{len(PART) + 9}"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part_copy(**asked, PartNumber=number, CopySourceRange=each)["CopyPartResult"]["ETag"],
        }
        for number, each in enumerate(ranges, 1)
    ]
    for wrong in (f"bytes=0-{len(PART) + len(BODY)}", "bytes=9-5", "bytes=5-"):
        assert refused(s3.upload_part_copy, **asked, PartNumber=3, CopySourceRange=wrong)[:2] == (
            "InvalidArgument",
            400,
        )
    s3.complete_multipart_upload(Bucket=BUCKET, Key="pasted", UploadId=made, MultipartUpload={"Parts": parts})
    s3.delete_object(Bucket=BUCKET, Key="source")
    assert s3.get_object(Bucket=BUCKET, Key="pasted")["Body"].read() == PART + BODY[:10]


def test_other_bodies_are_compared_too(s3: Any) -> None:
    delete = {"Objects": [{"Key": "none"}]}
    md5 = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()

    def spoil(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["Content-MD5"] = md5

    s3.meta.events.register("before-call.s3.DeleteObjects", spoil)
    try:
        assert refused(s3.delete_objects, Bucket=BUCKET, Delete=delete)[:2] == ("BadDigest", 400)
    finally:
        s3.meta.events.unregister("before-call.s3.DeleteObjects", spoil)
    assert s3.delete_objects(Bucket=BUCKET, Delete=delete, ChecksumAlgorithm="CRC32C")["Deleted"]


def test_an_object_of_five_gibibytes_is_the_largest(served: Served) -> None:
    s3 = served.client("s3", signature_version="s3v4")
    url = s3.generate_presigned_url("put_object", {"Bucket": BUCKET, "Key": "huge"})
    import http.client
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.putrequest("PUT", f"{parts.path}?{parts.query}")
    connection.putheader("Content-Length", str(5 * 1024**3 + 1))
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 400
    assert b"<Code>EntityTooLarge</Code>" in body
    assert b"<MaxSizeAllowed>5368709120</MaxSizeAllowed>" in body
