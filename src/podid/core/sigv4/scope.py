"""Dates, credential scopes and signing keys (AWS reference: "Create a signed AWS API request").

kDate = HMAC("AWS4" + secret, yyyymmdd), kRegion = HMAC(kDate, region), kService = HMAC(kRegion, service),
kSigning = HMAC(kService, "aws4_request")
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from functools import lru_cache

from podid.core.macs import mac_with

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_KEPT_KEYS = 512
"""Derived keys kept: four of the five HMACs of a check. A pod makes many calls with one key, day and region."""

_S3 = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})


def is_s3(service: str) -> bool:
    """Whether a signing name follows S3's rules: the path is encoded once and not normalised, payloads may go unsigned."""
    return service in _S3


@lru_cache(maxsize=_KEPT_KEYS)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """kSigning of a secret for one day, region and service."""
    key = hmac.digest(b"AWS4" + secret.encode(), day.encode(), "sha256")
    for part in (region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def mac(key: bytes, text: str) -> str:
    """The HMAC-SHA256 of a text, in hex."""
    return mac_with(key)(text.encode()).hex()


def format_date(at: datetime) -> str:
    """`yyyymmddThhmmssZ`."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def parse_date(text: str) -> datetime | None:
    """The instant of `yyyymmddThhmmssZ`; None where the text is not of that form."""
    if len(text) != 16 or text[8] != "T" or text[15] != "Z" or not text.isascii():
        return None
    digits = text[:8] + text[9:15]
    if not digits.isdigit():
        return None
    try:
        return datetime(
            int(digits[:4]),
            int(digits[4:6]),
            int(digits[6:8]),
            int(digits[8:10]),
            int(digits[10:12]),
            int(digits[12:]),
            tzinfo=UTC,
        )
    except ValueError:
        return None
