"""Tokens made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from podid.core.tokens import (
    base64url,
)


def raw(header: Any, payload: Any, sign: Callable[[bytes], bytes]) -> str:
    """A token of any header and payload (bytes are taken as they are)."""
    parts = [
        base64url.encode(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, payload)
    ]
    signed = ".".join(parts)
    return f"{signed}.{base64url.encode(sign(signed.encode()))}"
