"""Tokens made by hand, and their verification."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from podid.core.tokens import (
    KeySet,
    ServiceAccountToken,
    SigningKey,
    base64url,
    verify_service_account_token,
)


def raw(header: Any, payload: Any, sign: Callable[[bytes], bytes]) -> str:
    """A token of any header and payload (bytes are taken as they are)."""
    parts = [
        base64url.encode(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, payload)
    ]
    signed = ".".join(parts)
    return f"{signed}.{base64url.encode(sign(signed.encode()))}"


def verify(token: str, key: SigningKey | KeySet, now: datetime, **expected: Any) -> ServiceAccountToken:
    """What a token says if it holds; `expected` is what differs from the usual issuer and audience."""
    keys = key if isinstance(key, KeySet) else KeySet.of([key.verification_key()])
    expected = {"issuer": "https://issuer.local", "audience": "pods.eks.amazonaws.com", **expected}
    return verify_service_account_token(token, keys, now=now, **expected)
