"""What a request of S3 says its body digests to, held against the body: a part of step 5, for bodies that are no objects.

Objects are digested as they come (`uploads.intake`).
"""

from __future__ import annotations

from podid.core.http import HttpRequest
from podid.gateway.steps.uploads import UPLOADS
from podid.gateway.uploads.content import Content
from podid.gateway.uploads.stated import stated

_OF_OBJECTS = UPLOADS | {"CopyObject", "UploadPartCopy", "CreateMultipartUpload", "CompleteMultipartUpload"}
"""A checksum in the head of these is that of an object, not of this body."""


def check(operation: str, request: HttpRequest) -> None:
    """Raise InvalidDigest or InvalidRequest for what is no digest, BadDigest for what is not this body's."""
    if operation not in _OF_OBJECTS and request.body:
        stated(request).check(Content.of(request.body).digest)
