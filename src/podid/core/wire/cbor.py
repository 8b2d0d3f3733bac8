"""CBOR (RFC 8949), as much of it as smithy-rpc-v2-cbor uses: the plain types, text keys, and tag 1 for instants.

Reading is bounded: by depth, and by the bytes that are really there (a length is believed only up to what follows it). A key twice, a tag
other than 1, or bytes after the item are refused.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any, Final

from podid.core.wire import timestamps
from podid.core.wire.problems import Unreadable

MAX_DEPTH = 128
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_INDEFINITE = 31
_EPOCH_TAG = 1
_BREAK: Final = object()
_SIMPLE_VALUES = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}


def decode(data: bytes) -> Any:
    """One item. Instants are datetimes, byte strings bytes. Raises Unreadable."""
    reader = _Reader(data)
    value = reader.item(0)
    if reader.left:
        raise Unreadable("bytes follow the CBOR item")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def _take(self, count: int) -> bytes:
        if count > self.left:
            raise Unreadable("the CBOR item ends too early")
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise Unreadable("the CBOR item has a reserved length")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def item(self, depth: int) -> Any:
        value = self._item_or_break(depth)
        if value is _BREAK:
            raise Unreadable("a CBOR break stands where none may")
        return value

    def _item_or_break(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise Unreadable(f"the CBOR item is nested deeper than {MAX_DEPTH} levels")
        major, info = divmod(self._take(1)[0], 32)
        if major == _UNSIGNED:
            return self._argument(info)
        if major == _NEGATIVE:
            return -1 - self._argument(info)
        if major == _BYTES:
            return self._string(major, info)
        if major == _TEXT:
            return self._text(info)
        if major == _ARRAY:
            return self._array(info, depth)
        if major == _MAP:
            return self._map(info, depth)
        if major == _TAG:
            return self._tagged(info, depth)
        return self._simple(info)

    def _string(self, major: int, info: int) -> bytes:
        if info != _INDEFINITE:
            return self._take(self._argument(info))
        chunks: list[bytes] = []
        while True:
            initial = self._take(1)[0]
            if initial == 0xFF:
                return b"".join(chunks)
            kind, length = divmod(initial, 32)
            if kind != major or length == _INDEFINITE:
                raise Unreadable("a chunk of a CBOR string is of another type")
            chunks.append(self._take(self._argument(length)))

    def _text(self, info: int) -> str:
        try:
            return self._string(_TEXT, info).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable("a CBOR text is not UTF-8") from error

    def _array(self, info: int, depth: int) -> list[Any]:
        if info == _INDEFINITE:
            items = []
            while (value := self._item_or_break(depth + 1)) is not _BREAK:
                items.append(value)
            return items
        count = self._argument(info)
        self._plausible(count)
        return [self.item(depth + 1) for _ in range(count)]

    def _map(self, info: int, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        if info == _INDEFINITE:
            while (key := self._item_or_break(depth + 1)) is not _BREAK:
                self._entry(entries, key, depth)
            return entries
        count = self._argument(info)
        self._plausible(2 * count)
        for _ in range(count):
            self._entry(entries, self.item(depth + 1), depth)
        return entries

    def _entry(self, entries: dict[str, Any], key: Any, depth: int) -> None:
        if not isinstance(key, str):
            raise Unreadable("the keys of a CBOR map must be text")
        if key in entries:
            raise Unreadable("a CBOR map has a key twice")
        entries[key] = self.item(depth + 1)

    def _plausible(self, items: int) -> None:
        """Every item takes a byte at least: a count beyond that is a lie that must not make us reserve memory."""
        if items > self.left:
            raise Unreadable("the CBOR item ends too early")

    def _tagged(self, info: int, depth: int) -> datetime:
        tag = self._argument(info)
        value = self.item(depth + 1)
        if tag != _EPOCH_TAG or isinstance(value, bool) or not isinstance(value, int | float):
            raise Unreadable("the only CBOR tag taken is 1, an instant as a number of seconds")
        return timestamps.from_number(value)

    def _simple(self, info: int) -> Any:
        if info in _SIMPLE_VALUES:
            return _SIMPLE_VALUES[info]
        if info in _FLOATS:
            form, size = _FLOATS[info]
            return struct.unpack(form, self._take(size))[0]
        if info == _INDEFINITE:
            return _BREAK
        raise Unreadable("the CBOR item holds a simple value that is not taken")


def encode(value: Any) -> bytes:
    """One item of str, bytes, bool, int, float, None, datetime, list and dict. Raises ValueError for anything else."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _write(out: bytearray, value: Any) -> None:
    if isinstance(value, str):
        data = value.encode("utf-8")
        _head(out, _TEXT, len(data))
        out += data
    elif value is None or isinstance(value, bool):
        out.append(0xF6 if value is None else (0xF5 if value else 0xF4))
    elif isinstance(value, int):
        if not -(2**64) <= value < 2**64:
            raise ValueError("an integer of CBOR has 64 bits at most")
        _head(out, _NEGATIVE if value < 0 else _UNSIGNED, -1 - value if value < 0 else value)
    elif isinstance(value, float):
        out.append(0xFB)
        out += struct.pack(">d", value)
    elif isinstance(value, bytes):
        _head(out, _BYTES, len(value))
        out += value
    elif isinstance(value, datetime):
        _head(out, _TAG, _EPOCH_TAG)
        _write(out, float(timestamps.to_number(value)))
    elif isinstance(value, list | tuple):
        _head(out, _ARRAY, len(value))
        for item in value:
            _write(out, item)
    elif isinstance(value, dict):
        _head(out, _MAP, len(value))
        for key, item in value.items():
            _write(out, key)
            _write(out, item)
    else:
        raise ValueError(f"a {type(value).__name__} cannot be written as CBOR")


def _head(out: bytearray, major: int, argument: int) -> None:
    if argument < 24:
        out.append(major << 5 | argument)
        return
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            out.append(major << 5 | info)
            out += argument.to_bytes(size, "big")
            return
