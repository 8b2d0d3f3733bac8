"""What a request says about its signer, read and not yet believed.

Three answers: None (the request does not try to be signed), a Claim, or SignatureProblem. Forms taken:

    Authorization: AWS4-HMAC-SHA256 Credential=ID/DAY/REGION/SERVICE/aws4_request, SignedHeaders=a;b, Signature=HEX
    ?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=…&X-Amz-Date=…&X-Amz-Expires=…&X-Amz-SignedHeaders=…&X-Amz-Signature=…
    Authorization: AWS ID:BASE64                                        signature version 2, S3 only
    ?AWSAccessKeyId=ID&Signature=BASE64&Expires=EPOCH                   the same, presigned
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote_plus

from msgspec import Struct

from podid.core.http import Headers, HttpRequest
from podid.core.sigv4.problems import Problem, SignatureProblem
from podid.core.sigv4.scope import ALGORITHM, TERMINATOR, UNSIGNED_PAYLOAD, is_s3, parse_date

MAX_EXPIRES = 604_800
"""Seconds: a week, AWS's own limit for presigned requests."""

DEFAULT_EXPIRES = 900
"""Seconds a presigned request lasts that does not say, as other services than S3 take it."""

MAX_AUTHORIZATION = 8 * 1024
"""Characters. S3 refuses headers of more than 8 KB in all."""

_KEPT = 512
"""Credentials and lists of signed headers kept as read: a client sends the same ones all day."""

_BEFORE_SIGNATURE = ", Signature="
_KEY_ID = re.compile(r"[A-Za-z0-9_+=.@-]{1,128}")
_SCOPE_PART = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DAY = re.compile(r"\d{8}", re.ASCII)
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_UNREPEATABLE = frozenset(
    {
        "authorization",
        "content-length",
        "content-type",
        "date",
        "host",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-decoded-content-length",
        "x-amz-security-token",
        "x-amz-target",
    }
)
"""Headers that two readers could take differently if they came twice."""


class Claim(Struct, frozen=True, kw_only=True):
    """A signature and what it is about. Strings are as the signer wrote them; `date` is the signing time.

    `payload_hash` is what stands for the body in the canonical request: a hex digest, UNSIGNED-PAYLOAD, a STREAMING-… word, or empty for
    "the digest of the body, whatever that is". For version 2, `expires_at` is absolute and `date` None where presigned.
    """

    access_key_id: str
    signature: str
    version: Literal["v4", "v2"] = "v4"
    date: datetime | None = None
    date_text: str = ""
    day: str = ""
    region: str = ""
    service: str = ""
    signed_headers: tuple[str, ...] = ()
    session_token: str = ""
    presigned: bool = False
    expires: int = 0
    """Seconds a presigned request lasts from `date`; 0 where it is not presigned."""
    expires_at: datetime | None = None
    payload_hash: str = ""

    @property
    def scope(self) -> str:
        """The credential scope: `DAY/REGION/SERVICE/aws4_request`."""
        return f"{self.day}/{self.region}/{self.service}/{TERMINATOR}"

    @property
    def is_streaming(self) -> bool:
        """Whether the body comes in chunks with signatures or trailers of their own."""
        return self.payload_hash.startswith("STREAMING-")

    def __repr__(self) -> str:
        return f"Claim(access_key_id={self.access_key_id!r}, scope={self.scope!r}, version={self.version!r})"


def read_claim(request: HttpRequest) -> Claim | None:
    """The claim of a request; None where nothing tries to sign it. Raises SignatureProblem for what tries and is not well-formed."""
    values = dict(request.headers)
    if len(values) < len(request.headers):
        _refuse_repeated(request.headers)
    authorization = values.get("authorization")
    parameters = signature_parameters(request.query) if request.query else {}
    if authorization is None:
        if not parameters:
            return None
        if "AWSAccessKeyId" in parameters:
            from podid.core.sigv4.version2 import read_presigned  # only S3's old clients come here

            return read_presigned(parameters)
        return _presigned(request, parameters)
    if parameters:
        raise _malformed(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified"
        )
    if len(authorization) > MAX_AUTHORIZATION:
        raise _malformed("The Authorization header is too long.")
    scheme, _, rest = authorization.partition(" ")
    if scheme == "AWS":
        from podid.core.sigv4.version2 import read_header

        return read_header(request, rest)
    if scheme != ALGORITHM:
        raise _other_algorithm(scheme)
    return _from_header(values, rest)


def _refuse_repeated(headers: Headers) -> None:
    seen: set[str] = set()
    for name, _ in headers:
        if name in _UNREPEATABLE:
            if name in seen:
                raise _malformed(f"The header '{name}' must not be given more than once.")
            seen.add(name)


def signature_parameters(query: str) -> dict[str, str]:
    """The query parameters that make a signature, decoded; empty where the query has none. Raises SignatureProblem for repeated ones."""
    if "X-Amz-" not in query and "AWSAccessKeyId" not in query and "x-amz-" not in query.lower():
        return {}
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if "%" in name or "+" in name:
            name = unquote_plus(name)
        if name in ("AWSAccessKeyId", "Signature", "Expires", "SignatureVersion") or name[:6].lower() == "x-amz-":
            if name in found:
                raise _malformed(f"The query parameter '{name[:64]}' must not be given more than once.")
            found[name] = unquote_plus(value) if "%" in value or "+" in value else value
    signing = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "AWSAccessKeyId")
    return found if any(name in found for name in signing) else {}


def _from_header(values: Mapping[str, str], rest: str) -> Claim:
    """The claim of an Authorization header, `rest` being what follows the algorithm; `values` has what must not be repeated once."""
    credential, signed_headers, signature = _authorization_parts(rest)
    date_text = values.get("x-amz-date", "")
    date_name = "x-amz-date" if date_text else "date"
    if not date_text:
        date_text = values.get("date", "")
    if not (credential and signature and signed_headers and date_text):
        needed = {"Credential": credential, "Signature": signature, "SignedHeaders": signed_headers}
        texts = [f"Authorization header requires '{name}' parameter." for name, value in needed.items() if not value]
        if not date_text:
            texts.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        raise SignatureProblem(Problem.MISSING_PARTS, " ".join(texts))
    date = parse_date(date_text) or (http_date(date_text) if date_name == "date" else None)
    if date is None:
        raise _malformed("Date must be in ISO-8601 'basic format'. See http://en.wikipedia.org/wiki/ISO_8601")
    key_id, day, region, service = credential_parts(credential)
    signed = _signed_headers(signed_headers)
    if date_name == "date":
        date_text = date.strftime("%Y%m%dT%H%M%SZ")
    if day != date_text[:8]:
        raise _other_day(day, date_text)
    if date_name not in signed:
        raise _malformed(
            f"'{'X-Amz-Date' if date_name == 'x-amz-date' else 'Date'}' must be a 'SignedHeader' in the AWS Authorization."
        )
    payload_hash = values.get("x-amz-content-sha256", "")
    if not payload_hash and is_s3(service):
        raise SignatureProblem(Problem.NO_DIGEST, "Missing required header for this request: x-amz-content-sha256")
    return Claim(
        access_key_id=key_id,
        signature=signature,
        date=date,
        date_text=date_text,
        day=day,
        region=region,
        service=service,
        signed_headers=signed,
        session_token=values.get("x-amz-security-token", ""),
        payload_hash=payload_hash,
    )


def _presigned(request: HttpRequest, parameters: dict[str, str]) -> Claim:
    if parameters.get("SignatureVersion"):
        raise _unsupported()
    if parameters.get("X-Amz-Algorithm") != ALGORITHM:
        raise _other_algorithm(parameters.get("X-Amz-Algorithm", ""))
    needed = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    missing = [name for name in needed if not parameters.get(name)]
    if missing:
        raise SignatureProblem(
            Problem.MISSING_PARTS, " ".join(f"AWS query-string parameters must include '{name}'." for name in missing)
        )
    key_id, day, region, service = credential_parts(parameters["X-Amz-Credential"])
    date = parse_date(parameters["X-Amz-Date"])
    if date is None:
        raise _malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    if day != parameters["X-Amz-Date"][:8]:
        raise _other_day(day, parameters["X-Amz-Date"])
    expires = _expires(parameters.get("X-Amz-Expires"), service)
    signed = _signed_headers(parameters["X-Amz-SignedHeaders"])
    payload_hash = parameters.get("X-Amz-Content-Sha256", "")
    if not payload_hash and "x-amz-content-sha256" in signed:
        payload_hash = request.header("x-amz-content-sha256") or ""
    if not payload_hash and is_s3(service):
        payload_hash = UNSIGNED_PAYLOAD
    return Claim(
        access_key_id=key_id,
        signature=parameters["X-Amz-Signature"],
        date=date,
        date_text=parameters["X-Amz-Date"],
        day=day,
        region=region,
        service=service,
        signed_headers=signed,
        session_token=parameters.get("X-Amz-Security-Token", ""),
        presigned=True,
        expires=expires,
        expires_at=_end(date, expires),
        payload_hash=payload_hash,
    )


def _expires(text: str | None, service: str) -> int:
    if text is None:
        if is_s3(service):
            raise SignatureProblem(Problem.MISSING_PARTS, "AWS query-string parameters must include 'X-Amz-Expires'.")
        return DEFAULT_EXPIRES
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 9:
        raise _malformed("X-Amz-Expires should be a number")
    expires = int(text)
    if expires < 0:
        raise _malformed("X-Amz-Expires must be non-negative")
    if expires > MAX_EXPIRES:
        raise _malformed(
            f"X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than {MAX_EXPIRES} seconds"
        )
    return expires


def _end(date: datetime, expires: int) -> datetime:
    """The instant from which a presigned request does not hold any more; whoever dates one 9999 gets the last there is."""
    try:
        return date + timedelta(seconds=expires)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _authorization_parts(rest: str) -> tuple[str, str, str]:
    """Credential, SignedHeaders and Signature, each empty where it is missing. Raises SignatureProblem."""
    before, comma, signature = rest.partition(_BEFORE_SIGNATURE)
    if not comma or "," in signature:
        return _parts(rest)
    credential, signed_headers = _parts_before(before)
    return credential, signed_headers, signature.rstrip()


@lru_cache(_KEPT)
def _parts_before(text: str) -> tuple[str, str]:
    """Credential and SignedHeaders where the Signature comes last, as SDKs have it: what stands before it is the same all day."""
    credential, signed_headers, _ = _parts(f"{text}{_BEFORE_SIGNATURE}-")
    return credential, signed_headers


def _parts(text: str) -> tuple[str, str, str]:
    parts: dict[str, str] = {}
    for piece in text.split(","):
        name, equals, value = piece.strip().partition("=")
        if not equals or name in parts:
            raise _malformed(
                "The Authorization header must be 'AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…'."
            )
        parts[name] = value
    return parts.get("Credential", ""), parts.get("SignedHeaders", ""), parts.get("Signature", "")


@lru_cache(_KEPT)
def credential_parts(text: str) -> tuple[str, str, str, str]:
    """Access key id, day, region and service of a Credential. Raises SignatureProblem."""
    parts = text.split("/")
    if len(parts) != 5:
        raise _malformed(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    key_id, day, region, service, terminator = parts
    if not _KEY_ID.fullmatch(key_id):
        raise _malformed("The access key id in the Credential is not one.")
    if terminator != TERMINATOR:
        raise SignatureProblem(Problem.SCOPE, f"Credential should be scoped with a valid terminator: '{TERMINATOR}'.")
    if not _DAY.fullmatch(day) or not _SCOPE_PART.fullmatch(region) or not _SCOPE_PART.fullmatch(service):
        raise SignatureProblem(Problem.SCOPE, "Credential should be scoped as keyid/date/region/service/aws4_request.")
    return key_id, day, region, service


@lru_cache(_KEPT)
def _signed_headers(text: str) -> tuple[str, ...]:
    names = tuple(text.split(";"))
    if list(names) != sorted(set(names)) or not all(_HEADER_NAME.fullmatch(name) for name in names):
        raise _malformed("SignedHeaders must be lower-case header names, sorted, each once, separated by semicolons.")
    if "host" not in names:
        raise _malformed("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    return names


def _other_day(day: str, date_text: str) -> SignatureProblem:
    return SignatureProblem(
        Problem.SCOPE,
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        f"'{day}' != '{date_text[:8]}', from '{date_text}'.",
    )


def _other_algorithm(name: str) -> SignatureProblem:
    if name == "AWS4-ECDSA-P256-SHA256":
        return SignatureProblem(
            Problem.UNSUPPORTED_ALGORITHM,
            "SigV4A (AWS4-ECDSA-P256-SHA256) is not supported: sign with AWS4-HMAC-SHA256.",
        )
    return _unsupported()


def _unsupported() -> SignatureProblem:
    return SignatureProblem(
        Problem.UNSUPPORTED_ALGORITHM,
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    )


def http_date(text: str) -> datetime | None:
    """The instant of a Date header; `-0000`, which Python's and botocore's own writers put, is UTC (RFC 5322 section 3.3)."""
    if len(text) > 64:
        return None
    from email.utils import parsedate_to_datetime  # loads half the network's standard library, for a form seldom seen

    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, IndexError, TypeError, OverflowError):  # the last: a date that is of the year 10000 in UTC
        return None


def _malformed(text: str) -> SignatureProblem:
    return SignatureProblem(Problem.MALFORMED, text)
