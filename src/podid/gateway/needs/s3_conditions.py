"""The condition keys of S3: what a request says about the list, object or copy it asks for.

Source: service authorization reference, "Condition keys for Amazon S3".
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

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
_OF_LISTS = frozenset({"s3:prefix", "s3:delimiter", "s3:max-keys"})


def bucket_conditions(asked: Asked) -> dict[str, tuple[str, ...]]:
    """The keys of an action on a bucket or on none."""
    found = _signature_conditions(asked)
    for member, key in _MEMBERS.items():
        value = asked.members.get(member)
        if value is not None:
            found[key] = (str(value),)
    configuration = asked.members.get("CreateBucketConfiguration") or {}
    if configuration.get("LocationConstraint"):
        found["s3:LocationConstraint"] = (str(configuration["LocationConstraint"]),)
    return found


def object_conditions(asked: Asked) -> dict[str, tuple[str, ...]]:
    """The keys of an action on an object."""
    found = {key: value for key, value in bucket_conditions(asked).items() if key not in _OF_LISTS}
    tags = _object_tags(asked)
    for key, value in tags.items():
        found[f"s3:RequestObjectTag/{key}"] = (value,)
    if tags:
        found["s3:RequestObjectTagKeys"] = tuple(tags)
    return found


def _object_tags(asked: Asked) -> dict[str, str]:
    tagging = asked.members.get("Tagging")
    if isinstance(tagging, str):
        return dict(parse_qsl(tagging, keep_blank_values=True))
    if isinstance(tagging, dict) and "Key" in asked.members:
        return {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in tagging.get("TagSet") or ()}
    return {}


def _signature_conditions(asked: Asked) -> dict[str, tuple[str, ...]]:
    request = asked.request
    authorization = request.header("authorization")
    found: dict[str, tuple[str, ...]] = {}
    if authorization is not None:
        version = "AWS4-HMAC-SHA256" if authorization.startswith("AWS4") else "AWS"
        found = {"s3:authType": ("REST-HEADER",), "s3:signatureversion": (version,)}
    elif "X-Amz-Signature=" in request.query:
        found = {"s3:authType": ("REST-QUERY-STRING",), "s3:signatureversion": ("AWS4-HMAC-SHA256",)}
    elif "Signature=" in request.query:
        found = {"s3:authType": ("REST-QUERY-STRING",), "s3:signatureversion": ("AWS",)}
    digest = request.header("x-amz-content-sha256")
    if digest is not None:
        found["s3:x-amz-content-sha256"] = (digest,)
    return found
