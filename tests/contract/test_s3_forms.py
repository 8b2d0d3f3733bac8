"""Browsers' uploads to S3: boto3's presigned posts end to end, and forms that are not what their policy allows."""

from __future__ import annotations

import base64
import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.contract.served import Served

BUCKET = "s3-forms"
BOUNDARY = "----podid7MA4YWxkTrZu0gW"


@pytest.fixture(scope="module", autouse=True)
def bucket(served: Served) -> str:
    served.client("s3").create_bucket(Bucket=BUCKET)
    return BUCKET


def form(fields: dict[str, str], data: bytes, *, file: str = "up.txt", after: str = "") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file}"\r\nContent-Type: text/x\r\n\r\n'
    return "".join([*parts, head]).encode() + data + f"\r\n{after}--{BOUNDARY}--\r\n".encode()


def post(served: Served, body: bytes, bucket: str = BUCKET) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)
    try:
        connection.request("POST", f"/{bucket}", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def code(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], answer[2].partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


def presigned(served: Served, key: str, version: str = "s3v4", **more: Any) -> dict[str, str]:
    s3 = served.client("s3", signature_version=version)
    return dict(s3.generate_presigned_post(BUCKET, key, **more)["fields"])


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("size", [5, 3_000_000])
def test_a_presigned_post_of_either_version(served: Served, version: str, size: int) -> None:
    key, data = f"{version}-{size}", (b"\r\n--x" * size)[:size]
    answer = post(served, form(presigned(served, key, version), data))
    assert (answer[0], answer[2]) == (204, b"")
    found = served.client("s3").get_object(Bucket=BUCKET, Key=key)
    assert found["Body"].read() == data
    assert answer[1]["etag"] == found["ETag"]
    assert found["ContentType"] == "text/x"


def test_fields_become_what_they_say(served: Served) -> None:
    more = {"x-amz-meta-who": "ö", "Content-Type": "image/x", "success_action_status": "201", "acl": "private"}
    fields = presigned(served, "in/${filename}", Fields=more, Conditions=[{k: v} for k, v in more.items()])
    answer = post(served, form(fields, b"data", file="C:\\dir\\photo.jpg", after=f"--{BOUNDARY}\r\nx"))
    assert answer[0] == 201, answer
    assert b"<Key>in/photo.jpg</Key>" in answer[2]
    found = served.client("s3").head_object(Bucket=BUCKET, Key="in/photo.jpg")
    assert found["ContentType"] == "image/x"
    assert "who" in found["Metadata"]


def test_a_browser_is_sent_where_the_form_says(served: Served) -> None:
    more = {"success_action_redirect": "https://example.com/done?x=1"}
    fields = presigned(served, "away", Fields=more, Conditions=[more])
    status, headers, _ = post(served, form(fields, b"d"))
    assert status == 303
    assert headers["location"].startswith(f"https://example.com/done?x=1&bucket={BUCKET}&key=away&etag=%22")


def spoilt(fields: dict[str, str], **changed: str | None) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in {**fields, **named}.items() if value is not None}


def test_forms_that_are_refused(served: Served) -> None:
    fields = presigned(served, "no", Conditions=[["content-length-range", 2, 10]])
    signature = fields["x-amz-signature"]
    other = base64.b64encode(base64.b64decode(fields["policy"]).replace(b"no", b"on")).decode()
    for changed, expected in (
        ({"x_amz_signature": signature[:-1] + ("0" if signature[-1] != "0" else "1")}, (403, "SignatureDoesNotMatch")),
        ({"x_amz_signature": signature.upper()}, (403, "SignatureDoesNotMatch")),
        ({"policy": other}, (403, "SignatureDoesNotMatch")),
        ({"key": "other"}, (403, "AccessDenied")),
        ({"x_amz_meta_more": "x"}, (403, "AccessDenied")),
        ({"x_amz_algorithm": "AWS4-ECDSA-P256-SHA256"}, (400, "InvalidRequest")),
        ({"x_amz_credential": "AKIA/x"}, (400, "AuthorizationQueryParametersError")),
        ({"x_amz_date": None}, (400, "AuthorizationQueryParametersError")),
        ({"policy": None}, (403, "AccessDenied")),
        ({"key": None}, (400, "InvalidArgument")),
    ):
        assert code(post(served, form(spoilt(fields, **changed), b"data"))) == expected, changed
    assert code(post(served, form(fields, b"x"))) == (400, "EntityTooSmall")
    assert code(post(served, form(fields, b"x" * 11))) == (400, "EntityTooLarge")
    assert code(post(served, form({"x": "y" * 30_000, **fields}, b"data"))) == (400, "MaxPostPreDataLengthExceeded")
    assert code(post(served, form(fields, b"data")[:-20])) == (400, "MalformedPOSTRequest")
    assert code(post(served, form(fields, b"data"), "s3-no-such-bucket")) == (403, "AccessDenied")
    assert post(served, form({"x-ignore-me": "y", **fields}, b"data"))[0] == 204


def test_a_policy_ends(served: Served) -> None:
    fields = presigned(served, "late")
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert policy["expiration"] > datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = presigned(served, "late", ExpiresIn=-int(timedelta(minutes=5).total_seconds()))
    answer = post(served, form(ended, b"data"))
    assert code(answer) == (403, "AccessDenied")
    assert b"Policy expired" in answer[2]


def test_the_signer_must_be_allowed_to_put(served: Served) -> None:
    reader = served.user("s3-form-reader", served.allow("s3:GetObject"))
    s3 = served.client("s3", reader, signature_version="s3v4")
    fields = dict(s3.generate_presigned_post(BUCKET, "mine")["fields"])
    answer = post(served, form(fields, b"data"))
    assert code(answer) == (403, "AccessDenied")
    assert b"s3:PutObject" in answer[2]


def test_a_form_without_a_policy_is_nobodys(served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="s3-open-form")
    fields = {"key": "anybody"}
    assert code(post(served, form(fields, b"data"), "s3-open-form")) == (403, "AccessDenied")
    statement = served.allow("s3:PutObject", "arn:aws:s3:::s3-open-form/*", Principal="*")
    s3.put_bucket_policy(Bucket="s3-open-form", Policy=served.document(statement))
    assert post(served, form(fields, b"data"), "s3-open-form")[0] == 204
    assert s3.get_object(Bucket="s3-open-form", Key="anybody")["Body"].read() == b"data"
