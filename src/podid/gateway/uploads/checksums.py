"""S3's checksum algorithms (user guide, "Checking object integrity"), MD5 beside them, all fed bit by bit.

The three CRCs are computed by awscrt, which is imported when the first body comes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final, Protocol

LENGTHS: Final = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
"""S3's algorithms, and how many bytes each one's checksum has."""

DEFAULT: Final = "CRC64NVME"
"""What S3 computes for itself where a sender gives no checksum."""

COMBINABLE: Final = ("CRC32", "CRC32C", "CRC64NVME")
"""Those whose checksum of a whole follows from those of its parts, so a whole may have one of its own (FULL_OBJECT)."""


class Running(Protocol):
    """A digest on its way."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc:
    __slots__ = ("_compute", "_length", "_value")

    def __init__(self, compute: Callable[[bytes, int], int], length: int) -> None:
        self._compute = compute
        self._length = length
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._compute(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._length, "big")


def running(algorithm: str) -> Running:
    """A digest to be fed. Raises KeyError for an algorithm that is none."""
    if algorithm == "MD5":
        return hashlib.md5(usedforsecurity=False)
    if algorithm == "SHA1":
        return hashlib.sha1(usedforsecurity=False)
    if algorithm == "SHA256":
        return hashlib.sha256()
    return _Crc(getattr(_crt(), algorithm.lower()), LENGTHS[algorithm])


def combined(algorithm: str, parts: list[tuple[bytes, int]]) -> bytes:
    """The CRC of a whole, from those of its parts and their lengths in bytes."""
    combine = getattr(_crt(), f"combine_{algorithm.lower()}")
    whole = 0
    for value, length in parts:
        whole = combine(whole, int.from_bytes(value, "big"), length)
    return int(whole).to_bytes(LENGTHS[algorithm], "big")


def _crt() -> Any:
    from awscrt import checksums  # type: ignore[import-untyped]  # a large library, of which S3 alone needs this much

    return checksums
