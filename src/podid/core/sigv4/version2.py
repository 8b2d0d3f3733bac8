"""S3's signature version 2 (Amazon S3 user guide, "Signing and authenticating REST requests"), which boto3 still uses for presigned
addresses in us-east-1.

    BASE64(HMAC-SHA1(secret, METHOD \\n Content-MD5 \\n Content-Type \\n DATE \\n x-amz-…:value\\n … RESOURCE))

DATE is the Date header, nothing where there is an x-amz-date, and the Expires parameter where presigned. RESOURCE is the path as sent and
those query parameters that belong to it. What the scheme leaves unsigned but would choose another operation is refused here.
"""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import unquote

from podid.core.http import HttpRequest
from podid.core.sigv4.claim import Claim, http_date
from podid.core.sigv4.problems import Problem, SignatureProblem
from podid.core.sigv4.scope import parse_date

_SIGNED_PARAMETERS = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "defaultObjectAcl",
        "delete",
        "inventory",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "partNumber",
        "policy",
        "replication",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    }
)

_NEVER_SIGNED = frozenset(
    {
        "abac",
        "annotation",
        "attributes",
        "encryption",
        "intelligent-tiering",
        "legal-hold",
        "metadataAnnotationTable",
        "metadataConfiguration",
        "metadataInventoryTable",
        "metadataJournalTable",
        "metadataTable",
        "ownershipControls",
        "policyStatus",
        "publicAccessBlock",
        "renameObject",
        "retention",
        "session",
    }
)
"""Sub-resources younger than the scheme. Anyone could add one to an address that somebody else signed, and it would be another call."""

_KEY_ID = re.compile(r"[A-Za-z0-9]{1,128}")
_EPOCH = re.compile(r"\d{1,11}", re.ASCII)


def read_header(request: HttpRequest, rest: str) -> Claim:
    """The claim of `Authorization: AWS ID:SIGNATURE`. Raises SignatureProblem."""
    key_id, colon, signature = rest.strip().partition(":")
    if not colon or not signature or not _KEY_ID.fullmatch(key_id):
        raise SignatureProblem(
            Problem.MALFORMED, "AWS authorization header is invalid. Expected AwsAccessKeyId:signature"
        )
    text = request.header("x-amz-date") or request.header("date")
    if not text:
        raise SignatureProblem(Problem.MISSING_PARTS, "AWS authentication requires a valid Date or x-amz-date header")
    return Claim(
        access_key_id=key_id,
        signature=signature,
        version="v2",
        date=_date(text),
        date_text=text,
        service="s3",
        session_token=request.header("x-amz-security-token") or "",
        payload_hash="UNSIGNED-PAYLOAD",
    )


def read_presigned(parameters: dict[str, str]) -> Claim:
    """The claim of `?AWSAccessKeyId=…&Signature=…&Expires=…`. Raises SignatureProblem."""
    if "SignatureVersion" in parameters:
        # The query protocols' own version 2, which AWS has retired.
        raise SignatureProblem(
            Problem.UNSUPPORTED_ALGORITHM,
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        )
    missing = [name for name in ("Signature", "Expires") if not parameters.get(name)]
    if missing:
        raise SignatureProblem(
            Problem.MISSING_PARTS,
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        )
    if not _KEY_ID.fullmatch(parameters["AWSAccessKeyId"]):
        raise SignatureProblem(Problem.MALFORMED, "The access key id is not one.")
    if not _EPOCH.fullmatch(parameters["Expires"]):
        raise SignatureProblem(Problem.MALFORMED, "Invalid Expires: should be a number of seconds since 1970")
    # Base64 may hold `+`, which a signer that does not escape it sends as it is.
    return Claim(
        access_key_id=parameters["AWSAccessKeyId"],
        signature=parameters["Signature"].replace(" ", "+"),
        version="v2",
        service="s3",
        session_token=parameters.get("x-amz-security-token", ""),
        presigned=True,
        expires_at=datetime.fromtimestamp(int(parameters["Expires"]), UTC),
        payload_hash="UNSIGNED-PAYLOAD",
    )


def _date(text: str) -> datetime:
    date = parse_date(text) or http_date(text)
    if date is None:
        raise SignatureProblem(Problem.MALFORMED, "AWS authentication requires a valid Date or x-amz-date header")
    return date


def check_version2(claim: Claim, request: HttpRequest, secret: str, *, now: datetime) -> None:
    """Raise SignatureProblem unless the claim holds for the request."""
    from podid.core.sigv4.checking import MISMATCH_TEXT, WINDOW  # the same window and words as version 4

    if claim.presigned:
        assert claim.expires_at is not None
        if now >= claim.expires_at:
            raise SignatureProblem(Problem.EXPIRED, "Request has expired")
    else:
        assert claim.date is not None
        if abs(now - claim.date) > WINDOW:
            raise SignatureProblem(
                Problem.SKEWED, "The difference between the request time and the current time is too large."
            )
    parameters = _parameters(request.query)
    loose = sorted(name for name, _ in parameters if name in _NEVER_SIGNED)
    if loose:
        raise SignatureProblem(
            Problem.UNSUPPORTED_ALGORITHM,
            f"Signature version 2 does not cover {', '.join(loose)}. Please use AWS4-HMAC-SHA256.",
        )
    text = _string_to_sign(claim, request, parameters)
    expected = base64.b64encode(hmac.digest(secret.encode(), text.encode("latin-1", "replace"), "sha1"))
    if not hmac.compare_digest(claim.signature.encode("latin-1", "replace"), expected):
        raise SignatureProblem(Problem.MISMATCH, MISMATCH_TEXT)


def _parameters(query: str) -> list[tuple[str, str | None]]:
    pairs: list[tuple[str, str | None]] = []
    for part in query.split("&"):
        if part:
            name, equals, value = part.partition("=")
            pairs.append((unquote(name), value if equals else None))
    return pairs


def _string_to_sign(claim: Claim, request: HttpRequest, parameters: list[tuple[str, str | None]]) -> str:
    custom: dict[str, list[str]] = {}
    for name, value in request.headers:
        if name.startswith("x-amz-"):
            custom.setdefault(name, []).append(value.strip(" \t"))
    given = {name.lower(): unquote(value or "") for name, value in parameters} if claim.presigned else {}
    for name, value in given.items():
        # A presigned address carries as parameters what its signer had as headers.
        if name.startswith("x-amz-") and name not in custom:
            custom[name] = [value]
    if claim.presigned:
        assert claim.expires_at is not None
        date = str(int(claim.expires_at.timestamp()))
    else:
        date = "" if "x-amz-date" in custom else request.header("date") or ""
    lines = [
        request.method,
        request.header("content-md5") or given.get("content-md5", ""),
        request.header("content-type") or given.get("content-type", ""),
        date,
        *(f"{name}:{','.join(custom[name])}" for name in sorted(custom)),
    ]
    return "\n".join(lines) + "\n" + _resource(request.path, parameters)


def _resource(path: str, parameters: list[tuple[str, str | None]]) -> str:
    signed = sorted((name, value) for name, value in parameters if name in _SIGNED_PARAMETERS)
    if not signed:
        return path
    return path + "?" + "&".join(name if value is None else f"{name}={unquote(value)}" for name, value in signed)
