"""moto's handlers of S3, where they touch a body or its checksums.

A body comes beside the request (`messages.CONTENT`), not in it. Objects are handed to the answer as contents. Checksums are those that
were computed as the body came, and the headers that tell them are AWS's.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from podid.gateway.loaded import loaded
from podid.gateway.moto_services.acting import asked_with
from podid.gateway.moto_services.messages import CONTENT
from podid.gateway.moto_services.s3.asking import require_source, require_token
from podid.gateway.moto_services.s3.completing import require_possible
from podid.gateway.moto_services.s3.objects import handing_contents
from podid.gateway.needs.s3 import copy_source
from podid.gateway.refusals import Said
from podid.gateway.uploads import Content
from podid.gateway.uploads.checksums import DEFAULT

LARGEST_COPY = 5 * 1024**3
"""Bytes that one CopyObject or UploadPartCopy takes."""


def install(module: Any) -> None:
    """Change the handlers of `moto.s3.responses`."""
    handler = module.S3Response
    _wrap(handler, "setup_class", _with_content)
    _wrap(handler, "key_response", _with_contents)
    _wrap(handler, "get_object", _one_part)
    _wrap(handler, "head_object", _with_type)
    _wrap(handler, "list_objects_v2", _going_on)
    _wrap(handler, "copy_object", _copying)
    _wrap(handler, "upload_part_copy", _copying_a_part)
    _wrap(handler, "_key_response_post", _posting)
    handler._get_checksum = _checksum
    module.compute_checksum = _compute


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    given = getattr(owner, name)

    def called(self: Any, *arguments: Any, **named: Any) -> Any:
        return around(given, self, *arguments, **named)

    setattr(owner, name, called)


def _with_content(given: Callable[..., Any], self: Any, request: Any, *more: Any, **named: Any) -> None:
    given(self, request, *more, **named)
    content = request.environ.get(CONTENT)
    if content is not None:
        self.body = content


def _with_contents(given: Callable[..., Any], self: Any, *arguments: Any, **named: Any) -> Any:
    with handing_contents():
        return given(self, *arguments, **named)


def _one_part(given: Callable[..., Any], self: Any, *arguments: Any, **named: Any) -> Any:
    """GetObject with a part number: the part of an object that was put together."""
    status, headers, body = given(self, *arguments, **named)
    number = self._get_int_param("partNumber")
    if not number or status != 200 or not isinstance(body, Content):
        return status, headers, body
    key = self.backend.get_object(self.bucket_name, self.parse_key_name(), self._get_param("versionId"))
    sizes = getattr(key.multipart, "sizes", None) or [len(body)]
    if number > len(sizes):
        raise Said("InvalidPartNumber", 416, "The requested partnumber is not satisfiable")
    begin = sum(sizes[: number - 1])
    part = body[begin : begin + sizes[number - 1]]
    kept = {name: value for name, value in headers.items() if not name.lower().startswith("x-amz-checksum-")}
    kept["content-range"] = f"bytes {begin}-{begin + len(part) - 1}/{len(body)}"
    kept["x-amz-mp-parts-count"] = str(len(sizes))
    return 206, kept, part


def _with_type(given: Callable[..., Any], self: Any, *arguments: Any, **named: Any) -> Any:
    """HeadObject: the type beside the checksum, and the count of parts behind a composite one."""
    status, headers, body = given(self, *arguments, **named)
    name = next((name for name in headers if name.lower().startswith("x-amz-checksum-")), None)
    if name is not None:
        key = self.backend.get_object(self.bucket_name, self.parse_key_name(), self._get_param("versionId"))
        if key is not None and key.checksum_type:
            headers["x-amz-checksum-type"] = key.checksum_type
            if key.checksum_type == "COMPOSITE":
                headers[name] = f"{key.checksum_value}-{key.checksum_parts}"
    return status, headers, body


def _checksum(self: Any, headers: dict[str, Any]) -> tuple[str, str | None]:
    """The checksum of an upload, told in its answer: that which its sender gave, of an object else the one S3 makes."""
    content = self.body
    if not isinstance(content, Content):
        return "", None
    is_part = bool(self._get_param("uploadId"))
    if is_part and not content.stated:
        return "", None
    algorithm = content.stated or DEFAULT
    value = base64.b64encode(content.digest(algorithm)).decode()
    headers[f"x-amz-checksum-{algorithm.lower()}"] = value
    if not is_part:
        headers["x-amz-checksum-type"] = "FULL_OBJECT"
    return algorithm, value


def _compute(body: Content | bytes, algorithm: str, encode_base64: bool = True) -> bytes:
    content = body if isinstance(body, Content) else Content.of(body)
    digest = content.digest(algorithm.upper())
    return base64.b64encode(digest) if encode_base64 else digest


def _going_on(given: Callable[..., Any], self: Any, *arguments: Any, **named: Any) -> Any:
    """ListObjectsV2, from where an earlier one ended."""
    require_token(asked_with().get("ContinuationToken"), self.backend._pagination_tokens)
    return given(self, *arguments, **named)


def _copying(given: Callable[..., Any], self: Any, *arguments: Any, **named: Any) -> Any:
    """CopyObject: a copy has a checksum of its own, that of the whole, even where its source came in parts."""
    source = _source(self)
    if source is not None:
        require_source(asked_with(), source)
        _require_copyable(source)
    told = given(self, *arguments, **named)
    key = self.backend.get_object(self.bucket_name, self.parse_key_name())
    if key is not None and key.checksum_algorithm:
        key.checksum_value = base64.b64encode(key.content.digest(key.checksum_algorithm)).decode()
        key.checksum_type, key.checksum_parts = "FULL_OBJECT", 1
    if key is not None:
        key.multipart = None  # it is one part now
    return told


def _copying_a_part(given: Callable[..., Any], self: Any, *arguments: Any, **named: Any) -> Any:
    asked = asked_with().get("CopySourceRange")
    source = _source(self)
    if source is None:
        raise loaded("moto.s3.exceptions").MissingKey(key=copy_source(asked_with().get("CopySource", ""))[1])
    require_source(asked_with(), source)
    if asked is None:
        _require_copyable(source)
    else:
        first, _, last = str(asked).removeprefix("bytes=").partition("-")
        if not (first.isdigit() and last.isdigit()) or int(first) > int(last):
            raise Said(
                "InvalidArgument",
                400,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based "
                "offsets of the first and last bytes to copy",
            )
        if int(last) >= len(source.content):
            raise Said(
                "InvalidArgument", 400, f"Range specified is not valid for source object of size: {len(source.content)}"
            )
    return given(self, *arguments, **named)


def _require_copyable(source: Any) -> None:
    if len(source.content) > LARGEST_COPY:
        raise Said(
            "InvalidRequest",
            400,
            f"The specified copy source is larger than the maximum allowable size for a copy source: {LARGEST_COPY}",
        )


def _source(self: Any) -> Any:
    bucket, key, *version = copy_source(asked_with().get("CopySource", ""))
    try:
        return self.backend.get_object(bucket, key, version_id=version[0] if version and version[0] else None)
    except Exception:  # a bucket that is not there: moto tells
        return None


def _posting(
    given: Callable[..., Any], self: Any, request: Any, body: bytes, bucket: str, query: Any, name: str
) -> Any:
    """CreateMultipartUpload: which checksums there are; CompleteMultipartUpload: its checksum in the answer."""
    if "uploads" in query:
        require_possible(request.headers.get("x-amz-checksum-algorithm"), request.headers.get("x-amz-checksum-type"))
        return given(self, request, body, bucket, query, name)
    status, headers, answer = given(self, request, body, bucket, query, name)
    if query.get("uploadId") and status == 200:
        key = self.backend.get_object(bucket, name)
        if key is not None and key.checksum_value:
            value = key.checksum_value
            if key.checksum_type == "COMPOSITE":
                value = f"{value}-{key.checksum_parts}"
            told = f"<Checksum{key.checksum_algorithm}>{value}</Checksum{key.checksum_algorithm}>"
            told += f"<ChecksumType>{key.checksum_type}</ChecksumType>"
            text = answer.decode() if isinstance(answer, bytes) else answer
            at = text.rfind("</CompleteMultipartUpload")
            answer = text[:at] + told + text[at:] if at > 0 else text
            if "content-length" in headers:
                headers["content-length"] = str(len(answer.encode()))
    return status, headers, answer
