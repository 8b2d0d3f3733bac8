"""Parts put together: the object is their contents one after the other, and nothing is copied.

The checksum of the whole follows from those of its parts: for a CRC of the full object they are combined, for a composite one they are
digested (user guide, "Checking object integrity", "Full object and composite checksum types").
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from podid.gateway.moto_services.acting import asked_with
from podid.gateway.refusals import Said
from podid.gateway.uploads import Content
from podid.gateway.uploads.checksums import COMBINABLE, DEFAULT, LENGTHS, combined, running

_LARGEST: Final = 5 * 1024**4


def complete(
    upload: Any, listed: Iterator[tuple[int, str]], module: Any
) -> tuple[Content, str, tuple[str, str, int] | None]:
    """Content, ETag and checksum (type, base64, count of parts) of an upload, from the parts that were listed. Raises moto's errors, Said."""
    algorithm, kind = algorithm_of(upload.metadata), type_of(upload.metadata)
    asked = asked_with()
    sums = {
        int(part["PartNumber"]): part.get(f"Checksum{algorithm}")
        for part in (asked.get("MultipartUpload") or {}).get("Parts") or ()
    }
    parts: list[Content] = []
    etags = b""
    before = None
    for number, etag in listed:
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise module.InvalidPart()
        if before is not None and before.contentsize < module.S3_UPLOAD_PART_MIN_SIZE:
            raise module.EntityTooSmall()
        stated = sums.get(number)
        if stated is not None and stated != _text(part.content.digest(algorithm)):
            raise module.InvalidPart()
        etags += bytes.fromhex(part.etag.strip('"'))
        parts.append(part.content)
        before = part
    if not parts:
        raise module.MalformedXML
    whole = Content.joined(parts)
    upload.sizes = [len(part) for part in parts]
    size = asked.get("MpuObjectSize")
    if size is not None and int(size) != len(whole):
        raise Said(
            "InvalidRequest",
            400,
            f"The provided 'x-amz-mp-object-size' header value {size} does not match what was computed: {len(whole)}",
        )
    etag = hashlib.md5(etags, usedforsecurity=False).hexdigest()
    digest = _checksum(algorithm, kind, parts)
    _require_stated(asked, algorithm, kind, digest, len(parts))
    if kind == "FULL_OBJECT":
        whole.digests[algorithm] = digest
    return whole, f"{etag}-{len(parts)}", (kind, _text(digest), 1 if kind == "FULL_OBJECT" else len(parts))


def algorithm_of(metadata: Mapping[str, Any]) -> str:
    """The checksum algorithm that an upload was begun with."""
    return str(metadata.get("x-amz-checksum-algorithm") or DEFAULT).upper()


def type_of(metadata: Mapping[str, Any]) -> str:
    """Whether its checksum is that of the whole or of its parts' checksums."""
    asked = metadata.get("x-amz-checksum-type")
    return str(asked or ("FULL_OBJECT" if algorithm_of(metadata) == DEFAULT else "COMPOSITE")).upper()


def require_same_algorithm(metadata: Mapping[str, Any], part: Content) -> None:
    """A part with a checksum of another algorithm than its upload's is refused."""
    named = metadata.get("x-amz-checksum-algorithm")
    if named and part.stated and part.stated != str(named).upper():
        raise Said(
            "InvalidRequest",
            400,
            f"Checksum Type mismatch occurred, expected checksum Type: {str(named).lower()}, "
            f"actual checksum Type: {part.stated.lower()}",
        )


def require_possible(algorithm: str | None, kind: str | None) -> None:
    """CreateMultipartUpload: which algorithm has which type of checksum."""
    name = (algorithm or DEFAULT).upper()
    if name not in LENGTHS:
        raise Said(
            "InvalidRequest",
            400,
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, SHA1, SHA256, CRC64NVME]",
        )
    if (kind == "COMPOSITE" and name == DEFAULT) or (kind == "FULL_OBJECT" and name not in COMBINABLE):
        raise Said(
            "InvalidRequest",
            400,
            f"The {kind} checksum type cannot be used with the {name.lower()} checksum algorithm.",
        )


def _checksum(algorithm: str, kind: str, parts: list[Content]) -> bytes:
    digests = [part.digest(algorithm) for part in parts]
    if kind == "FULL_OBJECT":
        return combined(algorithm, [(digest, len(part)) for digest, part in zip(digests, parts, strict=True)])
    of_digests = running(algorithm)
    of_digests.update(b"".join(digests))
    return of_digests.digest()


def _require_stated(asked: Mapping[str, Any], algorithm: str, kind: str, digest: bytes, count: int) -> None:
    stated = asked.get(f"Checksum{algorithm}")
    actual = _text(digest) if kind == "FULL_OBJECT" else f"{_text(digest)}-{count}"
    if stated is not None and stated not in (actual, _text(digest)):
        raise Said("BadDigest", 400, f"The {algorithm} you specified did not match the calculated checksum.")


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
