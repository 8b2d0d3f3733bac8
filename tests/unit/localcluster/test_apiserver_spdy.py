"""SPDY/3.1 framing, read whole, byte by byte, and hostile."""

from __future__ import annotations

import struct
import zlib

import pytest

from podid.localcluster.apiserver.spdy import (
    DICTIONARY,
    MAX_FRAME,
    BadFrame,
    Data,
    Frame,
    FrameReader,
    FrameWriter,
    GoAway,
    Ping,
    Reset,
    SynStream,
)


def test_the_dictionary_is_the_one_of_the_draft() -> None:
    assert len(DICTIONARY) == 1423
    assert zlib.adler32(DICTIONARY) == 0xE3C6A7C2


def conversation() -> tuple[bytes, list[Frame]]:
    writer = FrameWriter()
    headers = {"streamtype": "data", "port": "80", "requestid": "0"}
    data = (
        writer.syn_stream(1, {"Streamtype": "error", "port": "80"}, fin=True)
        + writer.syn_stream(3, headers)
        + writer.data(3, b"hello")
        + writer.ping(7)
        + writer.window_update(3, 5)
        + writer.data(3, b"", fin=True)
        + writer.reset(1)
        + struct.pack(">HHIII", 0x8003, 7, 8, 3, 0)
    )
    frames: list[Frame] = [
        SynStream(1, {"streamtype": "error", "port": "80"}, True),
        SynStream(3, headers, False),
        Data(3, b"hello", False),
        Ping(7),
        Data(3, b"", True),
        Reset(1),
        GoAway(),
    ]
    return data, frames


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_frames_come_out_however_the_bytes_are_cut(size: int) -> None:
    data, frames = conversation()
    reader = FrameReader()
    found = [frame for at in range(0, len(data), size) for frame in reader.feed(data[at : at + size])]
    assert found == frames


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">HHI", 0x8002, 6, 4) + b"\0\0\0\1",  # another version
        struct.pack(">II", 1, MAX_FRAME + 1),  # too large
        struct.pack(">HHI", 0x8003, 1, 4) + b"\0\0\0\1",  # cut short
        struct.pack(">HHI", 0x8003, 3, 0),  # cut short
        struct.pack(">HHI", 0x8003, 1, 14) + b"\0" * 14,  # not compressed
        struct.pack(">HHI", 0x8003, 2, 4) + b"\0\0\0\1",  # an answer to nothing
    ],
)
def test_bad_frames_are_refused(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(FrameReader().feed(data))


def test_a_header_block_that_swells_is_refused() -> None:
    bomb = FrameWriter().syn_stream(1, {"a": "x" * 1_000_000})
    assert len(bomb) < 10_000
    with pytest.raises(BadFrame, match="larger than"):
        list(FrameReader().feed(bomb))


def test_a_header_block_with_wrong_lengths_is_refused() -> None:
    writer = FrameWriter()
    good = writer._deflate.compress(struct.pack(">II", 2, 1) + b"a") + writer._deflate.flush(zlib.Z_SYNC_FLUSH)
    frame = struct.pack(">HHI", 0x8003, 1, 10 + len(good)) + b"\0" * 10 + good
    with pytest.raises(BadFrame, match="cut short"):
        list(FrameReader().feed(frame))
