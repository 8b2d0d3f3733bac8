"""The session tokens of IMDSv2: nothing is stored, a keyed hash says that this process made one and until when it is good.

A token has the form of EC2's, 56 characters that begin with AQAE: 3 fixed bytes, 5 of expiry (seconds since the epoch), 8 random ones,
24 of HMAC-SHA-256 over all before. The key lives as long as the process; SDKs ask for a new token when theirs is refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

MIN_TTL: Final = 1
MAX_TTL: Final = 21600
"""Six hours: EC2's bounds for a token's life, in seconds."""

_MARK: Final = b"\x01\x00\x04"
_MAC: Final = 24
_LENGTH: Final = 56


def parse_ttl(text: str) -> int | None:
    """The life asked for, None where it is not a whole number of seconds from 1 to 21600."""
    if not (1 <= len(text) <= 5 and text.isascii() and text.isdigit()):
        return None
    ttl = int(text)
    return ttl if MIN_TTL <= ttl <= MAX_TTL else None


def make(key: bytes, *, expires_at: int, nonce: bytes) -> str:
    """A token that is good before `expires_at`. `nonce` is 8 random bytes."""
    claim = _MARK + expires_at.to_bytes(5, "big") + nonce
    return base64.urlsafe_b64encode(claim + _mac(key, claim)).decode()


def seconds_left(key: bytes, token: str, now: float) -> int:
    """How long a token is good for; 0 for one that has ended, was altered, or is none of ours."""
    if len(token) != _LENGTH or not token.isascii():
        return 0
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return 0
    if base64.urlsafe_b64encode(raw).decode() != token:
        return 0  # base64 can write the last byte in several ways; a token has one form
    claim, mac = raw[:-_MAC], raw[-_MAC:]
    if not hmac.compare_digest(mac, _mac(key, claim)) or not claim.startswith(_MARK):
        return 0
    return max(0, int(int.from_bytes(claim[3:8], "big") - now))


def _mac(key: bytes, claim: bytes) -> bytes:
    return hmac.digest(key, claim, "sha256")[:_MAC]
