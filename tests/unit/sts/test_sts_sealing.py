"""Sessions: sealed, opened, refused."""

from __future__ import annotations

import base64
import os
import stat
import string
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podid.core.errors import AwsError
from podid.iam.key_ids import account_of_access_key, new_access_key_id
from podid.sts import KeyRing, KeyRingProblem
from podid.sts.claims import SessionClaims, decode_claims, encode_claims
from podid.sts.key_ring import LONGEST_SESSION
from podid.sts.sealing import MAX_TOKEN, NotOurs, Seal, Sealer, Unsealable

ACCOUNT = "111122223333"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
RING = KeyRing.generate(NOW)


randomly = os.urandom


def seal(ring: KeyRing, claims: bytes, purpose: bytes) -> tuple[str, Seal]:
    return Sealer(ring).seal(claims, purpose)


def open_sealed(ring: KeyRing, token: str, purpose: bytes) -> tuple[bytes, Seal]:
    return Sealer(ring).open(token, purpose)


@given(st.binary(max_size=3000))
def test_what_is_sealed_opens(claims: bytes) -> None:
    token, made = seal(RING, claims, b"p")
    opened, again = open_sealed(RING, token, b"p")
    assert opened == claims
    assert made.secret("ASIA") == again.secret("ASIA")
    assert set(token) <= set(string.ascii_letters + string.digits + "+/=")


@given(st.data())
@settings(max_examples=300)
def test_no_altered_token_opens(data: st.DataObject) -> None:
    token, _ = seal(RING, b"claims" * 10, b"p")
    raw = bytearray(base64.b64decode(token))
    index = data.draw(st.integers(0, len(raw) - 1))
    raw[index] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NotOurs):
        open_sealed(RING, base64.b64encode(raw).decode(), b"p")


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode())))
def test_whatever_else_comes_is_not_ours(token: str) -> None:
    with pytest.raises(NotOurs):
        open_sealed(RING, token, b"p")


def test_truncated_and_lengthened_tokens_are_not_ours() -> None:
    token, _ = seal(RING, b"claims", b"p")
    raw = base64.b64decode(token)
    for size in range(len(raw)):
        with pytest.raises(NotOurs):
            open_sealed(RING, base64.b64encode(raw[:size]).decode(), b"p")
    for other in (base64.b64encode(raw + b"\0").decode(), token + "\n", " " + token, token + "A" * MAX_TOKEN):
        with pytest.raises(NotOurs):
            open_sealed(RING, other, b"p")


def test_a_seal_is_for_one_purpose_and_one_ring() -> None:
    token, _ = seal(RING, b"claims", b"session")
    with pytest.raises(NotOurs):
        open_sealed(RING, token, b"message")
    with pytest.raises(NotOurs):
        open_sealed(KeyRing.generate(NOW), token, b"session")


def test_a_bomb_does_not_inflate(monkeypatch: pytest.MonkeyPatch) -> None:
    import podid.sts.sealing as sealing

    monkeypatch.setattr(sealing, "MAX_CLAIMS", 10_000_000)
    bomb, _ = seal(RING, bytes(1_000_000), b"p")
    monkeypatch.undo()
    with pytest.raises(NotOurs):
        open_sealed(RING, bomb, b"p")


def test_what_does_not_fit_is_refused_when_sealing() -> None:
    with pytest.raises(Unsealable):
        seal(RING, randomly(MAX_TOKEN), b"p")


def test_secrets_differ_by_access_key_id_and_by_token() -> None:
    _, one = seal(RING, b"claims", b"p")
    _, other = seal(RING, b"claims", b"p")
    secrets = {one.secret("ASIA1"), one.secret("ASIA2"), other.secret("ASIA1")}
    assert len(secrets) == 3
    assert all(len(secret) == 40 for secret in secrets)


def test_a_token_holds_no_plain_text() -> None:
    claims = SessionClaims(
        kind="role",
        account=ACCOUNT,
        access_key_id="ASIA",
        issuer_id="AROA",
        issuer_name="app",
        issued_at=1,
        expires_at=2,
    )
    token, _ = seal(RING, encode_claims(claims), b"p")
    assert ACCOUNT.encode() not in base64.b64decode(token)
    assert decode_claims(open_sealed(RING, token, b"p")[0]) == claims


# The key ring's file.


def test_a_ring_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "ring.json"
    first = KeyRing.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token, _ = seal(first, b"claims", b"p")
    assert open_sealed(KeyRing.load_or_create(path), token, b"p")[0] == b"claims"


def test_of_many_that_make_a_ring_all_get_the_same(tmp_path: Path) -> None:
    rings: list[KeyRing] = []
    threads = [
        threading.Thread(target=lambda: rings.append(KeyRing.load_or_create(tmp_path / "ring.json"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ring.current().id for ring in rings}) == 1


def test_rotation_in_another_process_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    serving = KeyRing.load_or_create(path, now=NOW)
    old, _ = seal(serving, b"old", b"p")
    KeyRing.load_or_create(path).rotate(NOW)
    new, _ = seal(KeyRing.load_or_create(path), b"new", b"p")
    assert open_sealed(serving, new, b"p")[0] == b"new"
    assert open_sealed(serving, old, b"p")[0] == b"old"
    assert seal(serving, b"", b"p")[1].key == KeyRing.load_or_create(path).current()


def test_an_old_key_goes_when_its_last_session_has_ended() -> None:
    ring = KeyRing.generate(NOW)
    token, _ = seal(ring, b"claims", b"p")
    ring.rotate(NOW)
    ring.rotate(NOW + LONGEST_SESSION - timedelta(seconds=1))
    assert open_sealed(ring, token, b"p")[0] == b"claims"
    ring.rotate(NOW + LONGEST_SESSION)
    with pytest.raises(NotOurs):
        open_sealed(ring, token, b"p")


def test_a_broken_file_does_not_take_the_keys_away(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    ring = KeyRing.load_or_create(path)
    token, _ = seal(ring, b"claims", b"p")
    path.write_text("{")
    assert open_sealed(ring, token, b"p")[0] == b"claims"
    path.unlink()
    assert open_sealed(ring, token, b"p")[0] == b"claims"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"keys":[]}', '{"keys":[{"id":"AAAAAA==","secret":"AAAA","created_at":"2026-01-01T00:00:00Z"}]}'],
)
def test_what_is_no_ring_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ring.json"
    path.write_text(content)
    with pytest.raises(KeyRingProblem):
        KeyRing.load_or_create(path)


def test_no_key_in_a_repr(tmp_path: Path) -> None:
    ring = KeyRing.load_or_create(tmp_path / "ring.json")
    secret = base64.b64encode(ring.current().secret).decode()
    assert secret in (tmp_path / "ring.json").read_text()
    shown = repr(ring) + repr(ring.current())
    assert secret not in shown
    assert repr(ring.current().secret) not in shown


# Sessions, opened.


@pytest.fixture
def session(world: Any) -> dict[str, Any]:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.role(world.trust({"Principal": {"AWS": ACCOUNT}}))
    answer: dict[str, Any] = world.sts_call("AssumeRole", ann, RoleArn=role, RoleSessionName="session")
    return answer["Credentials"]  # type: ignore[no-any-return]


def refused(world: Any, code: str, access_key_id: str, token: str) -> None:
    with pytest.raises(AwsError) as caught:
        world.sts.open_session(access_key_id, token, world.clock())
    assert (caught.value.code, caught.value.status) == (code, 403)


def test_a_session_ends_at_its_instant(world: Any, session: dict[str, Any]) -> None:
    key, token = session["AccessKeyId"], session["SessionToken"]
    world.clock.now = session["Expiration"] - timedelta(microseconds=1)
    assert world.sts.open_session(key, token, world.clock()).caller.expires_at == session["Expiration"]
    world.clock.now = session["Expiration"]
    refused(world, "ExpiredToken", key, token)


def test_a_token_goes_with_its_own_access_key_id(world: Any, session: dict[str, Any]) -> None:
    other = new_access_key_id("ASIA", ACCOUNT, randomly)
    for access_key_id in (other, "", "żółw", session["AccessKeyId"].lower()):
        refused(world, "InvalidClientTokenId", access_key_id, session["SessionToken"])
    assert world.open(session)
    refused(world, "InvalidClientTokenId", other, session["SessionToken"])  # and so from the cache of opened tokens


def test_an_altered_token_is_refused(world: Any, session: dict[str, Any]) -> None:
    token = session["SessionToken"]
    swapped = token[:-8] + ("A" if token[-8] != "A" else "B") + token[-7:]
    for other in ("", "x", token[:-4], token.lower(), swapped):
        refused(world, "InvalidClientTokenId", session["AccessKeyId"], other)


def test_a_withdrawn_key_ends_what_it_sealed(world: Any, session: dict[str, Any]) -> None:
    assert world.open(session)
    world.ring.rotate(world.clock())
    assert world.open(session)
    world.ring.rotate(world.clock() + LONGEST_SESSION)
    refused(world, "InvalidClientTokenId", session["AccessKeyId"], session["SessionToken"])


def test_a_session_outlives_the_process(world: Any, session: dict[str, Any]) -> None:
    from podid.sts import Sts

    again = Sts(world.iam, world.authorizer, world.ring)
    opened = again.open_session(session["AccessKeyId"], session["SessionToken"], world.clock())
    assert opened.secret == session["SecretAccessKey"]
    assert opened.secret not in repr(opened)


def test_two_sessions_have_nothing_in_common(world: Any) -> None:
    ann = world.user(p=world.allow("sts:AssumeRole"))
    role = world.role(world.trust({"Principal": {"AWS": ACCOUNT}}))
    made = [
        world.sts_call("AssumeRole", ann, RoleArn=role, RoleSessionName="session")["Credentials"] for _ in range(20)
    ]
    for member in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
        assert len({credentials[member] for credentials in made}) == 20


@given(st.integers(0, 10**12 - 1), st.sampled_from(["AKIA", "ASIA"]))
def test_access_key_ids_carry_their_account(number: int, prefix: Any) -> None:
    account = f"{number:012}"
    made = new_access_key_id(prefix, account, randomly)
    assert made[:4] == prefix
    assert len(made) == 20
    assert set(made[4:]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert account_of_access_key(made) == account


@pytest.mark.parametrize(
    "text", ["", "AKIA", "AROAAAAAAAAAAAAAAAAA", "AKIA1111111111111111", "ASIA" + "a" * 16, "ASIA" + "7" * 16]
)
def test_what_is_no_access_key_id_has_no_account(text: str) -> None:
    assert account_of_access_key(text) is None
