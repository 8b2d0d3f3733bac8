"""Condition keys of S3 that requests tell, copies with tags, and Block Public Access, over real requests."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

from podid.core.sigv4 import Credentials, sign

OBJECTS = "arn:aws:s3:::sc-bucket/*"


@pytest.fixture(scope="module")
def s3(served: Served) -> Any:
    client = served.client("s3")
    client.create_bucket(Bucket="sc-bucket")
    client.put_object(Bucket="sc-bucket", Key="k", Body=b"v")
    client.put_object(Bucket="sc-bucket", Key="tagged", Body=b"v", Tagging="team=a")
    return client


def allowed(call: Any, **members: Any) -> bool:
    try:
        call(**members)
    except ClientError as error:
        return error.response["Error"]["Code"] not in ("AccessDenied", "403")
    return True


def fetch(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_presigned_or_not(served: Served, s3: Any) -> None:
    for name, condition, header, query in (
        ("sc-query", {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}, False, 200),
        ("sc-header", {"StringEquals": {"s3:authType": "REST-HEADER"}}, True, 403),
        ("sc-young", {"NumericLessThan": {"s3:signatureAge": "600000"}}, True, 200),
        ("sc-newborn", {"NumericLessThan": {"s3:signatureAge": "0"}}, False, 403),
    ):
        who = served.user(name, served.allow("s3:GetObject", OBJECTS, Condition=condition))
        client = served.client("s3", who, signature_version="s3v4")
        assert allowed(client.get_object, Bucket="sc-bucket", Key="k") is header, name
        url = client.generate_presigned_url("get_object", Params={"Bucket": "sc-bucket", "Key": "k"}, ExpiresIn=900)
        assert fetch(url) == query, name


def test_what_is_written(served: Served, s3: Any) -> None:
    tomorrow = datetime.now(UTC) + timedelta(hours=23)
    cases: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
        (
            "sse",
            {"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
            {"ServerSideEncryption": "aws:kms"},
            {},
        ),
        ("class", {"StringEquals": {"s3:x-amz-storage-class": "STANDARD_IA"}}, {"StorageClass": "STANDARD_IA"}, {}),
        ("tags", {"StringEquals": {"s3:RequestObjectTag/t": "1"}}, {"Tagging": "t=1"}, {"Tagging": "t=2"}),
        ("new", {"Null": {"s3:if-none-match": "false"}}, {"IfNoneMatch": "*"}, {}),
        (
            "retention",
            {"NumericLessThanEquals": {"s3:object-lock-remaining-retention-days": "1"}},
            {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": tomorrow},
            {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": tomorrow + timedelta(days=9)},
        ),
    ]
    for name, condition, good, bad in cases:
        who = served.user(f"sc-{name}", served.allow("s3:Put*", OBJECTS, Condition=condition))
        put = served.client("s3", who).put_object
        assert allowed(put, Bucket="sc-bucket", Key=f"w-{name}", **good), name
        assert not allowed(put, Bucket="sc-bucket", Key=f"w-{name}", **bad), name


def test_a_copy_takes_its_tags_along(served: Served, s3: Any) -> None:
    reads, writes = served.allow("s3:GetObject", OBJECTS), served.allow("s3:PutObject", OBJECTS)
    plain = served.client("s3", served.user("sc-copy-0", reads, writes))
    source = {"Bucket": "sc-bucket", "Key": "tagged"}
    assert allowed(plain.copy_object, Bucket="sc-bucket", Key="c0", CopySource={**source, "Key": "k"})
    assert not allowed(plain.copy_object, Bucket="sc-bucket", Key="c1", CopySource=source)
    tags = served.allow(["s3:GetObjectTagging", "s3:PutObjectTagging"], OBJECTS)
    both = served.client("s3", served.user("sc-copy-1", reads, writes, tags))
    assert allowed(both.copy_object, Bucket="sc-bucket", Key="c1", CopySource=source)
    only = {"StringEquals": {"s3:x-amz-copy-source": "sc-bucket/k"}}
    some = served.client("s3", served.user("sc-copy-2", reads, served.allow("s3:PutObject", OBJECTS, Condition=only)))
    assert allowed(some.copy_object, Bucket="sc-bucket", Key="c2", CopySource={**source, "Key": "k"})
    assert not allowed(some.copy_object, Bucket="sc-bucket", Key="c2", CopySource={**source, "Key": "c0"})


def test_public_access_is_blocked(served: Served, s3: Any) -> None:
    s3.create_bucket(Bucket="sc-public")
    s3.put_object(Bucket="sc-public", Key="k", Body=b"v")
    arn = "arn:aws:s3:::sc-public/*"
    public = served.document(served.allow("s3:GetObject", arn, Principal="*"))
    held = served.document(
        served.allow("s3:GetObject", arn, Principal="*", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.1/32"}})
    )
    s3.put_bucket_policy(Bucket="sc-public", Policy=public)
    address = f"{served.url}/sc-public/k"
    assert fetch(address) == 200
    for block, expected in (({"RestrictPublicBuckets": True}, 403), ({"RestrictPublicBuckets": False}, 200)):
        s3.put_public_access_block(Bucket="sc-public", PublicAccessBlockConfiguration=block)
        assert fetch(address) == expected
    blocks = {"BlockPublicPolicy": True, "BlockPublicAcls": True}
    s3.put_public_access_block(Bucket="sc-public", PublicAccessBlockConfiguration=blocks)
    assert not allowed(s3.put_bucket_policy, Bucket="sc-public", Policy=public)
    assert allowed(s3.put_bucket_policy, Bucket="sc-public", Policy=held)
    assert not allowed(s3.put_bucket_acl, Bucket="sc-public", ACL="public-read")
    assert not allowed(s3.put_object, Bucket="sc-public", Key="k2", Body=b"", ACL="public-read")
    assert allowed(s3.put_object, Bucket="sc-public", Key="k2", Body=b"", ACL="private")
    assert fetch(address) == 200  # the address is a fixed one, so this policy is not public


def test_an_account_blocks_for_all_its_buckets(served: Served) -> None:
    account = "777788889999"
    who = served.administrator_of(account)
    s3 = served.client("s3", who)
    s3.create_bucket(Bucket="sc-account")
    public = served.document(served.allow("s3:GetObject", "arn:aws:s3:::sc-account/*", Principal="*"))
    block = (
        b"<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>"
    )
    assert control(served, who, "PUT", block) == 200
    assert not allowed(s3.put_bucket_policy, Bucket="sc-account", Policy=public)
    assert control(served, who, "DELETE") in (200, 204)
    assert allowed(s3.put_bucket_policy, Bucket="sc-account", Policy=public)


def control(served: Served, who: Credentials, method: str, body: bytes = b"") -> int:
    """A call to S3's control plane. boto3 puts the account before the host's name, which an address does not take."""
    url = f"{served.url}/v20180820/configuration/publicAccessBlock"
    headers = {"host": url.split("/")[2], "x-amz-account-id": "777788889999"}
    signed = sign(
        who, method=method, url=url, headers=headers, body=body, service="s3", region="us-east-1", now=datetime.now(UTC)
    )
    request = urllib.request.Request(url, data=body or None, headers=signed, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)
