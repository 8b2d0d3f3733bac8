"""base64url without padding (RFC 7515 appendix C), one text for each value: what is not the canonical encoding is refused."""

from __future__ import annotations

import binascii
import re

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_TO_STANDARD = str.maketrans("-_", "+/")
_TO_URL = bytes.maketrans(b"+/", b"-_")


def encode(data: bytes) -> str:
    """The text of some bytes."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of a text. Raises ValueError for padding, other characters, or stray bits at the end."""
    if not _ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        raise ValueError("not base64url without padding")
    data = binascii.a2b_base64(text.translate(_TO_STANDARD) + "=" * (-len(text) % 4))
    if len(text) % 4 and encode(data[-(len(data) % 3) :])[-1] != text[-1]:
        raise ValueError("not canonical base64url")
    return data


def encode_integer(value: int, size: int | None = None) -> str:
    """A whole number as big-endian bytes (RFC 7518 section 2, Base64urlUInt), in `size` bytes where a fixed size is asked for."""
    return encode(value.to_bytes(size or max(1, (value.bit_length() + 7) // 8), "big"))


def decode_integer(text: str) -> int:
    """The reverse of `encode_integer`. Raises ValueError."""
    return int.from_bytes(decode(text), "big")
