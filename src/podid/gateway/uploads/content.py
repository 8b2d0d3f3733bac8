"""The bytes of an object, wherever they lie. They never change, so copies, ranges and parts put together share them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Protocol

from podid.core.http import HttpResponse
from podid.gateway.uploads.checksums import running

PIECE = 1024 * 1024
"""Bytes that are read at once where a whole content is gone through."""


class Place(Protocol):
    """Something that holds bytes for as long as it is referred to."""

    def read(self, offset: int, size: int) -> bytes: ...


class Memory:
    """Bytes in memory."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, offset: int, size: int) -> bytes:
        """So many bytes from there."""
        return self._data[offset : offset + size]


class Content:
    """A sequence of bytes. `digests` has what is known of it, by algorithm (`MD5`, `CRC32`, …); `stated` names the checksum that its sender
    gave, empty where none was given."""

    __slots__ = ("_ends", "_parts", "digests", "stated")

    def __init__(self, parts: Iterable[tuple[Place, int, int]], digests: dict[str, bytes] | None = None) -> None:
        """`parts`: places, with offset and length in each."""
        self._parts = tuple(part for part in parts if part[2])
        self._ends = tuple(accumulate(length for _, _, length in self._parts))
        self.digests: dict[str, bytes] = digests or {}
        self.stated = ""

    @classmethod
    def of(cls, data: bytes) -> Content:
        """Bytes in memory."""
        return cls([(Memory(data), 0, len(data))])

    @classmethod
    def joined(cls, contents: Iterable[Content]) -> Content:
        """One after the other."""
        return cls(part for content in contents for part in content._parts)

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __bool__(self) -> bool:
        return bool(self._ends)

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; none only at the end."""
        at = bisect_right(self._ends, offset)
        if at == len(self._parts):
            return b""
        place, start, length = self._parts[at]
        within = offset - (self._ends[at] - length)
        return place.read(start + within, min(size, length - within))

    def __getitem__(self, wanted: slice) -> Content:
        """A range of it."""
        begin, end, step = wanted.indices(len(self))
        if step != 1:
            raise ValueError("a content has no steps")
        if (begin, end) == (0, len(self)):
            return self
        parts = []
        for (place, start, length), last in zip(self._parts, self._ends, strict=True):
            first = last - length
            low, high = max(begin, first), min(end, last)
            if low < high:
                parts.append((place, start + low - first, high - low))
        return Content(parts)

    def pieces(self) -> Iterator[bytes]:
        """All of it, bit by bit."""
        offset = 0
        while piece := self.read(offset, PIECE):
            offset += len(piece)
            yield piece

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces())

    def digest(self, algorithm: str) -> bytes:
        """What it digests to; gone through where that is not known yet."""
        found = self.digests.get(algorithm)
        if found is None:
            digest = running(algorithm)
            for piece in self.pieces():
                digest.update(piece)
            found = self.digests[algorithm] = digest.digest()
        return found


class ContentAnswer(HttpResponse, frozen=True, kw_only=True):
    """An answer whose body is read while it is sent; its own `body` is empty."""

    content: Content
