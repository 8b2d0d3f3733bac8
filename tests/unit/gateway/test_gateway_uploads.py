"""Bodies of objects: contents, the files they lie in, forms taken apart, policies of forms."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.core.http import HttpRequest
from podid.core.sigv4.post_policy import PolicyFailure, SizeRange, check_form
from podid.gateway.refusals import Said
from podid.gateway.uploads import Content, Spool
from podid.gateway.uploads.checksums import COMBINABLE, LENGTHS, combined, running
from podid.gateway.uploads.forms import FormReader, boundary_of
from podid.gateway.uploads.intake import Intake
from podid.gateway.uploads.spool import IN_MEMORY, NoRoom
from podid.gateway.uploads.stated import Stated, stated

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@given(st.lists(st.binary(max_size=20), max_size=6), st.integers(-70, 140), st.integers(-70, 140))
def test_a_content_is_as_its_bytes(pieces: list[bytes], begin: int, end: int) -> None:
    content, plain = Content.joined(Content.of(piece) for piece in pieces), b"".join(pieces)
    assert (len(content), bytes(content), bool(content)) == (len(plain), plain, bool(plain))
    assert bytes(content[begin:end]) == plain[begin:end]
    got, offset = b"", 0
    while piece := content.read(offset, 3):
        got, offset = got + piece, offset + len(piece)
    assert got == plain
    assert content.digest("MD5") == hashlib.md5(plain, usedforsecurity=False).digest()


@pytest.mark.parametrize("algorithm", COMBINABLE)
def test_the_checksum_of_a_whole_follows_from_its_parts(algorithm: str) -> None:
    parts = [random.Random(seed).randbytes(seed * 997) for seed in range(5)]
    sums = [(Content.of(part).digest(algorithm), len(part)) for part in parts]
    assert combined(algorithm, sums) == Content.of(b"".join(parts)).digest(algorithm)


@pytest.mark.parametrize("algorithm", LENGTHS)
def test_a_digest_is_the_same_in_any_pieces(algorithm: str) -> None:
    digest = running(algorithm)
    for piece in (b"ab", b"", b"c"):
        digest.update(piece)
    assert digest.digest() == Content.of(b"abc").digest(algorithm)
    assert len(digest.digest()) == LENGTHS[algorithm]


def blocks(folder: Path) -> int:
    """Bytes that this process's files without names take on disk."""
    taken = 0
    for each in Path("/proc/self/fd").iterdir():
        try:
            if str(folder) in os.readlink(each):
                taken += each.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return taken


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed in /proc, which is Linux's")
def test_large_bodies_lie_in_files_without_names_and_give_their_room_back(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    spool = Spool(folder)
    size = 3 * IN_MEMORY
    contents = []
    for byte in b"abc":
        writer = spool.writer(size)
        for _ in range(3):
            writer.write(bytes([byte]) * IN_MEMORY)
        contents.append(writer.content())
    del writer
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [bytes(content[size - 1 :]) for content in contents] == [b"a", b"b", b"c"]
    joined = Content.joined(contents)
    kept = joined[size - 1 : size + 1]
    assert bytes(kept) == b"ab"
    before = blocks(folder)
    del contents[2], joined
    if before:  # a file system that tells what it keeps
        assert blocks(folder) <= before
    contents.clear()
    assert bytes(kept) == b"ab", "who still reads has it"
    del kept


def test_a_writer_keeps_to_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    writer = spool.writer(4)
    writer.write(b"abcd")
    with pytest.raises(ValueError, match="longer than was said"):
        writer.write(b"e")
    monkeypatch.setattr("podid.gateway.uploads.spool.KEPT_FREE", 1 << 60)
    with pytest.raises(NoRoom):
        spool.writer(None)
    with pytest.raises(Said) as told:
        Intake(spool, Stated(), length=IN_MEMORY + 1)
    assert (told.value.code, told.value.status) == ("SlowDown", 503)


def headed(**headers: str) -> HttpRequest:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(method="PUT", path="/b/k", headers=pairs)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content_md5": "x"}, "InvalidDigest"),
        ({"x_amz_checksum_crc32": "é"}, "InvalidRequest"),
        ({"x_amz_checksum_md5": "AAAA"}, "InvalidRequest"),
        ({"x_amz_checksum_crc32": "AAAAAA==", "x_amz_checksum_crc32c": "AAAAAA=="}, "InvalidRequest"),
        ({"x_amz_checksum_crc32": "AAAAAA==", "x_amz_sdk_checksum_algorithm": "SHA1"}, "InvalidRequest"),
        ({"x_amz_sdk_checksum_algorithm": "CRC32"}, "InvalidRequest"),
        ({"x_amz_sdk_checksum_algorithm": "nonsense"}, "InvalidRequest"),
        ({"x_amz_trailer": "x-amz-checksum-md5"}, "InvalidRequest"),
        ({"x_amz_trailer": "x-amz-meta-x"}, "InvalidRequest"),
    ],
)
def test_digests_that_are_none(headers: dict[str, str], code: str) -> None:
    with pytest.raises(Said) as told:
        stated(headed(**headers))
    assert (told.value.code, told.value.status) == (code, 400)


def test_a_promised_trailer_must_come() -> None:
    said = stated(headed(x_amz_trailer="x-amz-checksum-crc32"))
    with pytest.raises(Said, match="trailing data"):
        said.check(Content.of(b"x").digest, {})
    said.check(Content.of(b"").digest, {"x-amz-checksum-crc32": "AAAAAA=="})


FORM = (
    b'preamble\r\n--B\r\nContent-Disposition: form-data; name="Key"\r\n\r\na/${filename}\r\n'
    b'--B\r\nContent-Disposition: form-data; name="x"\r\nContent-Type: text/plain\r\n\r\nl1\r\nl2\r\n'
    b'--B\r\nContent-Type: image/x\r\nContent-Disposition: form-data; name="file"; filename="d/f.png"\r\n\r\n'
    b'data\r\n--X\r\n-\r\n--B\r\nContent-Disposition: form-data; name="late"\r\n\r\nno\r\n--B--\r\n'
)


def read(form: bytes, size: int) -> tuple[dict[str, str], bytes]:
    fields: dict[str, str] = {}
    got: list[bytes] = []

    def begin(found: dict[str, str]) -> Callable[[bytes], None]:
        fields.update(found)
        return got.append

    reader = FormReader(b"B", begin)
    for start in range(0, len(form), size):
        reader.feed(form[start : start + size])
    reader.finish()
    return fields, b"".join(got)


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_a_form_is_the_same_in_any_pieces(size: int) -> None:
    fields, data = read(FORM.removeprefix(b"preamble\r\n"), size)
    assert fields == {"key": "a/${filename}", "x": "l1\r\nl2", "file": "f.png", "content-type of file": "image/x"}
    assert data == b"data\r\n--X\r\n-"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (b"", "InvalidArgument"),
        (b"--B--\r\n", "InvalidArgument"),
        (FORM, "MalformedPOSTRequest"),
        (b"--C\r\n", "MalformedPOSTRequest"),
        (b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", "MalformedPOSTRequest"),
        (b"--B\r\n" + b"X" * 9000, "MalformedPOSTRequest"),
        (b'--B\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc', "MalformedPOSTRequest"),
        (b'--B\r\nContent-Disposition: form-data; name="k"\r\n\r\n' + b"v" * 40_000, "MaxPostPreDataLengthExceeded"),
        (b'--B\r\nContent-Disposition: form-data; name="k"\r\n\r\nv\r\n' * 2 + b"--B--", "InvalidArgument"),
    ],
)
def test_forms_that_are_none(form: bytes, code: str) -> None:
    with pytest.raises(Said) as told:
        read(form, 100)
    assert told.value.code == code


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data;charset=x; boundary="a b"', b"a b"),
        ("multipart/form-data", None),
        ("multipart/mixed; boundary=abc", None),
        (f"multipart/form-data; boundary={'x' * 71}", None),
    ],
)
def test_the_boundary_of_a_form(text: str, boundary: bytes | None) -> None:
    assert boundary_of(text) == boundary


def policy(*conditions: Any, expiration: str = "2026-03-04T05:06:08Z", **more: Any) -> str:
    document = {"expiration": expiration, "conditions": list(conditions), **more}
    return base64.b64encode(json.dumps(document).encode()).decode()


FIELDS = {"key": "user/a", "policy": "p", "x-amz-signature": "s", "acl": "private", "x-ignore-it": "x"}
ENOUGH = [{"bucket": "b"}, ["starts-with", "$Key", "user/"], ["eq", "$acl", "private"]]


def test_a_form_that_its_policy_allows() -> None:
    assert check_form(policy(*ENOUGH), FIELDS, bucket="b", now=NOW) is None
    sized = policy(*ENOUGH, ["content-length-range", 1, "10"], expiration="2027-01-01T00:00:00.000Z")
    assert check_form(sized, FIELDS, bucket="b", now=NOW) == SizeRange(1, 10)


@pytest.mark.parametrize(
    "given_",
    [
        policy(*ENOUGH[1:], {"bucket": "c"}),
        policy(*ENOUGH[:1], ENOUGH[2], ["starts-with", "$key", "other/"]),
        policy(*ENOUGH[:2], {"acl": "public-read"}),
        policy(*ENOUGH[:2]),
        policy(*ENOUGH, {"x-amz-meta-needed": "x"}),
        policy(*ENOUGH, ["neq", "$x", "y"]),
        policy(*ENOUGH, ["eq", "x", "y"]),
        policy(*ENOUGH, ["content-length-range", -1, 5]),
        policy(*ENOUGH, {"a": 1}),
        policy(*ENOUGH, expiration="2026-03-04T05:06:07Z"),
        policy(*ENOUGH, expiration="soon"),
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b"[" * 100_000).decode(),
        "not base64",
        "",
    ],
)
def test_a_form_that_its_policy_does_not_allow(given_: str) -> None:
    with pytest.raises(PolicyFailure):
        check_form(given_, FIELDS, bucket="b", now=NOW)


def test_a_policy_ends_at_its_instant() -> None:
    assert check_form(policy(*ENOUGH), FIELDS, bucket="b", now=NOW + timedelta(milliseconds=999)) is None
    with pytest.raises(PolicyFailure, match="expired"):
        check_form(policy(*ENOUGH), FIELDS, bucket="b", now=NOW + timedelta(seconds=1))
