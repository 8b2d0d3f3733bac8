"""Steps 1 to 4 of verifying a token: form, header, key, signature."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joserfc.jwk
import joserfc.jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.unit.tokens.made import raw, verify

from podid.core.tokens import (
    MAX_SIZE,
    BadSignature,
    KeySet,
    Malformed,
    ServiceAccountToken,
    SigningKey,
    TokenProblem,
    UnknownKey,
    base64url,
    parse_jwks,
    sign_token,
)
from podid.core.tokens.algorithms import is_signed, signature_of
from podid.core.tokens.keys import _public_key

ALGORITHMS = ("RS256", "ES256", "ES384", "ES512")
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "jws_rfc7515.json").read_text())["vectors"]


def _always(signature: bytes) -> Callable[[bytes], bytes]:
    return lambda _: signature


def with_header(key: SigningKey, claims: Any, header: dict[str, Any]) -> str:
    return raw({"alg": key.alg, "kid": key.kid, **header}, claims, lambda signed: signature_of(key.private, signed))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_the_cluster_holds(algorithm: str, signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys[algorithm]
    token = verify(sign_token(key, claims), parse_jwks(json.dumps({"keys": [key.public_jwk()]})), now)
    assert token == ServiceAccountToken(
        namespace="default",
        service_account="app",
        service_account_uid="account-uid",
        pod_name="pod-1",
        pod_uid="pod-uid",
        node_name="node-1",
        node_uid="node-uid",
        issuer="https://issuer.local",
        audiences=("pods.eks.amazonaws.com",),
        issued=claims["iat"],
        begins=claims["nbf"],
        expires=claims["exp"],
        jti=claims["jti"],
    )
    assert token.subject == claims["sub"]
    assert (token.issued_at, token.not_before, token.expires_at) == tuple(
        datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "nbf", "exp")
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_library_reads_what_we_sign_and_we_what_it_signs(
    algorithm: str, signing_keys: Any, claims: Any, now: datetime
) -> None:
    key = signing_keys[algorithm]
    theirs = joserfc.jwk.import_key(
        key.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        "RSA" if algorithm == "RS256" else "EC",
    )
    assert joserfc.jwt.decode(sign_token(key, claims), theirs, algorithms=[algorithm]).claims == claims
    token = joserfc.jwt.encode({"alg": algorithm, "kid": key.kid}, claims, theirs, algorithms=[algorithm])
    assert verify(token, key, now).pod_name == "pod-1"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_examples_of_rfc_7515(vector: dict[str, Any]) -> None:
    key = _public_key(vector["jwk"])
    assert key is not None
    signed, _, signature = vector["jws"].rpartition(".")
    mac = base64url.decode(signature)
    assert is_signed(key, mac, signed.encode())
    assert not is_signed(key, mac, signed.encode() + b" ")
    assert not is_signed(key, mac[:-1] + bytes([mac[-1] ^ 1]), signed.encode())
    assert not is_signed(key, mac[:-1], signed.encode())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_byte_of_a_token_may_change(algorithm: str, signing_keys: Any, claims: Any, now: datetime) -> None:
    token = sign_token(signing_keys[algorithm], claims)
    for at in range(0, len(token), 37):
        for other in "A0.=":
            if token[at] != other:
                with pytest.raises(TokenProblem):
                    verify(token[:at] + other + token[at + 1 :], signing_keys[algorithm], now)


def test_step_1_size_and_form(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    good = sign_token(key, claims)
    header, payload, signature = good.split(".")
    for bad in (
        "",
        ".",
        "..",
        "a.b",
        good + ".x",
        good + "=",
        good + "\n",
        " " + good,
        f"{header}.{payload}.",
        f"{header}=.{payload}.{signature}",
        f"{header}.{payload}.{signature[:-1]}",
        f"{header}.{payload}.+{signature[1:]}",
        "\u0430" + good[1:],
        "A" * (MAX_SIZE + 1),
        raw(b"[]", claims, lambda _: b"x"),
        raw(b"{", claims, lambda _: b"x"),
        raw(b'{"alg":"ES256","kid":"a","kid":"b"}', claims, lambda _: b"x"),
        raw(b"\xff", claims, lambda _: b"x"),
    ):
        with pytest.raises(Malformed):
            verify(bad, key, now)
    for payload_ in (
        b"[]",
        b'"text"',
        b"{",
        b'{"iss":"a","iss":"b"}',
        b'{"a":' * 50 + b"1" + b"}" * 50,
        b"\xff",
        b'{"exp":NaN}',
    ):
        with pytest.raises(Malformed):
            verify(raw({"alg": "ES256", "kid": key.kid}, payload_, lambda s: signature_of(key.private, s)), key, now)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256"},
        {"alg": "PS256"},
        {"alg": "RS512"},
        {"alg": "EdDSA"},
        {"alg": None},
        {"alg": ["RS256"]},
        {"kid": None},
        {"kid": ""},
        {"kid": 1},
        {"kid": "k" * 257},
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": None},
    ],
)
def test_step_2_header(header: dict[str, Any], signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["RS256"]
    with pytest.raises(Malformed):
        verify(with_header(key, claims, header), key, now)


def test_what_a_header_says_of_keys_is_not_followed(signing_keys: Any, claims: Any, now: datetime) -> None:
    ours, theirs = signing_keys["ES256"], SigningKey(ec.generate_private_key(ec.SECP256R1()))
    forged = with_header(
        theirs, claims, {"kid": ours.kid, "jwk": theirs.public_jwk(), "jku": "https://evil", "x5c": ["x"]}
    )
    with pytest.raises(BadSignature):
        verify(forged, ours, now)


def test_a_public_key_is_no_shared_secret(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["RS256"]
    pem = key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    forged = raw({"alg": "HS256", "kid": key.kid}, claims, lambda signed: hmac.digest(pem, signed, "sha256"))
    with pytest.raises(Malformed):
        verify(forged, key, now)


def test_step_3_key(signing_keys: Any, claims: Any, now: datetime) -> None:
    with pytest.raises(UnknownKey):
        verify(sign_token(signing_keys["ES256"], claims), signing_keys["RS256"], now)
    with pytest.raises(UnknownKey):
        verify(sign_token(signing_keys["ES256"], claims), KeySet({}), now)
    # a key is used with its own algorithm only, whatever the token says
    for algorithm in ("RS256", "ES384", "ES512"):
        with pytest.raises(BadSignature):
            verify(with_header(signing_keys["ES256"], claims, {"alg": algorithm}), signing_keys["ES256"], now)


def test_step_4_signature(signing_keys: Any, claims: Any, now: datetime) -> None:
    for algorithm in ALGORITHMS:
        key = signing_keys[algorithm]
        for bad in (b"\0", b"\0" * 64, b"\0" * 132, b"\xff" * 256):
            with pytest.raises(BadSignature):
                verify(raw({"alg": algorithm, "kid": key.kid}, claims, _always(bad)), key, now)


def test_the_halves_of_an_ecdsa_signature_have_their_length(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]

    def longer(signed: bytes) -> bytes:
        signature = signature_of(key.private, signed)
        return signature[:32] + b"\0" + signature[32:]  # the same two numbers

    with pytest.raises(BadSignature):
        verify(raw({"alg": "ES256", "kid": key.kid}, claims, longer), key, now)


def test_an_ecdsa_signature_in_der_is_refused(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    from cryptography.hazmat.primitives import hashes

    der = raw(
        {"alg": "ES256", "kid": key.kid}, claims, lambda signed: key.private.sign(signed, ec.ECDSA(hashes.SHA256()))
    )
    with pytest.raises(BadSignature):
        verify(der, key, now)


def test_step_4_a_payload_that_is_not_ascii_was_signed_by_nobody(signing_keys: Any, claims: Any, now: datetime) -> None:
    header, _, signature = sign_token(signing_keys["ES256"], claims).split(".")
    for payload in ("\u0430", "\ud800"):
        with pytest.raises(BadSignature):
            verify(f"{header}.{payload}.{signature}", signing_keys["ES256"], now)


def test_no_problem_repeats_the_token(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    good = sign_token(key, claims)
    for bad in (good[:-4], good + "=", good.replace(".", ".A", 1), sign_token(signing_keys["RS256"], claims)):
        with pytest.raises(TokenProblem) as refused:
            verify(bad, key, now)
        told = refused.value.public + refused.value.private
        assert not any(part and part in told for part in good.split("."))
