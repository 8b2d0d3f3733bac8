"""A signer of signature version 4 with every part in reach, to make what no SDK makes. Written from AWS's description of the scheme."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from tests.conformance.endpoint import Key


class Signing(NamedTuple):
    """One request to be signed. What is not given is as an SDK has it."""

    method: str = "GET"
    path: str = "/"
    query: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    """Signed, beside host and x-amz-date, in lower case."""
    service: str = "eks"
    region: str = "us-east-1"
    signed_at: datetime | None = None
    scope_date: str = ""
    terminator: str = "aws4_request"
    signed_headers: str = ""
    content_hash: str = ""

    def authorization(self, key: Key, host: str) -> tuple[str, list[tuple[str, str]]]:
        """The Authorization header and all other headers to send."""
        at = (self.signed_at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        headers = [("host", host), ("x-amz-date", at), *self.headers]
        if key.token:
            headers.append(("x-amz-security-token", key.token))
        names = self.signed_headers or ";".join(sorted({name for name, _ in headers}))
        told = dict(headers)
        canonical = "\n".join(
            [
                self.method,
                self.path if self.service == "s3" else quote(self.path, safe="/-_.~"),
                "&".join(sorted(self.query.split("&"))) if self.query else "",
                *(f"{name}:{' '.join(told.get(name, '').split())}" for name in names.split(";")),
                "",
                names,
                self.content_hash or hashlib.sha256(self.body).hexdigest(),
            ]
        )
        date = self.scope_date or at[:8]
        scope = f"{date}/{self.region}/{self.service}/{self.terminator}"
        text = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        secret = f"AWS4{key.secret}".encode()
        for part in (date, self.region, self.service, self.terminator):
            secret = hmac.digest(secret, part.encode(), "sha256")
        signature = hmac.new(secret, text.encode(), "sha256").hexdigest()
        value = f"AWS4-HMAC-SHA256 Credential={key.id}/{scope}, SignedHeaders={names}, Signature={signature}"
        return value, headers

    def message(self, key: Key, host: str, *, authorization: str = "", also: bytes = b"") -> bytes:
        """The request in bytes; `authorization` replaces the header that was made, `also` is put in as it is."""
        value, headers = self.authorization(key, host)
        target = f"{self.path}?{self.query}" if self.query else self.path
        lines = [f"{self.method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in headers)]
        lines.append(f"authorization: {authorization or value}")
        if self.body:
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n" + also + b"\r\n" + self.body
