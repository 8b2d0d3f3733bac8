"""Reads a service account token's claims without believing them, and says what is wrong in the words of AWS's agent.

AWS's agent reads with golang-jwt's `ParseUnverified` and then checks `exp` and `nbf` without leeway; its texts reach the users of boto3,
the CLI and Go, and people search for them. Nothing here proves anything about a token: that takes a signature check or EKS Auth's answer.
"""

from __future__ import annotations

import base64
import math
from typing import Any, Final

import msgspec
from msgspec import Struct

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

_FAR: Final = 1e15
"""Seconds that no date is away: a larger number is no date."""


class BadToken(ValueError):
    """A token that cannot be passed on; the text is the answer's body and repeats nothing of the token."""


class PodName(Struct, frozen=True):
    name: str = ""
    uid: str = ""


class KubernetesClaims(Struct, frozen=True):
    namespace: str = ""
    pod: PodName = PodName()
    serviceaccount: PodName = PodName()


class UnverifiedClaims(Struct, frozen=True, kw_only=True):
    """What a token says of itself. `not_before` and `expires_at` are seconds since the epoch, infinite where it does not say."""

    issuer: str = ""
    not_before: float = -math.inf
    expires_at: float = math.inf
    kubernetes: KubernetesClaims = KubernetesClaims()


def read(token: bytes) -> UnverifiedClaims:
    """The claims of a token in compact form. Raises BadToken with AWS's text."""
    if not token:
        raise BadToken("Service account token cannot be empty")
    parts = token.split(b".")
    if len(parts) != 3:
        raise _malformed("token contains an invalid number of segments")
    header = _object(parts[0], "header")
    claims = _object(parts[1], "claim")
    _decode(parts[2], "signature")
    if not isinstance(header.get("alg"), str):
        raise BadToken(
            "Service account token cannot be parsed: token is unverifiable: signing method (alg) is unspecified"
        )
    try:
        kubernetes = msgspec.convert(claims.get("kubernetes.io", {}), KubernetesClaims)
    except msgspec.ValidationError:
        kubernetes = KubernetesClaims()  # EKS Auth will say what it thinks of it
    issuer = claims.get("iss", "")
    return UnverifiedClaims(
        issuer=issuer if isinstance(issuer, str) else "",
        not_before=_date(claims.get("nbf"), -math.inf),
        expires_at=_date(claims.get("exp"), math.inf),
        kubernetes=kubernetes,
    )


def check_times(claims: UnverifiedClaims, now: float) -> None:
    """Raise BadToken outside the token's time. The expiry instant is already too late, the first one is not too early."""
    if now >= claims.expires_at:
        raise BadToken("Service account token failed basic claim validations: token is expired")
    if now < claims.not_before:
        raise BadToken("Service account token failed basic claim validations: token is not valid yet")


def _malformed(what: str) -> BadToken:
    return BadToken(f"Service account token cannot be parsed: token is malformed: {what}")


def _object(part: bytes, name: str) -> dict[str, Any]:
    raw = _decode(part, name)
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _malformed(f"could not JSON decode {name}") from None
    if not isinstance(value, dict):
        raise _malformed(f"could not JSON decode {name}")
    return value


def _decode(part: bytes, name: str) -> bytes:
    foreign = part.translate(None, _ALPHABET)
    if foreign:
        position = part.index(foreign[:1])
        raise _malformed(f"could not base64 decode {name}: illegal base64 data at input byte {position}")
    if len(part) % 4 == 1:
        raise _malformed(f"could not base64 decode {name}: illegal base64 data at input byte {len(part) - 1}")
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _date(value: object, absent: float) -> float:
    if value is None:
        return absent
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_FAR <= value <= _FAR:
        raise _malformed("could not JSON decode claim: a date is not a number")
    return float(value)
