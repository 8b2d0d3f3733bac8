"""A text as a QR code: what an authenticator app photographs to learn a device's seed.

Byte mode, error correction L, versions 5 to 13 (106 to 425 bytes), mask 0: all that an otpauth URI can need. Source: ISO/IEC 18004.
"""

from __future__ import annotations

import struct
import urllib.parse
import zlib
from typing import Final

_BLOCKS: Final = {
    # version: (error correction codewords of a block, data codewords of each block)
    5: (26, (108,)),
    6: (18, (68, 68)),
    7: (20, (78, 78)),
    8: (24, (97, 97)),
    9: (30, (116, 116)),
    10: (18, (68, 68, 69, 69)),
    11: (20, (81, 81, 81, 81)),
    12: (24, (92, 92, 93, 93)),
    13: (26, (107, 107, 107, 107)),
}
_ALIGNMENT: Final = {
    5: (6, 30),
    6: (6, 34),
    7: (6, 22, 38),
    8: (6, 24, 42),
    9: (6, 26, 46),
    10: (6, 28, 50),
    11: (6, 30, 54),
    12: (6, 32, 58),
    13: (6, 34, 62),
}
_LEVEL_L_MASK_0 = 0b01_000
_QUIET = 4
_SCALE = 4
"""Modules of margin, and pixels of a module."""


def otpauth(device: str, account: str, secret: str) -> str:
    """What IAM's QR codes say: `otpauth://totp/DEVICE@ACCOUNT?secret=BASE32`."""
    return f"otpauth://totp/{urllib.parse.quote(device)}@{urllib.parse.quote(account)}?secret={secret}"


def qr_png(text: str) -> bytes:
    """The QR code of a text as a PNG. Raises ValueError for more than 425 bytes."""
    return _png(qr_modules(text.encode()))


def qr_modules(data: bytes) -> list[list[bool]]:
    """The modules of the smallest code that holds the data, row by row; True is dark."""
    version = next((version for version in _BLOCKS if len(data) <= _room(version)), None)
    if version is None:
        raise ValueError(f"{len(data)} bytes are too many for a QR code of version 13")
    canvas = _Canvas(version)
    canvas.draw_data(_codewords(version, data))
    return canvas.dark


def _room(version: int) -> int:
    return sum(_BLOCKS[version][1]) - 1 - _length_bits(version) // 8


def _length_bits(version: int) -> int:
    return 8 if version < 10 else 16


def _codewords(version: int, data: bytes) -> bytes:
    """Data and error correction, interleaved block by block."""
    correction, sizes = _BLOCKS[version]
    bits = f"0100{len(data):0{_length_bits(version)}b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    bits += "0" * (-len(bits) % 8)
    plain = bytearray(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    total = sum(sizes)
    del plain[total:]
    plain += bytes((0xEC, 0x11) * total)[: total - len(plain)]
    blocks, start = [], 0
    for size in sizes:
        blocks.append(bytes(plain[start : start + size]))
        start += size
    divisor = _generator(correction)
    remainders = [_remainder(block, divisor) for block in blocks]
    longest = max(sizes)
    mixed = [block[index] for index in range(longest) for block in blocks if index < len(block)]
    mixed += [remainder[index] for index in range(correction) for remainder in remainders]
    return bytes(mixed)


def _multiply(one: int, other: int) -> int:
    """In the field of 256 elements modulo x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    for bit in range(7, -1, -1):
        product = (product << 1) ^ ((product >> 7) * 0x11D)
        product ^= ((other >> bit) & 1) * one
    return product


def _generator(degree: int) -> list[int]:
    """The coefficients of (x - 1)(x - 2)…(x - 2^(degree-1)), without the leading one."""
    result = [0] * (degree - 1) + [1]
    root = 1
    for _ in range(degree):
        for index in range(degree):
            result[index] = _multiply(result[index], root)
            if index + 1 < degree:
                result[index] ^= result[index + 1]
        root = _multiply(root, 2)
    return result


def _remainder(data: bytes, divisor: list[int]) -> list[int]:
    result = [0] * len(divisor)
    for byte in data:
        factor = byte ^ result.pop(0)
        result.append(0)
        for index, coefficient in enumerate(divisor):
            result[index] ^= _multiply(coefficient, factor)
    return result


def _checked(value: int, degree: int, generator: int) -> int:
    """A value with its BCH remainder behind it."""
    remainder = value
    for _ in range(degree):
        remainder = (remainder << 1) ^ ((remainder >> (degree - 1)) * generator)
    return value << degree | remainder


class _Canvas:
    """The square of modules: first the patterns that every code has, then the data around them."""

    def __init__(self, version: int) -> None:
        self.size = 17 + 4 * version
        self.dark = [[False] * self.size for _ in range(self.size)]
        self._fixed = [[False] * self.size for _ in range(self.size)]
        for index in range(self.size):
            self._set(6, index, index % 2 == 0)
            self._set(index, 6, index % 2 == 0)
        last = self.size - 4
        for x, y in ((3, 3), (last, 3), (3, last)):
            self._square(x, y, 4, (2, 4))
        places = _ALIGNMENT[version]
        corners = {(places[0], places[0]), (places[0], places[-1]), (places[-1], places[0])}
        for x in places:
            for y in places:
                if (x, y) not in corners:
                    self._square(x, y, 2, (1,))
        self._draw_format()
        if version >= 7:
            self._draw_version(version)

    def draw_data(self, codewords: bytes) -> None:
        """Two columns at a time, from the right, up and down in turns."""
        bits = "".join(f"{byte:08b}" for byte in codewords)
        at = 0
        columns = [*range(self.size - 1, 6, -2), *range(5, 0, -2)]
        for number, right in enumerate(columns):
            rows = range(self.size) if number % 2 else range(self.size - 1, -1, -1)
            for y in rows:
                for x in (right, right - 1):
                    if not self._fixed[y][x]:
                        bit = at < len(bits) and bits[at] == "1"
                        self.dark[y][x] = bit != ((x + y) % 2 == 0)
                        at += 1

    def _set(self, x: int, y: int, dark: bool) -> None:
        self.dark[y][x] = dark
        self._fixed[y][x] = True

    def _square(self, x: int, y: int, reach: int, light: tuple[int, ...]) -> None:
        """Rings around a middle; those at the distances `light` are light."""
        for dy in range(-reach, reach + 1):
            for dx in range(-reach, reach + 1):
                if 0 <= x + dx < self.size and 0 <= y + dy < self.size:
                    self._set(x + dx, y + dy, max(abs(dx), abs(dy)) not in light)

    def _draw_format(self) -> None:
        bits = _checked(_LEVEL_L_MASK_0, 10, 0x537) ^ 0x5412
        beside = [(8, y) for y in (0, 1, 2, 3, 4, 5, 7, 8)] + [(x, 8) for x in (7, 5, 4, 3, 2, 1, 0)]
        apart = [(self.size - 1 - x, 8) for x in range(8)] + [(8, self.size - 7 + y) for y in range(7)]
        for index in range(15):
            for x, y in (beside[index], apart[index]):
                self._set(x, y, bool(bits >> index & 1))
        self._set(8, self.size - 8, True)

    def _draw_version(self, version: int) -> None:
        bits = _checked(version, 12, 0x1F25)
        for index in range(18):
            near, far = index // 3, self.size - 11 + index % 3
            self._set(far, near, bool(bits >> index & 1))
            self._set(near, far, bool(bits >> index & 1))


def _png(modules: list[list[bool]]) -> bytes:
    width = (len(modules) + 2 * _QUIET) * _SCALE
    margin = [False] * _QUIET
    empty = [[False] * (len(modules) + 2 * _QUIET)] * _QUIET
    lines = []
    for row in [*empty, *([*margin, *row, *margin] for row in modules), *empty]:
        bits = "".join(("0" if dark else "1") * _SCALE for dark in row).ljust(-(-width // 8) * 8, "0")
        lines += [b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")] * _SCALE
    header = struct.pack(">IIBBBBB", width, width, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines), 9)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
