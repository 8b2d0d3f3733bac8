"""Access key ids that carry their account, as AWS's do.

    AKIA or ASIA | base32 of 80 bits: 1 | account number, 40 bits | 39 random bits

So GetAccessKeyInfo can answer for a temporary key, of which no record is kept. Source of the layout: published descriptions of AWS's own
ids, whose bits 1 to 40 are the account's number.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

from podid.core.ids import AccessKeyPrefix, RandomBytes

_RANDOM_BITS = 39
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_OF_BYTE = (_DIGITS * 8).encode()
"""The digit of a random byte, each from as many bytes as the others."""


def new_access_key_id(prefix: AccessKeyPrefix, account: str, random: RandomBytes) -> str:
    """A new access key id of 20 characters for that account."""
    head, ninth = _head(account)
    drawn = random(8)
    return f"{prefix}{head}{ninth[drawn[0] & 15]}{drawn[1:].translate(_OF_BYTE).decode()}"


@lru_cache(1024)
def _head(account: str) -> tuple[str, str]:
    """The first eight digits of an account's keys, and those the ninth may be: it has the account's last bit and four random ones."""
    number = (1 << 40) | int(account)
    head = base64.b32encode((number >> 1).to_bytes(5, "big")).decode()
    return head, _DIGITS[16:] if number & 1 else _DIGITS[:16]


def account_of_access_key(access_key_id: str) -> str | None:
    """The account that an access key id names; None where it is none of this form."""
    if len(access_key_id) != 20 or access_key_id[:4] not in ("AKIA", "ASIA"):
        return None
    try:
        number = int.from_bytes(base64.b32decode(access_key_id[4:]), "big")
    except binascii.Error:
        return None
    account = (number >> _RANDOM_BITS) & ((1 << 40) - 1)
    return f"{account:012}" if account < 10**12 else None
