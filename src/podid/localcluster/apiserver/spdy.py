"""SPDY/3.1 framing, as much as port-forward needs. Pure: bytes in, frames out, and back.

Source: the SPDY protocol draft 3.1, sections 2.2 (framing) and 2.6.10 (header blocks, compressed with one dictionary and one context a
direction). What a client sends is hostile: frames and header blocks are bounded.

    control frame   1 | version 15 bits | type 16 bits | flags 8 | length 24 | payload
    data frame      0 | stream id 31 bits              | flags 8 | length 24 | payload
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

MAX_FRAME: Final = 1 << 20
MAX_HEADERS: Final = 16 * 1024
_FIN: Final = 1
_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY, _WINDOW_UPDATE = 1, 2, 3, 6, 7, 9

_WORDS: Final = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization "
    "cache-control connection content-base content-encoding content-language content-length content-location content-md5 "
    "content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range "
    "if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer "
    "retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status "
    "200_OK version HTTP/1.1 url public set-cookie keep-alive origin"
)
_REST: Final = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information"
    "204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error"
    "501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, "
    "Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY: Final = (
    b"".join(struct.pack(">I", len(word)) + word.replace("_", " ").encode() for word in _WORDS.split(" "))
    + _REST.encode()
)
"""What both sides' compression begins with (draft 3, section 2.6.10.1): words with their lengths, then text. 1423 bytes."""


class BadFrame(ValueError):
    """The peer does not speak SPDY/3.1, or more of it than is taken."""


class SynStream(Struct, frozen=True):
    """The peer opens a stream. Names of headers are in lower case."""

    stream: int
    headers: Mapping[str, str]
    fin: bool


class Data(Struct, frozen=True):
    stream: int
    data: bytes
    fin: bool


class Reset(Struct, frozen=True):
    stream: int


class Ping(Struct, frozen=True):
    number: int


class GoAway(Struct, frozen=True):
    pass


Frame = SynStream | Data | Reset | Ping | GoAway


class FrameReader:
    """Gives the frames in an arbitrarily cut stream of bytes."""

    def __init__(self) -> None:
        self._left = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now. Raises BadFrame, after which the reader is of no more use."""
        self._left += data
        while len(self._left) >= 8:
            word, flags_length = struct.unpack_from(">II", self._left)
            flags, length = flags_length >> 24, flags_length & 0xFFFFFF
            if length > MAX_FRAME:
                raise BadFrame(f"a frame of {length} bytes is larger than {MAX_FRAME}")
            if len(self._left) < 8 + length:
                return
            payload = bytes(self._left[8 : 8 + length])
            del self._left[: 8 + length]
            frame = self._control(word, flags, payload) if word >> 31 else Data(word, payload, bool(flags & _FIN))
            if frame is not None:
                yield frame

    def _control(self, word: int, flags: int, payload: bytes) -> Frame | None:
        version, type_ = word >> 16 & 0x7FFF, word & 0xFFFF
        if version != 3:
            raise BadFrame(f"SPDY version {version} is not spoken here")
        if type_ == _SYN_STREAM:
            if len(payload) < 10:
                raise BadFrame("a SYN_STREAM frame is cut short")
            return SynStream(_number(payload), self._headers(payload[10:]), bool(flags & _FIN))
        if type_ == _RST_STREAM:
            return Reset(_number(payload))
        if type_ == _PING:
            return Ping(_number(payload, bits=32))
        if type_ == _GOAWAY:
            return GoAway()
        if type_ in (_SYN_REPLY, 8):  # header blocks share one context: skipping one would spoil the next
            raise BadFrame("the peer answers a stream that was not opened")
        return None  # SETTINGS, WINDOW_UPDATE and what is not known

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            plain = self._inflate.decompress(block, MAX_HEADERS)
        except zlib.error as problem:
            raise BadFrame("a header block cannot be decompressed") from problem
        if self._inflate.unconsumed_tail:
            raise BadFrame(f"a header block is larger than {MAX_HEADERS} bytes")
        return _read_headers(plain)


def _number(payload: bytes, bits: int = 31) -> int:
    if len(payload) < 4:
        raise BadFrame("a frame is cut short")
    return int.from_bytes(payload[:4], "big") & (1 << bits) - 1


def _read_headers(plain: bytes) -> dict[str, str]:
    texts: list[str] = []
    at = 4
    while at + 4 <= len(plain):
        length = int.from_bytes(plain[at : at + 4], "big")
        if at + 4 + length > len(plain):
            break
        texts.append(plain[at + 4 : at + 4 + length].decode("latin-1"))
        at += 4 + length
    if len(plain) < 4 or at != len(plain) or len(texts) != 2 * int.from_bytes(plain[:4], "big"):
        raise BadFrame("a header block is cut short")
    return {name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=True)}


class FrameWriter:
    """Makes frames. The compression of header blocks is one context, so frames must be sent in the order they were made."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def syn_stream(self, stream: int, headers: Mapping[str, str], *, fin: bool = False) -> bytes:
        block = self._headers(headers)
        return _control_frame(_SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + block, _FIN if fin else 0)

    def syn_reply(self, stream: int) -> bytes:
        """Accept a stream, without headers."""
        return _control_frame(_SYN_REPLY, struct.pack(">I", stream) + self._headers({}))

    def data(self, stream: int, data: bytes, *, fin: bool = False) -> bytes:
        return struct.pack(">II", stream, (_FIN if fin else 0) << 24 | len(data)) + data

    def reset(self, stream: int, status: int = 5) -> bytes:
        """End a stream at once; status 5 is CANCEL."""
        return _control_frame(_RST_STREAM, struct.pack(">II", stream, status))

    def ping(self, number: int) -> bytes:
        return _control_frame(_PING, struct.pack(">I", number))

    def window_update(self, stream: int, taken: int) -> bytes:
        return _control_frame(_WINDOW_UPDATE, struct.pack(">II", stream, taken))

    def _headers(self, headers: Mapping[str, str]) -> bytes:
        plain = struct.pack(">I", len(headers))
        for name, value in headers.items():
            for text in (name.encode("latin-1"), value.encode("latin-1")):
                plain += struct.pack(">I", len(text)) + text
        return self._deflate.compress(plain) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def _control_frame(type_: int, payload: bytes, flags: int = 0) -> bytes:
    return struct.pack(">HHI", 0x8003, type_, flags << 24 | len(payload)) + payload
