"""What a request of S3 says its body digests to (Content-MD5, x-amz-checksum-…, x-amz-content-sha256), held against what came.

Codes and sentences are S3's: API reference, "Error responses"; user guide, "Checking object integrity".
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from podid.core.http import HttpRequest
from podid.gateway.refusals import Said
from podid.gateway.uploads.checksums import DEFAULT, LENGTHS

PREFIX: Final = "x-amz-checksum-"
_HEX: Final = frozenset("0123456789abcdef")
_NOT_SUMS: Final = frozenset({"x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type"})


class Stated(Struct, frozen=True, kw_only=True):
    """Digests as a request gives them. `algorithm`: of the checksum, given or still to come as a trailer; empty where there is none."""

    md5: bytes | None = None
    algorithm: str = ""
    value: str | None = None
    sha256: str = ""
    """Of the body as sent, in hex; empty where the body is not signed."""

    def needed(self) -> set[str]:
        """The algorithms to compute as the body comes: what S3 tells of every object, and what is to be compared."""
        return {"MD5", self.algorithm or DEFAULT} | ({"SHA256"} if self.sha256 else set())

    def check(self, digest: Callable[[str], bytes], trailers: dict[str, str] | None = None) -> None:
        """Raise BadDigest or XAmzContentSHA256Mismatch where the body is not what was stated; `trailers` came behind it."""
        if self.sha256 and not hmac.compare_digest(self.sha256, digest("SHA256").hex()):
            raise Said(
                "XAmzContentSHA256Mismatch",
                400,
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                ClientComputedContentSHA256=self.sha256,
                S3ComputedContentSHA256=digest("SHA256").hex(),
            )
        if self.md5 is not None and not hmac.compare_digest(self.md5, digest("MD5")):
            raise Said("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
        value = self.value
        if value is None and self.algorithm:
            value = (trailers or {}).get(PREFIX + self.algorithm.lower())
            if value is None:
                raise Said(
                    "MalformedTrailerError",
                    400,
                    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
                )
        if value is not None and not hmac.compare_digest(decoded(self.algorithm, value), digest(self.algorithm)):
            raise Said("BadDigest", 400, f"The {self.algorithm} you specified did not match the calculated checksum.")


def stated(request: HttpRequest, *, sha256: str = "") -> Stated:
    """Read the digests of a head. Raises InvalidDigest and InvalidRequest where they are none, or more than one checksum."""
    md5 = request.header("content-md5")
    given = {name: value for name, value in request.headers if name.startswith(PREFIX) and name not in _NOT_SUMS}
    announced = [part.strip().lower() for part in (request.header("x-amz-trailer") or "").split(",") if part.strip()]
    trailing = [name for name in announced if name not in given]
    if any(not name.startswith(PREFIX) or _algorithm(name) not in LENGTHS for name in trailing):
        raise _invalid("The value specified in the x-amz-trailer header is not supported")
    names = [*given, *trailing]
    if len(names) > 1:
        raise _invalid("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
    named = (request.header("x-amz-sdk-checksum-algorithm") or "").upper()
    if named and named not in LENGTHS:
        raise _invalid("Value for x-amz-sdk-checksum-algorithm header is invalid.")
    if named and not names:
        raise _invalid(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."
        )
    algorithm = _algorithm(names[0]) if names else ""
    if algorithm and (algorithm not in LENGTHS or (named and named != algorithm)):
        raise _invalid("Value for x-amz-sdk-checksum-algorithm header is invalid.")
    value = given.get(names[0]) if names else None
    if value is not None:
        decoded(algorithm, value)
    return Stated(md5=_md5(md5), algorithm=algorithm, value=value, sha256=sha256)


def decoded(algorithm: str, value: str) -> bytes:
    """The checksum in base64. Raises InvalidRequest for what is none."""
    found = _base64(value, LENGTHS[algorithm])
    if found is None:
        raise _invalid(f"Value for {PREFIX}{algorithm.lower()} header is invalid.")
    return found


def is_hex_digest(text: str) -> bool:
    """Whether a text is a SHA-256 in hex."""
    return len(text) == 64 and _HEX.issuperset(text)


def _algorithm(name: str) -> str:
    return name[len(PREFIX) :].upper()


def _md5(value: str | None) -> bytes | None:
    if value is None:
        return None
    found = _base64(value, 16)
    if found is None:
        raise Said("InvalidDigest", 400, "The Content-MD5 you specified was invalid.")
    return found


def _base64(text: str, length: int) -> bytes | None:
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == length else None


def _invalid(text: str) -> Said:
    return Said("InvalidRequest", 400, text)
