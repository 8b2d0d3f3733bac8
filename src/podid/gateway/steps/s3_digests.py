"""What an S3 upload says its body digests to, held against the body: a part of step 5.

Content-MD5 and the checksums that S3 adds (CRC32, SHA-1, SHA-256; sent as headers or trailers). CRC32C and CRC64NVME are taken as given:
Python has neither, and computing them without a library would take longer than the upload.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from collections.abc import Callable, Mapping

from podid.core.caller import Input
from podid.core.http import HttpRequest
from podid.gateway.refusals import Said

_ALGORITHMS: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "ChecksumCRC32": ("CRC32", lambda body: zlib.crc32(body).to_bytes(4, "big")),
    "ChecksumSHA1": ("SHA1", lambda body: hashlib.sha1(body, usedforsecurity=False).digest()),
    "ChecksumSHA256": ("SHA256", lambda body: hashlib.sha256(body).digest()),
}
_OF_BODY = frozenset({"PutObject", "UploadPart"})
"""Elsewhere a checksum in the input is that of an object put together from parts, not of this body."""


def check(operation: str, members: Input, request: HttpRequest) -> None:
    """Raise InvalidDigest for what is no digest, BadDigest for what is not this body's."""
    stated = request.header("content-md5")
    if stated is not None:
        digest = _decoded(stated, 16)
        if digest is None:
            raise Said("InvalidDigest", 400, "The Content-MD5 you specified was invalid.")
        if not hmac.compare_digest(digest, hashlib.md5(request.body, usedforsecurity=False).digest()):
            raise Said("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
    if operation not in _OF_BODY:
        return
    for member, (name, compute) in _ALGORITHMS.items():
        value = members.get(member)
        if isinstance(value, str):
            actual = compute(request.body)
            digest = _decoded(value, len(actual))
            if digest is None:
                header = f"x-amz-checksum-{name.lower()}"
                raise Said("InvalidRequest", 400, f"Value for {header} header is invalid.")
            if not hmac.compare_digest(digest, actual):
                raise Said("BadDigest", 400, f"The {name} you specified did not match the calculated checksum.")


def _decoded(text: str, length: int) -> bytes | None:
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == length else None
