"""Dates, credential scopes and signing keys (AWS reference: "Create a signed AWS API request").

kDate = HMAC("AWS4" + secret, yyyymmdd), kRegion = HMAC(kDate, region), kService = HMAC(kRegion, service),
kSigning = HMAC(kService, "aws4_request")
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from functools import lru_cache

from podid.core.macs import Mac, mac_with

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_KEPT_KEYS = 512
"""Derived keys kept: four of the five HMACs of a check. A pod makes many calls with one key, day and region."""

_KEPT_DATES = 64
"""Signing dates kept as read: they have whole seconds, and a busy server sees the same one many times."""

_DATE = re.compile(r"\d{8}T(?:[01]\d|2[0-3])\d{4}Z", re.ASCII)
_S3 = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})


def is_s3(service: str) -> bool:
    """Whether a signing name follows S3's rules: the path is encoded once and not normalised, payloads may go unsigned."""
    return service in _S3


@lru_cache(maxsize=_KEPT_KEYS)
def signing_mac(secret: str, day: str, region: str, service: str) -> Mac:
    """HMAC-SHA256 with the kSigning of a secret for one day, region and service."""
    key = hmac.digest(b"AWS4" + secret.encode(), day.encode(), "sha256")
    for part in (region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return mac_with(key)


def format_date(at: datetime) -> str:
    """`yyyymmddThhmmssZ`."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def parse_date(text: str) -> datetime | None:
    """The instant of `yyyymmddThhmmssZ`; None where the text is not of that form."""
    return _instant(text) if len(text) == 16 else None


@lru_cache(_KEPT_DATES)
def _instant(text: str) -> datetime | None:
    if not _DATE.fullmatch(text):  # Python reads more forms than this one, later ones also the hour 24
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
