"""Seals: their nonces, their series, and what version 1 sealed."""

from __future__ import annotations

import base64
import hmac
import os
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from podid.core.ids import names_at_random
from podid.sts import KeyRing
from podid.sts.sealing import NotOurs, Seal, Sealer

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RING = KeyRing.generate(NOW)


def seal(ring: KeyRing, claims: bytes, purpose: bytes) -> tuple[str, Seal]:
    return Sealer(ring).seal(claims, purpose)


def open_sealed(ring: KeyRing, token: str, purpose: bytes) -> tuple[bytes, Seal]:
    return Sealer(ring).open(token, purpose)


def parts(token: str) -> tuple[bytes, bytes]:
    """The salt of a token's series, and its nonce."""
    raw = base64.b64decode(token)
    return raw[5:29], raw[29:41]


def test_a_series_has_one_salt_and_each_token_its_nonce() -> None:
    sealer = Sealer(RING)
    made = [parts(sealer.seal(b"claims", b"p")[0]) for _ in range(100)]
    assert len({salt for salt, _ in made}) == 1
    assert len({nonce for _, nonce in made}) == 100
    assert parts(Sealer(RING).seal(b"claims", b"p")[0])[0] != made[0][0]


def test_a_series_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podid.sts.sealing._SERIES", 3)
    sealer = Sealer(RING)
    tokens = [sealer.seal(b"claims", b"p")[0] for _ in range(7)]
    salts = [parts(token)[0] for token in tokens]
    assert [salts.count(salt) for salt in dict.fromkeys(salts)] == [3, 3, 1]
    assert {sealer.open(token, b"p")[0] for token in tokens} == {b"claims"}


def test_a_new_key_begins_a_series() -> None:
    ring = KeyRing.generate(NOW)
    sealer = Sealer(ring)
    before, made = sealer.seal(b"claims", b"p")
    ring.rotate(NOW)
    after, again = sealer.seal(b"claims", b"p")
    assert made.key.id == base64.b64decode(before)[1:5] != base64.b64decode(after)[1:5] == again.key.id
    assert parts(before)[0] != parts(after)[0]


@given(st.lists(st.binary(max_size=40), min_size=2, max_size=8, unique=True))
def test_where_random_bytes_repeat_texts_have_nonces_of_their_own(texts: list[bytes]) -> None:
    sealer = Sealer(RING, bytes)  # zeros only
    tokens = [sealer.seal(text, b"p")[0] for text in texts]
    assert len({parts(token) for token in tokens}) == len(texts)
    assert tokens == [sealer.seal(text, b"p")[0] for text in texts]


def test_where_random_bytes_repeat_purposes_have_nonces_of_their_own() -> None:
    """One nonce under two sets of associated data would give GCM's authentication key away."""
    sealer = Sealer(RING, bytes)
    tokens = [sealer.seal(b"claims", purpose)[0] for purpose in (b"podid session", b"podid authorization message")]
    assert parts(tokens[0])[0] == parts(tokens[1])[0]
    assert parts(tokens[0])[1] != parts(tokens[1])[1]


def test_threads_that_seal_at_once_share_no_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podid.sts.sealing._SERIES", 50)
    sealer, together = Sealer(RING, names_at_random), threading.Barrier(4)

    def some(_: int) -> list[str]:
        together.wait()
        return [sealer.seal(b"claims", b"p")[0] for _ in range(500)]

    with ThreadPoolExecutor(4) as pool:
        tokens = [token for some_of in pool.map(some, range(4)) for token in some_of]
    assert len({parts(token) for token in tokens}) == 2000
    assert {sealer.open(token, b"p")[0] for token in tokens} == {b"claims"}


def test_a_child_process_shares_no_nonce_with_its_parent() -> None:
    sealer = Sealer(RING, names_at_random)
    sealer.seal(b"claims", b"p")
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, sealer.seal(b"claims", b"p")[0].encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reader, 1000).decode()
    os.close(reader)
    os.close(writer)
    assert parts(theirs)[1] != parts(sealer.seal(b"claims", b"p")[0])[1]
    assert sealer.open(theirs, b"p")[0] == b"claims"


def test_an_altered_nonce_or_salt_does_not_open_and_makes_no_other_secret_known() -> None:
    token, made = seal(RING, b"claims", b"p")
    raw = bytearray(base64.b64decode(token))
    for index in range(1, 41):
        raw[index] ^= 1
        with pytest.raises(NotOurs):
            open_sealed(RING, base64.b64encode(raw).decode(), b"p")
        raw[index] ^= 1
    assert open_sealed(RING, token, b"p")[1].secret("ASIA") == made.secret("ASIA")


def sealed_in_version_1(ring: KeyRing, plain: bytes, purpose: bytes, access_key_id: str) -> tuple[str, str]:
    """A token as version 1 made it, and its secret."""

    def derived(info: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(ring.current().secret)

    salt = os.urandom(24)
    header = b"\x01" + ring.current().id + salt
    key = hmac.digest(derived(b"podid seal v1"), salt, "sha256")
    token = header + AESGCM(key).encrypt(bytes(12), plain, header + purpose)
    secret = hmac.digest(derived(b"podid secret v1"), salt + access_key_id.encode(), "sha256")
    return base64.b64encode(token).decode(), base64.b64encode(secret).decode()[:40]


@given(st.binary(max_size=2000), st.booleans())
def test_tokens_of_version_1_open(claims: bytes, deflated: bool) -> None:
    plain = b"\x01" + zlib.compress(claims) if deflated else b"\x00" + claims
    token, secret = sealed_in_version_1(RING, plain, b"p", "ASIA")
    opened, made = open_sealed(RING, token, b"p")
    assert (opened, made.secret("ASIA")) == (claims, secret)
    with pytest.raises(NotOurs):
        open_sealed(RING, token, b"another purpose")


@pytest.mark.parametrize("version", range(256))
def test_a_token_is_of_its_version_alone(version: int) -> None:
    for made_in, token in (
        (1, sealed_in_version_1(RING, b"\x00claims", b"p", "")[0]),
        (2, seal(RING, b"claims", b"p")[0]),
    ):
        raw = bytearray(base64.b64decode(token))
        raw[0] = version
        if version == made_in:
            assert open_sealed(RING, base64.b64encode(raw).decode(), b"p")[0] == b"claims"
        else:
            with pytest.raises(NotOurs):
                open_sealed(RING, base64.b64encode(raw).decode(), b"p")


def test_a_token_of_version_1_has_no_part_missing() -> None:
    raw = base64.b64decode(sealed_in_version_1(RING, b"\x00claims", b"p", "")[0])
    for size in range(len(raw)):
        with pytest.raises(NotOurs):
            open_sealed(RING, base64.b64encode(raw[:size]).decode(), b"p")


def test_no_token_opens_as_one_of_another_version_with_its_nonce_put_in_or_left_out() -> None:
    """Both versions take a key of one salt from one sealing key; version 1's nonce is zeros."""
    first = base64.b64decode(sealed_in_version_1(RING, b"\x00claims", b"p", "")[0])
    second = base64.b64decode(seal(RING, b"claims", b"p")[0])
    for raw in (b"\x02" + first[1:29] + bytes(12) + first[29:], b"\x01" + second[1:29] + second[41:]):
        with pytest.raises(NotOurs):
            open_sealed(RING, base64.b64encode(raw).decode(), b"p")
