"""Whether a claim holds: the request is this one, the signer knows the secret, and the time has not passed.

`check` makes these steps, in this order:

  1. the time: the signing date lies within 15 minutes of now; a presigned request has begun and not ended
  2. the headers: every `x-amz-` header of the request is among the signed ones
  3. the payload: the body's digest is the one signed, or the service lets payloads go unsigned
  4. the signature, in constant time
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from podid.core.http import HttpRequest
from podid.core.sigv4.canonical import (
    canonical_headers,
    canonical_query,
    header_values,
    path_for_others,
    path_for_s3,
    raw_pairs,
    reencoded,
    request_digest,
)
from podid.core.sigv4.claim import Claim
from podid.core.sigv4.problems import Problem, SignatureProblem
from podid.core.sigv4.scope import ALGORITHM, UNSIGNED_PAYLOAD, format_date, is_s3, signing_mac

WINDOW = timedelta(minutes=15)
"""How far a signing date may lie from now, both ways (AWS reference: "Troubleshoot Signature Version 4"). The edge itself is let in."""

_HEX = frozenset("0123456789abcdefABCDEF")
_MAY_BE_UNSIGNED = frozenset({"x-amz-content-sha256", "x-amz-security-token", "x-amz-user-agent"})
"""`x-amz-` headers that need not be signed by name: the digest stands in the canonical request anyway, a session token that is not the key's
own opens to another secret (S3 wants it signed all the same), and the Rust SDK leaves out what only tells its version."""

MISMATCH_TEXT = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


def check(
    claim: Claim,
    request: HttpRequest,
    secret: str,
    *,
    now: datetime,
    body_sha256: str | None = None,
    unsigned_payload: bool | None = None,
) -> None:
    """Raise SignatureProblem unless the claim holds for the request.

    `body_sha256` (hex) spares hashing `request.body`, for a body that was hashed as it streamed in. `unsigned_payload` says whether the
    operation may leave its body unsigned; by default S3's may, and no other. For a claim that `is_streaming` this checks the seed signature
    only: the chunks follow (`chunks`).
    """
    if claim.version == "v2":
        from podid.core.sigv4.version2 import check_version2  # only S3's old clients come here

        check_version2(claim, request, secret, now=now)
        return
    _check_time(claim, now)  # 1
    values = header_values(request.headers)
    _check_headers(claim, values)  # 2
    digest = _payload_hash(claim, request, body_sha256, unsigned_payload)  # 3
    if not _is_signed(claim, request, secret, values, digest):  # 4
        raise SignatureProblem(Problem.MISMATCH, MISMATCH_TEXT)


def _check_time(claim: Claim, now: datetime) -> None:
    assert claim.date is not None, "a version 4 claim has a date"
    if claim.expires_at is None and abs(claim.date - now) <= WINDOW:
        return  # as nearly always; whole seconds, below, only move the edge
    now = now.replace(microsecond=0)  # signing dates have whole seconds: at 15:00 a signature holds for that second
    if claim.expires_at is not None:
        if now >= claim.expires_at:
            raise SignatureProblem(Problem.EXPIRED, "Request has expired")
        if claim.date > now + WINDOW:
            raise SignatureProblem(Problem.EXPIRED, "Request is not yet valid")
        return
    if abs(claim.date - now) <= WINDOW:
        return
    at, minutes = format_date(now), int(WINDOW.total_seconds() // 60)
    if claim.date < now:
        edge = format_date(now - WINDOW)
        text = f"Signature expired: {claim.date_text} is now earlier than {edge} ({at} - {minutes} min.)"
        raise SignatureProblem(Problem.SKEWED, text)
    edge = format_date(now + WINDOW)
    text = f"Signature not yet current: {claim.date_text} is still later than {edge} ({at} + {minutes} min.)"
    raise SignatureProblem(Problem.SKEWED, text)


def _check_headers(claim: Claim, values: Mapping[str, str]) -> None:
    signed = claim.signed_headers
    loose = [
        name for name in values if name not in signed and name.startswith("x-amz-") and name not in _MAY_BE_UNSIGNED
    ]
    if "x-amz-security-token" in values and "x-amz-security-token" not in signed and is_s3(claim.service):
        loose.append("x-amz-security-token")
    if loose:
        raise SignatureProblem(
            Problem.UNSIGNED_HEADERS,
            "There were headers present in the request which were not signed",
            private=", ".join(sorted(loose)),
        )
    if "host" not in values:
        raise SignatureProblem(Problem.MALFORMED, "The request must have a Host header.")


def _payload_hash(claim: Claim, request: HttpRequest, body_sha256: str | None, unsigned_payload: bool | None) -> str:
    """What stands for the body in the canonical request."""
    stated = claim.payload_hash
    may_be_unsigned = is_s3(claim.service) if unsigned_payload is None else unsigned_payload
    if may_be_unsigned and (stated == UNSIGNED_PAYLOAD or claim.is_streaming):
        return stated
    if may_be_unsigned and stated and not _is_digest(stated):
        raise SignatureProblem(Problem.BAD_DIGEST, "x-amz-content-sha256 is neither a digest nor a known word")
    actual = body_sha256 or hashlib.sha256(request.body).hexdigest()
    if stated and not hmac.compare_digest(stated.encode("latin-1", "replace"), actual.encode()):
        raise SignatureProblem(
            Problem.BODY_MISMATCH, "The provided 'x-amz-content-sha256' header does not match what was computed."
        )
    return actual


def _is_digest(text: str) -> bool:
    return len(text) == 64 and _HEX.issuperset(text)


def _is_signed(claim: Claim, request: HttpRequest, secret: str, values: Mapping[str, str], payload_hash: str) -> bool:
    given = claim.signature.encode("latin-1", "replace")
    mac = signing_mac(secret, claim.day, claim.region, claim.service)
    headers = canonical_headers(claim.signed_headers, values)
    signed = ";".join(claim.signed_headers)
    for path, query in _addresses(claim, request):
        digest = request_digest(request.method, path, query, headers, signed, payload_hash)
        expected = mac(f"{ALGORITHM}\n{claim.date_text}\n{claim.scope}\n{digest}".encode())
        if hmac.compare_digest(given, expected.hex().encode()):
            return True
    return False


def _addresses(claim: Claim, request: HttpRequest) -> list[tuple[str, str]]:
    """Path and query as they may have been signed.

    In canonical form first. Some signers (botocore among them) leave the query, and S3's path, as they send it, encoded to taste: what is
    signed is then exactly what was sent, which is no weaker.
    """
    s3 = is_s3(claim.service)
    path = path_for_s3(request.path) if s3 else path_for_others(request.path)
    if not request.query:
        return [(path, ""), (request.path, "")] if s3 and path != request.path else [(path, "")]
    sent = raw_pairs(request.query)
    if claim.presigned:
        sent = [pair for pair in sent if pair[0] != "X-Amz-Signature"]
    pairs = reencoded(sent)
    found = [(path, canonical_query(pairs))]
    if pairs != sent or (s3 and path != request.path):
        found.append((request.path if s3 else path, canonical_query(sent)))
    return found
