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
_TWO_DIGITS = tuple(first + second for first in _DIGITS for second in _DIGITS)
_SHIFTS = range(30, -10, -10)


def new_access_key_id(prefix: AccessKeyPrefix, account: str, random: RandomBytes) -> str:
    """A new access key id of 20 characters for that account."""
    head, bit = _head(account)
    rest = bit | (int.from_bytes(random(5), "big") & ((1 << _RANDOM_BITS) - 1))
    return prefix + head + "".join([_TWO_DIGITS[rest >> shift & 0x3FF] for shift in _SHIFTS])


@lru_cache(1024)
def _head(account: str) -> tuple[str, int]:
    """The first eight characters of an account's keys, and the account's last bit where it stands in the other eight."""
    number = (1 << 40) | int(account)
    return "".join(_TWO_DIGITS[number >> 1 >> shift & 0x3FF] for shift in _SHIFTS), (number & 1) << _RANDOM_BITS


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
