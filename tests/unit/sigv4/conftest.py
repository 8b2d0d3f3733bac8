"""Requests signed by botocore, as a server receives them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def received(method: str, url: str, headers: Any, body: bytes) -> HttpRequest:
    """What arrives when a client sends this: names in lower case, and the Host that goes without saying."""
    parts = urlsplit(url)
    pairs = [(name.lower(), value if isinstance(value, str) else value.decode("latin-1")) for name, value in headers]
    if not any(name == "host" for name, _ in pairs):
        pairs.append(("host", parts.netloc))
    return HttpRequest(method=method, path=parts.path or "/", query=parts.query, headers=tuple(pairs), body=body)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW)
    return NOW


@pytest.fixture
def botocore_signs(now: datetime) -> Callable[..., tuple[HttpRequest, str]]:
    """Sign with one of botocore's signers; gives the request as received, and its address."""

    def sign(
        signer: str,
        credentials: Credentials,
        *arguments: Any,
        method: str = "GET",
        url: str = "https://example.amazonaws.com/",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        params: dict[str, str] | None = None,
        context: dict[str, Any] | None = None,
        **options: Any,
    ) -> tuple[HttpRequest, str]:
        theirs = botocore.credentials.Credentials(
            credentials.access_key_id, credentials.secret_access_key, credentials.session_token or None
        )
        request = botocore.awsrequest.AWSRequest(
            method=method, url=url, headers=dict(headers or {}), data=body, params=params
        )
        request.context.update(context or {})
        getattr(botocore.auth, signer)(theirs, *arguments, **options).add_auth(request)
        prepared = request.prepare()
        return received(method, prepared.url, prepared.headers.items(), body), prepared.url

    return sign
