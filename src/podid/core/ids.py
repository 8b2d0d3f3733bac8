"""The identifiers AWS makes, as functions of random bytes that the caller brings.

Prefixes: IAM user guide, "IAM identifiers" (AIDA user, AROA role, AKIA long-term and ASIA temporary access keys, …). The body is
upper-case base32 (A-Z, 2-7), the whole 21 characters for unique ids and 20 for access keys.
"""

from __future__ import annotations

import base64
import io
import os
import threading
from collections.abc import Callable
from typing import Literal, NewType

RandomBytes = Callable[[int], bytes]
"""Gives so many random bytes: `os.urandom` in a process, something repeatable in a test."""

AccountId = NewType("AccountId", str)
"""Twelve digits."""

UniqueIdPrefix = Literal["AIDA", "AROA", "ANPA", "AGPA", "AIPA", "ASCA", "APKA", "ACCA"]
AccessKeyPrefix = Literal["AKIA", "ASIA"]

_LOWER_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""A random hex digit with its upper bits as every UUID has them (RFC 9562, section 4.1)."""


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
    text = random(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"


def uuid7(milliseconds: int, random: RandomBytes) -> str:
    """A random UUID that begins with an instant, in milliseconds since 1970 (RFC 9562, version 7): an index of such ids grows at its end."""
    begin, text = f"{milliseconds & 0xFFFFFFFFFFFF:012x}", random(10).hex()
    return f"{begin[:8]}-{begin[8:]}-7{text[:3]}-{_VARIANT[text[3]]}{text[4:7]}-{text[7:19]}"


class BulkRandom(threading.local):
    """The system's random bytes, fetched a page at a time: a system call costs more than all the rest of an id.

    They are `os.urandom`'s, each given out once; what a page adds is that the next ones lie in the process's memory for a while. So: for what
    need be unique and is no secret by itself. Each thread has its own page, and a child process begins with none.
    """

    _page = io.BytesIO()

    def __call__(self, size: int) -> bytes:
        """So many random bytes."""
        taken = self._page.read(size)
        if len(taken) < size:
            self._page = io.BytesIO(os.urandom(max(_PAGE, size)))
            taken = self._page.read(size)
        return taken

    def forget(self) -> None:
        """Give up what was fetched."""
        self._page = io.BytesIO()


_PAGE = 4096
names_at_random = BulkRandom()
"""For ids of requests, events, sessions and temporary access keys, and for the salts and nonces of session tokens."""
os.register_at_fork(after_in_child=names_at_random.forget)
