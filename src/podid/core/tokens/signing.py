"""Making tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from podid.core.tokens import base64url
from podid.core.tokens.algorithms import signature_of
from podid.core.tokens.keys import SigningKey


def sign_token(key: SigningKey, claims: Mapping[str, Any]) -> str:
    """A compact JWS over the claims, with `alg` and `kid` in its header, as an API server makes them."""
    header = base64url.encode(_json({"alg": key.alg, "kid": key.kid}))
    signed = f"{header}.{base64url.encode(_json(claims))}"
    return f"{signed}.{base64url.encode(signature_of(key.private, signed.encode()))}"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
