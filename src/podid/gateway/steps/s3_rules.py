"""What S3 does beyond deciding a call as a whole: parts of steps 5 and 6.

- A bucket that is not there is told before anything is decided, to anyone.
- DeleteObjects is decided key by key: those that are denied stand among the errors of an answer that is otherwise a success.
- An object that is not there is only told to who may list the bucket; to others it is denied.
- A bucket whose public access is restricted is open, through its policy, to its own account alone.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from podid.core.caller import Input, Output
from podid.core.http import HttpResponse
from podid.gateway.needs.need import Lookup
from podid.gateway.needs.s3 import copy_source
from podid.gateway.refusals import Said

_WITHOUT_BUCKET = frozenset({"CreateBucket", "ListBuckets", "ListDirectoryBuckets", "WriteGetObjectResponse"})


class Denied(Struct, frozen=True):
    """One key of a DeleteObjects that may not be deleted."""

    key: str
    version_id: str
    sentence: str


def require_bucket(operation: str, members: Input, lookup: Lookup) -> None:
    """Raise NoSuchBucket where a bucket that the call names is not there."""
    if operation in _WITHOUT_BUCKET:
        return
    names = [str(members.get("Bucket", ""))]
    if isinstance(members.get("CopySource"), str):
        names.append(copy_source(members["CopySource"])[0])
    for name in names:
        if lookup.bucket_owner(name) is None:
            raise Said("NoSuchBucket", 404, "The specified bucket does not exist", BucketName=name)


def bucket_read(operation: str, members: Input, missing: HttpResponse) -> str | None:
    """The bucket in which what a call reads is `missing`, by its 404; None where it is something else that is not there."""
    if operation in ("GetObject", "HeadObject", "GetObjectAttributes"):
        return str(members.get("Bucket", ""))
    if operation in ("CopyObject", "UploadPartCopy") and b"<Code>NoSuchKey</Code>" in missing.body:
        return copy_source(str(members.get("CopySource", "")))[0]
    return None


def without_denied(members: Input, denied: tuple[Denied, ...]) -> Input:
    """A DeleteObjects without the keys that may not be deleted."""
    refused = {(one.key, one.version_id) for one in denied}
    delete = dict(members["Delete"])
    delete["Objects"] = [
        entry
        for entry in delete.get("Objects") or ()
        if (str(entry.get("Key", "")), str(entry.get("VersionId") or "")) not in refused
    ]
    return {**members, "Delete": delete}


def with_errors(output: Output, denied: tuple[Denied, ...]) -> Output:
    """The answer to a DeleteObjects, with the denied keys among its errors."""
    errors: list[dict[str, Any]] = list(output.get("Errors") or ())
    for one in denied:
        error = {"Key": one.key, "Code": "AccessDenied", "Message": one.sentence}
        if one.version_id:
            error["VersionId"] = one.version_id
        errors.append(error)
    return {**output, "Errors": errors}
