from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from podid.core.strict_json import MalformedJson, parse_json
from podid.core.tokens import KeySet, base64url, parse_jwks
from podid.core.tokens import __all__ as exported
from podid.core.tokens.keys import MAX_JWKS_SIZE, MAX_KEYS


def parsed(*keys: Any) -> KeySet:
    return parse_jwks(json.dumps({"keys": list(keys)}))


def test_a_published_set_is_read(signing_keys: Any) -> None:
    keys = parsed(*(key.public_jwk() for key in signing_keys.values()))
    assert {key.kid: key.algorithm for key in keys.keys.values()} == {key.kid: key.alg for key in signing_keys.values()}
    for key in signing_keys.values():
        found = keys.find(key.kid)
        assert found is not None and found.key == key.public


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES512"])
@pytest.mark.parametrize(
    "change",
    [
        {"kty": "oct"},
        {"kty": None},
        {"use": "enc"},
        {"use": None},
        {"alg": "HS256"},
        {"alg": "PS256"},
        {"kid": None},
        {"kid": ""},
        {"kid": "k" * 257},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"n": "AQAB", "x": "AQAB"},
        {"n": "A" * 3000, "x": "A" * 3000},
        {"n": 1, "x": 1},
        {"e": "Ag", "y": "Ag"},
        {"e": "=", "y": "="},
        {"e": "AA", "crv": "P-192"},
    ],
)
def test_a_key_that_is_not_for_us_is_left_out(algorithm: str, change: dict[str, Any], signing_keys: Any) -> None:
    good = signing_keys["ES384"]
    keys = parsed({**signing_keys[algorithm].public_jwk(), **change}, good.public_jwk())
    assert set(keys.keys) == {good.kid}


def test_optional_members_may_be_missing(signing_keys: Any) -> None:
    jwk = signing_keys["RS256"].public_jwk()
    del jwk["use"], jwk["alg"]
    keys = parsed({**jwk, "key_ops": ["verify"], "x5t": "ignored"})
    assert [key.algorithm for key in keys.keys.values()] == ["RS256"]


def test_a_point_that_is_not_on_its_curve_is_left_out(signing_keys: Any) -> None:
    jwk = signing_keys["ES256"].public_jwk()
    assert not parsed({**jwk, "y": jwk["x"]}).keys


def test_a_short_rsa_key_is_left_out() -> None:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    assert not parsed({"kty": "RSA", "kid": "k", "n": base64url.encode_integer(numbers.n), "e": "AQAB"}).keys


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"keys":{}}',
        '{"keys":[],"keys":[]}',
        "nul",
        b"\xff",
        '{"keys":' + "[" * 50 + "]" * 50 + "}",
        " " * (MAX_JWKS_SIZE + 1),
    ],
)
def test_what_is_no_key_set_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="JSON Web Key Set"):
        parse_jwks(text)


def test_sets_are_bounded_and_ids_are_unique(signing_keys: Any) -> None:
    with pytest.raises(ValueError, match="more than"):
        parsed(*({"kid": str(number)} for number in range(MAX_KEYS + 1)))
    with pytest.raises(ValueError, match="two keys"):
        parsed(
            signing_keys["RS256"].public_jwk(), {**signing_keys["ES256"].public_jwk(), "kid": signing_keys["RS256"].kid}
        )


def test_entries_that_are_no_objects_are_passed_over() -> None:
    assert not parsed(1, "x", None, []).keys


def test_looking_into_a_token_loads_no_cryptography() -> None:
    program = (
        "import sys; from podid.core.tokens import unverified_claims, Malformed; print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_exported_name_is_there() -> None:
    import podid.core.tokens as room

    for name in exported:
        assert getattr(room, name) is not None
    with pytest.raises(AttributeError):
        _ = room.nothing_of_that_name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":[1,2.5,"x",null,true]}', {"a": [1, 2.5, "x", None, True]}),
        (b' "\\ud83d\\ude00" ', "\U0001f600"),
        (b"1", 1),
    ],
)
def test_json_is_read(text: bytes, value: Any) -> None:
    assert parse_json(text, max_size=100) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a":1,"a":1}',
        b'[{"a":{"b":1,"b":2}}]',
        b"NaN",
        b"-Infinity",
        b"1e400",
        b'{"a":[-1E999]}',
        b'"\\ud83d"',
        b'{"\\udc00":1}',
        b'["\\ud800x"]',
        b"\xff",
        b"1 2",
        b"9" * 5000,
        b"[" * 129 + b"]" * 129,
        b'"' + b"a" * 9999 + b'"',
    ],
)
def test_json_that_readers_disagree_about_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse_json(text, max_size=9000)


def test_depth_counts_brackets_that_are_brackets() -> None:
    assert parse_json(b"[" * 128 + b"]" * 128, max_size=1000)
    assert parse_json(b'["' + b"[{\\\\" * 300 + b'\\""]', max_size=9000)
    with pytest.raises(MalformedJson, match="deeper"):
        parse_json(b'["\\"",' + b"[" * 128 + b"]" * 128 + b"]", max_size=9000)
