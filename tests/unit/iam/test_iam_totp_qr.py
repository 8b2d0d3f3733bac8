"""Codes against RFC 6238's vectors, QR codes against ISO/IEC 18004's, and read back."""

from __future__ import annotations

import struct
import zlib

import pytest

from podid.iam.qr_codes import _checked, _codewords, _generator, _multiply, _remainder, otpauth, qr_modules, qr_png
from podid.iam.totp import STEP, code_of, find_pair, find_step

SEED = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    # RFC 6238, appendix B, the SHA-1 column; it prints eight digits, of which apps show the last six.
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert code_of(SEED, seconds // STEP) == code[-6:]


def test_a_code_is_found_one_step_around_and_never_again() -> None:
    for off in (-1, 0, 1):
        assert find_step(SEED, code_of(SEED, 100 + off), 100, after=98) == 100 + off
    assert find_step(SEED, code_of(SEED, 102), 100, after=0) is None
    assert find_step(SEED, code_of(SEED, 98), 100, after=0) is None
    assert find_step(SEED, code_of(SEED, 100), 100, after=100) is None
    assert find_step(SEED, "", 100, after=0) is None
    assert find_step(SEED, "１２３４５６", 100, after=0) is None


def test_a_pair_must_follow_each_other() -> None:
    assert find_pair(SEED, code_of(SEED, 95), code_of(SEED, 96), 100, within=20, after=0) == 96
    assert find_pair(SEED, code_of(SEED, 95), code_of(SEED, 97), 100, within=20, after=0) is None
    assert find_pair(SEED, code_of(SEED, 95), code_of(SEED, 96), 100, within=3, after=0) is None
    assert find_pair(SEED, code_of(SEED, 95), code_of(SEED, 96), 100, within=20, after=96) is None


def test_error_correction_is_that_of_the_standard() -> None:
    powers = [1]
    for _ in range(254):
        powers.append(_multiply(powers[-1], 2))
    assert [powers.index(one) for one in _generator(7)] == [87, 229, 146, 149, 238, 102, 21]
    data = bytes((32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17))
    assert _remainder(data, _generator(10)) == [196, 35, 39, 119, 235, 215, 231, 226, 93, 23]
    assert f"{_checked(0b01000, 10, 0x537) ^ 0x5412:015b}" == "111011111000100"
    assert f"{_checked(7, 12, 0x1F25):018b}" == "000111110010010100"


@pytest.mark.parametrize("length", [1, 106, 107, 154, 192, 230, 271, 321, 367, 425])
def test_a_code_reads_back(length: int) -> None:
    data = bytes((index * 7) % 251 for index in range(length))
    modules = qr_modules(data)
    size = len(modules)
    version = (size - 17) // 4
    # Three finders, and the timing between them.
    for x, y in ((0, 0), (size - 7, 0), (0, size - 7)):
        assert [modules[y][x + at] for at in range(7)] == [True] * 7
        assert [modules[y + 1][x + at] for at in range(7)] == [True, *[False] * 5, True]
    assert [modules[6][at] for at in range(8, size - 8)] == [at % 2 == 0 for at in range(8, size - 8)]
    assert modules[size - 8][8]
    # The codewords in their columns: dark differs from the bit where the mask says so.
    codewords = _codewords(version, data)
    bits = "".join(f"{byte:08b}" for byte in codewords)
    # The first two codewords stand in the lower right corner, which no pattern touches.
    first = ""
    for y in range(size - 1, size - 9, -1):
        for x in (size - 1, size - 2):
            first += "1" if modules[y][x] != ((x + y) % 2 == 0) else "0"
    assert first == bits[:16]
    assert codewords[0] >> 4 == 0b0100


def test_more_than_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        qr_modules(bytes(426))


def test_the_picture_is_a_png_with_a_quiet_zone() -> None:
    picture = qr_png(otpauth("ann phone", "acme", "A" * 64))
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, colour = struct.unpack(">IIBB", picture[16:26])
    assert width == height
    assert (depth, colour) == (1, 0)
    at = picture.index(b"IDAT")
    length = struct.unpack(">I", picture[at - 4 : at])[0]
    rows = zlib.decompress(picture[at + 4 : at + 4 + length])
    assert len(rows) == height * (1 + -(-width // 8))
    assert set(rows[1 : 1 + width // 8]) == {255}
