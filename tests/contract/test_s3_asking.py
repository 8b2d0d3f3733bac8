"""What S3 refuses that is wrong in itself: uploads in parts that are not there, tokens that no listing gave, names that cannot be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.handlers import validate_bucket_name
from tests.contract.served import Served

BUCKET = "s3-asking"


@pytest.fixture(scope="module")
def s3(served: Served) -> Any:
    client = served.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="source", Body=b"0123456789")
    return client


def refusal(call: Any, **members: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as raised:
        call(**({"Bucket": BUCKET} | members))
    return raised.value.response["Error"]["Code"], raised.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_an_upload_that_is_not_there(s3: Any) -> None:
    upload: dict[str, Any] = {"Key": "k", "UploadId": "nobody's"}
    parts = {"Parts": [{"PartNumber": 1, "ETag": '"x"'}]}
    for call, more in (
        (s3.upload_part, {"PartNumber": 1, "Body": b"x"}),
        (s3.upload_part_copy, {"PartNumber": 1, "CopySource": f"{BUCKET}/source"}),
        (s3.list_parts, {}),
        (s3.complete_multipart_upload, {"MultipartUpload": parts}),
        (s3.abort_multipart_upload, {}),
    ):
        assert refusal(call, **upload, **more) == ("NoSuchUpload", 404)


def test_an_upload_is_its_own_keys_alone(served: Served, s3: Any) -> None:
    """Who may put one key cannot put another by the upload that somebody else began for it."""
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="theirs")["UploadId"]
    etag = s3.upload_part(Bucket=BUCKET, Key="theirs", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    theirs = served.client(
        "s3", served.user("s3-asking-one", served.allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/mine"))
    )
    told: dict[str, Any] = {"Key": "mine", "UploadId": upload}
    assert refusal(theirs.upload_part, **told, PartNumber=1, Body=b"y") == ("NoSuchUpload", 404)
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    assert refusal(theirs.complete_multipart_upload, **told, MultipartUpload=parts) == ("NoSuchUpload", 404)
    s3.complete_multipart_upload(Bucket=BUCKET, Key="theirs", UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket=BUCKET, Key="theirs")["Body"].read() == b"x"


@pytest.mark.parametrize("number", [0, -1, 10_001])
def test_a_part_that_cannot_be(s3: Any, number: int) -> None:
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="k")["UploadId"]
    told = refusal(s3.upload_part, Key="k", UploadId=upload, PartNumber=number, Body=b"x")
    assert told == ("InvalidArgument", 400)


def test_pages(s3: Any) -> None:
    assert refusal(s3.list_objects_v2, ContinuationToken="nobody's") == ("InvalidArgument", 400)
    assert refusal(s3.list_objects_v2, MaxKeys=-1) == ("InvalidArgument", 400)
    assert s3.list_objects_v2(Bucket=BUCKET, MaxKeys=5000)["MaxKeys"] == 1000


@pytest.mark.parametrize("name", ["Upper", "under_score", "192.168.1.1", "a..b", "-begins", "ends-"])
def test_a_bucket_that_cannot_be(s3: Any, name: str) -> None:
    s3.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    assert refusal(s3.create_bucket, Bucket=name) == ("InvalidBucketName", 400)


def test_a_key_has_1024_bytes_at_most(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="ü" * 512, Body=b"")
    assert refusal(s3.put_object, Key="ü" * 512 + "a", Body=b"") == ("KeyTooLongError", 400)


@pytest.mark.parametrize("source", ["nothing", "/", f"{BUCKET}/"])
def test_a_source_that_is_none(s3: Any, source: str) -> None:
    assert refusal(s3.copy_object, Key="k", CopySource=source)[0] in ("InvalidArgument", "NoSuchBucket")


def test_a_copy_does_not_tell_what_there_is(served: Served, s3: Any) -> None:
    """Who may read objects and not list their bucket is not told which there are, by CopyObject no more than by GetObject."""
    anything, write = f"arn:aws:s3:::{BUCKET}/*", served.allow("s3:PutObject")
    blind = served.client("s3", served.user("s3-asking-blind", served.allow("s3:GetObject", anything), write))
    seeing = served.client("s3", served.user("s3-asking-sees", served.allow(["s3:GetObject", "s3:ListBucket"]), write))
    copy: dict[str, Any] = {"Key": "copied", "CopySource": f"{BUCKET}/nothing"}
    assert refusal(blind.copy_object, **copy) == ("AccessDenied", 403)
    assert refusal(seeing.copy_object, **copy) == ("NoSuchKey", 404)
    part: dict[str, Any] = {"PartNumber": 1, **copy}
    part["UploadId"] = blind.create_multipart_upload(Bucket=BUCKET, Key="copied")["UploadId"]
    assert refusal(blind.upload_part_copy, **part) == ("AccessDenied", 403)


def test_a_copy_on_conditions(s3: Any) -> None:
    etag = s3.head_object(Bucket=BUCKET, Key="source")["ETag"]
    past, future = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
    copy: dict[str, Any] = {"Key": "copy", "CopySource": f"{BUCKET}/source"}
    for wrong in (
        {"CopySourceIfMatch": '"another"'},
        {"CopySourceIfNoneMatch": etag},
        {"CopySourceIfUnmodifiedSince": past},
        {"CopySourceIfModifiedSince": future},
    ):
        assert refusal(s3.copy_object, **copy, **wrong) == ("PreconditionFailed", 412)
    upload: dict[str, Any] = {"Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(Bucket=BUCKET, **upload)["UploadId"]
    wrong_part = {**upload, "CopySource": f"{BUCKET}/source", "CopySourceIfMatch": "x", "PartNumber": 1}
    assert refusal(s3.upload_part_copy, **wrong_part) == ("PreconditionFailed", 412)
    for right in (
        {"CopySourceIfMatch": etag, "CopySourceIfUnmodifiedSince": past},
        {"CopySourceIfUnmodifiedSince": future},
        {"CopySourceIfModifiedSince": past},
    ):
        assert s3.copy_object(Bucket=BUCKET, **copy, **right)["CopyObjectResult"]["ETag"] == etag


@pytest.mark.parametrize("asked", ["bytes", "items=0-1", "bytes=a-b", "bytes=1=2", "bytes=3-1", "0-1"])
def test_a_range_that_is_none_is_passed_over(s3: Any, asked: str) -> None:
    found = s3.get_object(Bucket=BUCKET, Key="source", Range=asked)
    assert (found["ResponseMetadata"]["HTTPStatusCode"], found["Body"].read()) == (200, b"0123456789")


def test_what_a_call_cannot_do_without(s3: Any) -> None:
    assert refusal(s3.put_bucket_lifecycle_configuration) == ("MissingRequestBodyError", 400)
    assert refusal(s3.put_bucket_acl) == ("MissingSecurityHeader", 400)
    assert refusal(s3.put_object_acl, Key="source") == ("MissingSecurityHeader", 400)
    assert refusal(s3.delete_object_tagging, Key="nothing") == ("NoSuchKey", 404)
    assert refusal(s3.restore_object, Key="nothing") == ("NoSuchKey", 404)
    s3.delete_object_tagging(Bucket=BUCKET, Key="source")
    s3.put_object_acl(Bucket=BUCKET, Key="source", ACL="private")
