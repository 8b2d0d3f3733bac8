"""The condition keys of S3: what a request says about the list, object or copy it asks for.

Source: service authorization reference, "Condition keys for Amazon S3".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote

from podid.gateway.needs.keys.values import text_of
from podid.gateway.needs.need import Asked

_MEMBERS: Mapping[str, str] = {
    # member of the input: condition key
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:versionid",
    "ACL": "s3:x-amz-acl",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "CopySource": "s3:x-amz-copy-source",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "StorageClass": "s3:x-amz-storage-class",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
    "ObjectLockMode": "s3:object-lock-mode",
    "ObjectLockRetainUntilDate": "s3:object-lock-retain-until-date",
    "ObjectLockLegalHoldStatus": "s3:object-lock-legal-hold",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
}
_WRITES_WHOLE: Mapping[str, str] = {
    # operations that write (part of) an object: whether they make it whole
    "PutObject": "true",
    "CopyObject": "true",
    "CompleteMultipartUpload": "true",
    "CreateMultipartUpload": "false",
    "UploadPart": "false",
    "UploadPartCopy": "false",
}
_OF_SIGNATURE = ("s3:authType", "s3:signatureversion", "s3:signatureAge", "s3:x-amz-content-sha256")
KEYS = frozenset(
    key.lower()
    for key in (
        *_MEMBERS.values(),
        *_OF_SIGNATURE,
        "s3:LocationConstraint",
        "s3:ObjectCreationOperation",
        "s3:RequestObjectTag/<key>",
        "s3:RequestObjectTagKeys",
        "s3:ResourceAccount",
        "s3:object-lock-remaining-retention-days",
    )
)
"""The keys that are filled here, in lower case."""
_OF_LISTS = frozenset({"s3:prefix", "s3:delimiter", "s3:max-keys"})


def bucket_conditions(asked: Asked) -> dict[str, tuple[str, ...]]:
    """The keys of an action on a bucket or on none."""
    found = signature_conditions(asked)
    members = asked.members
    for member, value in members.items():
        key = _MEMBERS.get(member)
        if key is not None and value is not None:
            found[key] = (text_of(value) or "",)
    if "CopySource" in members:
        found["s3:x-amz-copy-source"] = (unquote(asked.text("CopySource")).lstrip("/"),)
    configuration = asked.members.get("CreateBucketConfiguration") or {}
    if configuration.get("LocationConstraint"):
        found["s3:LocationConstraint"] = (str(configuration["LocationConstraint"]),)
    return found


def object_conditions(asked: Asked) -> dict[str, tuple[str, ...]]:
    """The keys of an action on an object."""
    found = {key: value for key, value in bucket_conditions(asked).items() if key not in _OF_LISTS}
    if asked.operation in _WRITES_WHOLE:
        found["s3:ObjectCreationOperation"] = (_WRITES_WHOLE[asked.operation],)
    found.update(_retention(asked))
    tags = _object_tags(asked)
    for key, value in tags.items():
        found[f"s3:RequestObjectTag/{key}"] = (value,)
    if tags:
        found["s3:RequestObjectTagKeys"] = tuple(tags)
    return found


def _retention(asked: Asked) -> dict[str, tuple[str, ...]]:
    """What PutObjectRetention and PutObjectLegalHold set, which have structures of their own, and how long is left of a retention."""
    found: dict[str, tuple[str, ...]] = {}
    retention, hold = asked.members.get("Retention"), asked.members.get("LegalHold")
    until = asked.members.get("ObjectLockRetainUntilDate")
    if isinstance(retention, Mapping):
        until = retention.get("RetainUntilDate")
        if retention.get("Mode"):
            found["s3:object-lock-mode"] = (str(retention["Mode"]),)
        if until is not None:
            found["s3:object-lock-retain-until-date"] = (text_of(until) or "",)
    if isinstance(hold, Mapping) and hold.get("Status"):
        found["s3:object-lock-legal-hold"] = (str(hold["Status"]),)
    if isinstance(until, datetime):
        left = until.replace(tzinfo=until.tzinfo or UTC) - asked.call.now
        found["s3:object-lock-remaining-retention-days"] = (str(max(0, math.ceil(left / timedelta(days=1)))),)
    return found


def _object_tags(asked: Asked) -> dict[str, str]:
    tagging = asked.members.get("Tagging")
    if isinstance(tagging, str):
        return dict(parse_qsl(tagging, keep_blank_values=True))
    if isinstance(tagging, dict) and "Key" in asked.members:
        return {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in tagging.get("TagSet") or ()}
    return {}


def signature_conditions(asked: Asked) -> dict[str, tuple[str, ...]]:
    """How the request is signed, and how old its signature is, in milliseconds."""
    request = asked.request
    authorization = request.header("authorization")
    found: dict[str, tuple[str, ...]] = {}
    signed = ""
    if authorization is not None:
        version = "AWS4-HMAC-SHA256" if authorization.startswith("AWS4") else "AWS"
        found = {"s3:authType": ("REST-HEADER",), "s3:signatureversion": (version,)}
        signed = request.header("x-amz-date") or ""
    elif "X-Amz-Signature=" in request.query:
        found = {"s3:authType": ("REST-QUERY-STRING",), "s3:signatureversion": ("AWS4-HMAC-SHA256",)}
        signed = request.query.partition("X-Amz-Date=")[2][:16]
    elif "Signature=" in request.query:
        found = {"s3:authType": ("REST-QUERY-STRING",), "s3:signatureversion": ("AWS",)}
    age = _age(signed, asked.call.now)
    if age is not None:
        found["s3:signatureAge"] = (str(age),)
    digest = request.header("x-amz-content-sha256")
    if digest is not None:
        found["s3:x-amz-content-sha256"] = (digest,)
    return found


_INSTANT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")


def _age(signed: str, now: datetime) -> int | None:
    found = _INSTANT.fullmatch(signed)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        instant = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return max(0, int((now - instant) / timedelta(milliseconds=1)))
