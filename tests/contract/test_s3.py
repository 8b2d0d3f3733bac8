"""S3 behind the endpoint: objects, signatures in every form, bucket policies, anonymous callers."""

from __future__ import annotations

import http.client
import json
import urllib.parse
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

from podid.core.clock import system_clock
from podid.core.sigv4 import sign


def get(
    url: str, method: str = "GET", data: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, method=method, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def code_of(call: Any, *args: Any, **kwargs: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as raised:
        call(*args, **kwargs)
    response = raised.value.response
    return (
        response["Error"]["Code"],
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"].get("Message", ""),
    )


@pytest.fixture(scope="module")
def bucket(served: Served) -> Any:
    served.client("s3").create_bucket(Bucket="s3-tests")
    return "s3-tests"


@pytest.mark.parametrize("key", ["a", "a b+c&d=e?f#g%h", "ü/ö//..//.", "x/../y", "~!*'()", "%2F", "trailing/"])
def test_any_key_goes_there_and_back(served: Served, bucket: str, key: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"some": "thing"}, ContentType="text/x-test")
    found = s3.get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == key.encode()
    assert found["Metadata"] == {"some": "thing"}
    assert found["ContentType"] == "text/x-test"
    assert key in [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(key.encode())


def test_a_form_is_an_object_like_any_other(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    s3.put_object(
        Bucket=bucket, Key="form", Body=b"Action=DeleteBucket&key=x", ContentType="application/x-www-form-urlencoded"
    )
    assert s3.get_object(Bucket=bucket, Key="form")["Body"].read() == b"Action=DeleteBucket&key=x"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256", "SHA1"])
def test_uploads_in_chunks_with_trailing_checksums(served: Served, bucket: str, algorithm: str) -> None:
    s3 = served.client("s3")
    body = b"0123456789" * 30_000
    s3.put_object(Bucket=bucket, Key="chunked", Body=body, ChecksumAlgorithm=algorithm)
    found = s3.get_object(Bucket=bucket, Key="chunked", ChecksumMode="ENABLED")
    assert found["Body"].read() == body
    assert "ContentEncoding" not in found
    assert found[f"Checksum{algorithm}"]


def test_uploads_in_parts(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    pieces = [b"a" * (5 << 20), b"b" * 10]
    parts = [
        {
            "PartNumber": n,
            "ETag": s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=n, Body=p)["ETag"],
        }
        for n, p in enumerate(pieces, 1)
    ]
    assert len(s3.list_parts(Bucket=bucket, Key="parts", UploadId=upload)["Parts"]) == 2
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    assert (
        s3.get_object(Bucket=bucket, Key="parts", Range=f"bytes={(5 << 20) - 2}-")["Body"].read() == b"aa" + b"b" * 10
    )


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_addresses_of_both_versions(served: Served, bucket: str, version: str) -> None:
    s3 = served.client("s3", signature_version=version)
    key = f"presigned {version}/ü"
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": key, "ContentType": "text/plain"})
    assert get(put, "PUT", b"hello", {"Content-Type": "text/plain"})[0] == 200
    fetch = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key, "ResponseContentType": "text/x-y"})
    status, headers, body = get(fetch)
    assert (status, body, headers["content-type"]) == (200, b"hello", "text/x-y")
    status, _, body = get(fetch.replace("presigned", "presigneD", 1))
    assert status == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in body


def test_a_presigned_address_ends(served: Served, bucket: str) -> None:
    s3 = served.client("s3", signature_version="s3v4")
    url = s3.generate_presigned_url("list_objects_v2", {"Bucket": bucket}, ExpiresIn=60)
    earlier = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["X-Amz-Date"][0]
    status, _, body = get(url.replace(earlier, "20200101T000000Z").replace(earlier[:8], "20200101"))
    assert status == 403
    assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in body


def test_wrong_keys_in_the_words_of_s3(served: Served, bucket: str) -> None:
    from podid.core.sigv4 import Credentials

    stranger = served.client("s3", Credentials("AKIAIOSFODNN7EXAMPLE", "x"))
    assert code_of(stranger.list_buckets)[:2] == ("InvalidAccessKeyId", 403)
    forger = served.client("s3", Credentials(served.administrator.access_key_id, "x"))
    assert code_of(forger.list_buckets)[:2] == ("SignatureDoesNotMatch", 403)
    bad_token = served.client("s3", Credentials("ASIAIOSFODNN7EXAMPLE", "x", "token"))
    assert code_of(bad_token.list_buckets)[:2] == ("InvalidToken", 400)


def test_a_missing_bucket_is_told_to_anyone(served: Served) -> None:
    assert code_of(served.client("s3").get_object, Bucket="not-there", Key="k")[:2] == ("NoSuchBucket", 404)
    status, headers, body = get(f"{served.url}/not-there/k")
    assert status == 404
    assert b"<Code>NoSuchBucket</Code>" in body
    assert b"<BucketName>not-there</BucketName>" in body
    assert headers["x-amz-request-id"].encode() in body


def test_a_missing_object_is_told_to_who_may_list(served: Served, bucket: str) -> None:
    may_list = served.user("s3-lister", served.allow(["s3:GetObject", "s3:ListBucket"]))
    may_not = served.user("s3-getter", served.allow("s3:GetObject"))
    assert code_of(served.client("s3", may_list).get_object, Bucket=bucket, Key="nope")[:2] == ("NoSuchKey", 404)
    code, status, text = code_of(served.client("s3", may_not).get_object, Bucket=bucket, Key="nope")
    assert (code, status) == ("AccessDenied", 403)
    assert 'perform: s3:ListBucket on resource: "arn:aws:s3:::s3-tests"' in text
    assert code_of(served.client("s3", may_not).head_object, Bucket=bucket, Key="nope")[:2] == ("403", 403)


def test_nobody_gets_in_until_a_policy_says_so(served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="s3-public")
    s3.put_object(Bucket="s3-public", Key="pub/a", Body=b"a", ACL="public-read")
    s3.put_object(Bucket="s3-public", Key="b", Body=b"b")
    assert get(f"{served.url}/s3-public/pub/a")[0] == 403
    s3.put_bucket_policy(
        Bucket="s3-public",
        Policy=served.document(served.allow("s3:GetObject", "arn:aws:s3:::s3-public/pub/*", Principal="*")),
    )
    assert get(f"{served.url}/s3-public/pub/a")[::2] == (200, b"a")
    assert get(f"{served.url}/s3-public/b")[0] == 403
    assert get(f"{served.url}/s3-public/pub/a", "PUT", b"x")[0] == 403
    assert get(f"{served.url}/s3-public?list-type=2")[0] == 403
    s3.delete_bucket_policy(Bucket="s3-public")
    assert get(f"{served.url}/s3-public/pub/a")[0] == 403


def test_a_bucket_policy_denies_even_the_administrator(served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="s3-deny")
    s3.put_object(Bucket="s3-deny", Key="k", Body=b"")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::s3-deny/*"}
    s3.put_bucket_policy(Bucket="s3-deny", Policy=served.document(deny))
    code, status, text = code_of(s3.get_object, Bucket="s3-deny", Key="k")
    assert (code, status) == ("AccessDenied", 403)
    assert text.endswith("with an explicit deny in a resource-based policy")


def test_what_is_no_policy_is_refused(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy="{}")[:2] == ("MalformedPolicy", 400)
    assert code_of(s3.get_bucket_policy, Bucket=bucket)[0] == "NoSuchBucketPolicy"


def test_deleting_many_keys_is_decided_key_by_key(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    for key in ("del/mine/1", "del/mine/2", "del/theirs"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    some = served.client(
        "s3", served.user("s3-deleter", served.allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/del/mine/*"))
    )
    told = some.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": k} for k in ("del/mine/1", "del/theirs", "del/mine/2")]}
    )
    assert [d["Key"] for d in told["Deleted"]] == ["del/mine/1", "del/mine/2"]
    assert [(e["Key"], e["Code"]) for e in told["Errors"]] == [("del/theirs", "AccessDenied")]
    assert "s3:DeleteObject on resource" in told["Errors"][0]["Message"]
    assert s3.head_object(Bucket=bucket, Key="del/theirs")
    told = some.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "del/theirs"}]})
    assert "Deleted" not in told
    assert len(told["Errors"]) == 1


def test_copying_needs_both_sides(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="copy/from", Body=b"x")
    write_only = served.user("s3-writer", served.allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
    copy = {"Bucket": bucket, "Key": "copy/to", "CopySource": {"Bucket": bucket, "Key": "copy/from"}}
    code, _, text = code_of(served.client("s3", write_only).copy_object, **copy)
    assert code == "AccessDenied"
    assert f's3:GetObject on resource: "arn:aws:s3:::{bucket}/copy/from"' in text
    s3.copy_object(**copy)
    assert s3.get_object(Bucket=bucket, Key="copy/to")["Body"].read() == b"x"


def test_listing_may_depend_on_the_prefix(served: Served, bucket: str) -> None:
    served.client("s3").put_object(Bucket=bucket, Key="home/me/x", Body=b"")
    me = served.client(
        "s3",
        served.user(
            "s3-home",
            served.allow(
                "s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": "home/me/*"}}
            ),
        ),
    )
    assert me.list_objects_v2(Bucket=bucket, Prefix="home/me/")["KeyCount"] == 1
    assert code_of(me.list_objects_v2, Bucket=bucket, Prefix="home/")[0] == "AccessDenied"
    assert code_of(me.list_objects_v2, Bucket=bucket)[0] == "AccessDenied"


def test_a_bucket_in_the_host_is_the_bucket_in_the_path(served: Served, bucket: str) -> None:
    served.client("s3").put_object(Bucket=bucket, Key="in-host", Body=b"here")
    port = int(served.url.rpartition(":")[2])
    served.client("s3").put_bucket_policy(
        Bucket=bucket,
        Policy=served.document(served.allow("s3:GetObject", f"arn:aws:s3:::{bucket}/in-host", Principal="*")),
    )
    for host in (f"{bucket}.localhost:{port}", f"{bucket}.s3.amazonaws.com", f"{bucket}.s3.eu-west-1.amazonaws.com"):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/in-host", headers={"Host": host})
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"here"), host
        connection.close()
    served.client("s3").delete_bucket_policy(Bucket=bucket)


@pytest.mark.parametrize("host", ["x.s3-website-us-east-1.amazonaws.com", "x.s3-website.eu-west-1.amazonaws.com"])
def test_a_websites_address_is_told_that_there_is_none(served: Served, host: str) -> None:
    status, _, body = get(f"{served.url}/index.html", headers={"Host": host})
    assert status == 501
    assert b"<Code>NotImplemented</Code>" in body


def test_buckets_live_where_they_were_made(served: Served) -> None:
    s3 = served.client("s3", region="eu-west-1")
    s3.create_bucket(Bucket="s3-elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert s3.get_bucket_location(Bucket="s3-elsewhere")["LocationConstraint"] == "eu-west-1"
    head = served.client("s3").head_bucket(Bucket="s3-elsewhere")
    assert head["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "eu-west-1"


def test_paths_of_moto_lead_nowhere(served: Served) -> None:
    for path in ("/moto-api/data.json", "/moto-api/reset", "/moto-api"):
        status, _, body = get(served.url + path, "POST" if path.endswith("reset") else "GET")
        assert status in (400, 403, 404, 405), path
        assert b"moto" not in body.replace(b"moto-api", b""), path


def test_the_account_is_not_the_clients_to_choose(served: Served, bucket: str) -> None:
    status, _, body = get(f"{served.url}/{bucket}?list-type=2", headers={"x-moto-account-id": "999999999999"})
    assert status == 403
    assert b"AccessDenied" in body


def test_request_ids_are_on_every_answer(served: Served, bucket: str) -> None:
    told = served.client("s3").list_objects_v2(Bucket=bucket)["ResponseMetadata"]
    assert told["RequestId"]
    assert told["HostId"]
    assert json.dumps(told["HTTPHeaders"])
    assert served.client("sqs").list_queues()["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ({"ChecksumSHA256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}, "BadDigest"),
        ({"ChecksumSHA1": "nonsense"}, "InvalidRequest"),
        ({"ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, "BadDigest"),
        ({"ContentMD5": "nonsense"}, "InvalidDigest"),
    ],
)
def test_a_body_must_be_what_its_digest_says(served: Served, bucket: str, stated: dict[str, str], code: str) -> None:
    s3 = served.client("s3")
    assert code_of(s3.put_object, Bucket=bucket, Key="digest", Body=b"x", **stated)[:2] == (code, 400)


def test_a_signed_request_with_its_bucket_in_the_host(served: Served, bucket: str) -> None:
    port = int(served.url.rpartition(":")[2])
    host = f"{bucket}.localhost:{port}"
    headers = sign(
        served.administrator,
        method="PUT",
        url=f"http://{host}/hosted/key",
        headers={"Host": host},
        body=b"hosted",
        service="s3",
        region="us-east-1",
        now=system_clock(),
    )
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("PUT", "/hosted/key", body=b"hosted", headers=headers)
    assert connection.getresponse().status == 200
    connection.close()
    assert served.client("s3").get_object(Bucket=bucket, Key="hosted/key")["Body"].read() == b"hosted"
