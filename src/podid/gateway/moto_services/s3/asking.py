"""What S3 checks of a call, and moto does not: an upload in parts that is another key's, a token that no listing gave, a key that is too long.

Source: "Error responses" in the S3 API reference; "Bucket naming rules" and "Object key naming" in the S3 user guide.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any, Final

from podid.core.caller import Input
from podid.gateway.loaded import loaded
from podid.gateway.needs.s3 import copy_source
from podid.gateway.refusals import Said

LONGEST_KEY: Final = 1024
"""Bytes of a key in UTF-8."""
MOST_LISTED: Final = 1000
"""Entries of one page, whatever was asked for."""
MOST_PARTS: Final = 10_000

_BUCKET: Final = re.compile(r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_RANGE: Final = re.compile(r"bytes=[\d,\s-]+", re.ASCII)
_GRANTS: Final = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
_LARGEST_INTEGER: Final = 2**31 - 1


def as_s3_takes_it(operation: str, members: Input) -> Input:
    """The members of a call, without what S3 disregards. Raises Said."""
    _require_names(operation, members)
    _require_content(operation, members)
    number = members.get("PartNumber")
    if number is not None and not 1 <= int(number) <= MOST_PARTS:
        raise _invalid(
            f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive", "partNumber", str(number)
        )
    if members.get("UploadId") is not None:
        _require_upload(members)
    changed: Input = {}
    most = members.get("MaxKeys")
    if most is not None:
        if not 0 <= int(most) <= _LARGEST_INTEGER:
            raise _invalid(
                f"Argument maxKeys must be an integer between 0 and {_LARGEST_INTEGER}", "max-keys", str(most)
            )
        changed["MaxKeys"] = min(int(most), MOST_LISTED)
    asked = members.get("Range")
    if asked is not None and _RANGE.fullmatch(str(asked)) is None:
        changed["Range"] = None
    if not changed:
        return members
    return {name: value for name, value in {**members, **changed}.items() if value is not None}


def require_token(token: str | None, given: Container[str]) -> None:
    """Raise InvalidArgument for a continuation token that no listing gave."""
    if token is not None and token not in given:
        raise _invalid("The continuation token provided is incorrect", "continuation-token", token)


def require_source(members: Input, source: Any) -> None:
    """Raise PreconditionFailed where what is copied is not, or no more, what the caller takes it for."""
    wanted = members.get("CopySourceIfMatch")
    if wanted is not None and str(wanted).strip('"') not in ("*", source.etag.strip('"')):
        raise _precondition("x-amz-copy-source-If-Match")
    changed = source.last_modified.replace(microsecond=0, tzinfo=None)
    until, since = members.get("CopySourceIfUnmodifiedSince"), members.get("CopySourceIfModifiedSince")
    if until is not None and wanted is None and changed > until.replace(tzinfo=None):
        raise _precondition("x-amz-copy-source-If-Unmodified-Since")
    if since is not None and members.get("CopySourceIfNoneMatch") is None and changed <= since.replace(tzinfo=None):
        raise _precondition("x-amz-copy-source-If-Modified-Since")


def _require_names(operation: str, members: Input) -> None:
    key = members.get("Key")
    if isinstance(key, str) and len(key) > LONGEST_KEY // 4 and len(key.encode()) > LONGEST_KEY:
        size = len(key.encode())
        raise Said("KeyTooLongError", 400, "Your key is too long", Size=str(size), MaxSizeAllowed=str(LONGEST_KEY))
    bucket = str(members.get("Bucket", ""))
    if operation == "CreateBucket" and _BUCKET.fullmatch(bucket) is None:
        raise Said("InvalidBucketName", 400, "The specified bucket is not valid.", BucketName=bucket)
    source = members.get("CopySource")
    if isinstance(source, str) and not all(copy_source(source)[:2]):
        raise _invalid(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", "x-amz-copy-source", source
        )


def _require_content(operation: str, members: Input) -> None:
    """What moto takes for granted: a body, an access control list in one form or another, an object."""
    if operation.startswith("PutBucketLifecycle") and not members.get("LifecycleConfiguration"):
        raise Said("MissingRequestBodyError", 400, "Request Body is empty")
    if operation in ("PutBucketAcl", "PutObjectAcl"):
        if not any(name in members for name in ("ACL", "AccessControlPolicy", *_GRANTS)):
            raise Said("MissingSecurityHeader", 400, "Your request was missing a required header")
    elif operation in ("DeleteObjectTagging", "RestoreObject"):
        bucket, key = _bucket(str(members.get("Bucket", ""))), str(members.get("Key", ""))
        if bucket is not None and bucket.keys.get(key) is None:
            raise Said("NoSuchKey", 404, "The specified key does not exist.", Key=key)


def _require_upload(members: Input) -> None:
    """The upload is there, and is this key's: who may put one key knows nothing of another's."""
    bucket = _bucket(str(members.get("Bucket", "")))
    upload = bucket.multiparts.get(str(members["UploadId"])) if bucket is not None else None
    if upload is None or upload.key_name != members.get("Key"):
        raise Said(
            "NoSuchUpload",
            404,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
            UploadId=str(members["UploadId"]),
        )


def _bucket(name: str) -> Any:
    models = loaded("moto.s3.models")
    where = models.s3_backends.bucket_accounts.get(name) if models is not None else None
    if where is None:
        return None
    partition, account = where
    return models.s3_backends[account][partition].buckets.get(name)


def _invalid(text: str, name: str, value: str) -> Said:
    return Said("InvalidArgument", 400, text, ArgumentName=name, ArgumentValue=value)


def _precondition(condition: str) -> Said:
    return Said(
        "PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold", Condition=condition
    )
