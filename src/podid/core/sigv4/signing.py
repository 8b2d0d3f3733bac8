"""Signing requests, in the header form and as presigned addresses: what podid's own parts send, and what tests try the checker with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit, urlunsplit

from podid.core.sigv4.canonical import (
    canonical_headers,
    canonical_query,
    path_for_others,
    path_for_s3,
    raw_pairs,
    reencoded,
    request_digest,
)
from podid.core.sigv4.claim import MAX_EXPIRES
from podid.core.sigv4.credentials import Credentials
from podid.core.sigv4.scope import ALGORITHM, TERMINATOR, UNSIGNED_PAYLOAD, format_date, is_s3, signing_mac

_UNSIGNABLE = frozenset(
    {
        "authorization",
        "baggage",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)
"""Headers that proxies add, drop or change on the way, as the SDKs leave them out."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def sign(
    credentials: Credentials,
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    service: str,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """All headers to send with the request: the given ones, X-Amz-Date, X-Amz-Security-Token, Authorization, and S3's body digest.

    Host is signed as an HTTP client derives it from `url`, and left to the client to send, unless `headers` has one.
    """
    date = format_date(now)
    kept = {name: value for name, value in headers.items() if name.lower() not in ("authorization", "x-amz-date")}
    kept["X-Amz-Date"] = date
    if credentials.session_token:
        kept = {name: value for name, value in kept.items() if name.lower() != "x-amz-security-token"}
        kept["X-Amz-Security-Token"] = credentials.session_token
    lowered = {name.lower(): value for name, value in kept.items()}
    digest = lowered.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
    if is_s3(service) and "x-amz-content-sha256" not in lowered:
        kept["X-Amz-Content-SHA256"] = lowered["x-amz-content-sha256"] = digest
    lowered.setdefault("host", host_of(url))
    names = sorted(name for name in lowered if name not in _UNSIGNABLE)
    parts = urlsplit(url)
    scope = _scope(date, region, service)
    signature = _signature(credentials, method, parts.path, parts.query, names, lowered, digest, date, region, service)
    kept["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return kept


def presign(
    credentials: Credentials,
    *,
    method: str,
    url: str,
    service: str,
    region: str,
    now: datetime,
    expires: int,
    headers: Mapping[str, str] | None = None,
) -> str:
    """The address with a signature in its query. `headers` have to be sent along with it; `expires` is in seconds.

    The body is not signed for S3 and is empty for all others. Raises ValueError for `expires` outside 1 to 604 800.
    """
    if not 1 <= expires <= MAX_EXPIRES:
        raise ValueError(f"expires is {expires}: expected 1 to {MAX_EXPIRES} seconds")
    date = format_date(now)
    lowered = {name.lower(): value for name, value in (headers or {}).items()}
    lowered.setdefault("host", host_of(url))
    names = sorted(name for name in lowered if name not in _UNSIGNABLE)
    parts = urlsplit(url)
    added = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key_id}/{_scope(date, region, service)}",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": ";".join(names),
    }
    if credentials.session_token:
        added["X-Amz-Security-Token"] = credentials.session_token
    query = "&".join(
        [
            *([parts.query] if parts.query else []),
            *(f"{name}={quote(value, safe='-._~')}" for name, value in added.items()),
        ]
    )
    digest = UNSIGNED_PAYLOAD if is_s3(service) else hashlib.sha256(b"").hexdigest()
    signature = _signature(credentials, method, parts.path, query, names, lowered, digest, date, region, service)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, f"{query}&X-Amz-Signature={signature}", ""))


def host_of(url: str) -> str:
    """The Host header of an address: lower case, without a port that is the scheme's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{parts.port}"
    return host


def _scope(date: str, region: str, service: str) -> str:
    return f"{date[:8]}/{region}/{service}/{TERMINATOR}"


def _signature(
    credentials: Credentials,
    method: str,
    path: str,
    query: str,
    names: list[str],
    values: Mapping[str, str],
    digest: str,
    date: str,
    region: str,
    service: str,
) -> str:
    request = request_digest(
        method.upper(),
        path_for_s3(path) if is_s3(service) else path_for_others(path),
        canonical_query(reencoded(raw_pairs(query))),
        canonical_headers(names, values),
        ";".join(names),
        digest,
    )
    mac = signing_mac(credentials.secret_access_key, date[:8], region, service)
    return mac(f"{ALGORITHM}\n{date}\n{_scope(date, region, service)}\n{request}".encode()).hex()
