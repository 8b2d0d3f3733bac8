"""s3:GetObject for what a service fetches from a bucket on its caller's word: a template, a function's archive.

The service reads it with the caller's own permissions, so they are asked for. Sources: CloudFormation user guide, "Control CloudFormation access";
Lambda developer guide, "Deploying functions as .zip file archives".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from podid.gateway.needs.need import Asked, Need
from podid.gateway.routing.hosts import bucket_in

_URLS = ("TemplateURL", "StackPolicyURL")
_CODE = ("Code", "Content")


def read_objects(asked: Asked) -> Iterator[Need]:
    """The needs of every object that a call has fetched."""
    if asked.service.model == "cloudformation":
        for member in _URLS:
            if asked.text(member):
                yield _need(asked, *_of_url(asked.text(member)))
    elif asked.service.model == "lambda":
        for place in (asked.members, *(asked.members.get(member) for member in _CODE)):
            if isinstance(place, dict) and place.get("S3Bucket") and place.get("S3Key"):
                yield _need(asked, str(place["S3Bucket"]), str(place["S3Key"]), place.get("S3ObjectVersion"))


def _need(asked: Asked, bucket: str, key: str, version: Any = None) -> Need:
    return Need(
        action="s3:GetObjectVersion" if version else "s3:GetObject",
        resource=f"arn:{asked.call.partition}:s3:::{bucket}/{key}",
        resource_account=asked.lookup.bucket_owner(bucket) or asked.call.account,
    )


def _of_url(url: str) -> tuple[str, str]:
    """Bucket and key of an object's address, in either style."""
    parts = urlsplit(url)
    bucket = bucket_in((parts.hostname or "").lower())
    path = unquote(parts.path.lstrip("/"))
    if bucket is not None:
        return bucket, path
    bucket, _, key = path.partition("/")
    return bucket, key
