"""HMAC-SHA256 (RFC 2104) with keys that are used again and again."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

Mac = Callable[[bytes], bytes]

_BLOCK = 64


def mac_with(key: bytes) -> Mac:
    """HMAC-SHA256 with one key, to be kept by whoever has more texts for it: the first block of both hashes depends on the key alone, so it is
    hashed here and not for each text."""
    block = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in block))
    outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def mac(text: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(text)
        around.update(within.digest())
        return around.digest()

    return mac
