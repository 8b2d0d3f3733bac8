"""The identifiers AWS makes, as functions of random bytes that the caller brings.

Prefixes: IAM user guide, "IAM identifiers" (AIDA user, AROA role, AKIA long-term and ASIA temporary access keys, …). The body is
upper-case base32 (A-Z, 2-7), the whole 21 characters for unique ids and 20 for access keys.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Literal, NewType

RandomBytes = Callable[[int], bytes]
"""Gives so many random bytes: `os.urandom` in a process, something repeatable in a test."""

AccountId = NewType("AccountId", str)
"""Twelve digits."""

UniqueIdPrefix = Literal["AIDA", "AROA", "ANPA", "AGPA", "AIPA", "ASCA"]
AccessKeyPrefix = Literal["AKIA", "ASIA"]

_LOWER_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def unique_id(prefix: UniqueIdPrefix, random: RandomBytes) -> str:
    """A unique id of 21 characters, such as AROAEXAMPLEEXAMPLE123."""
    return prefix + base64.b32encode(random(15)).decode()[:17]


def access_key_id(prefix: AccessKeyPrefix, random: RandomBytes) -> str:
    """An access key id of 20 characters."""
    return prefix + base64.b32encode(random(10)).decode()[:16]


def secret_access_key(random: RandomBytes) -> str:
    """A secret access key of 40 characters."""
    return base64.b64encode(random(30)).decode()


def association_id(random: RandomBytes) -> str:
    """`a-` and 17 of [a-z0-9], such as a-dt1bedfjc72dlwp5n (the alphabet is inferred from samples)."""
    number = int.from_bytes(random(16), "big")
    text = ""
    for _ in range(17):
        number, digit = divmod(number, len(_LOWER_DIGITS))
        text += _LOWER_DIGITS[digit]
    return "a-" + text


def hex_id(random: RandomBytes, digits: int = 17) -> str:
    """So many lower-case hex digits, as in `i-0123456789abcdef0`."""
    return random((digits + 1) // 2).hex()[:digits]


def uuid4(random: RandomBytes) -> str:
    """A random UUID (RFC 9562, version 4)."""
    raw = bytearray(random(16))
    raw[6] = (raw[6] & 0x0F) | 0x40
    raw[8] = (raw[8] & 0x3F) | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
