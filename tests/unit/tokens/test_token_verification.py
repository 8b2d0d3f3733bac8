"""None"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joserfc.jwk
import joserfc.jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.unit.tokens.made import raw

from podid.core.tokens import (
    MAX_SIZE,
    BadSignature,
    Expired,
    KeySet,
    Malformed,
    NotBound,
    NotYetValid,
    ServiceAccountToken,
    SigningKey,
    TokenProblem,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    base64url,
    parse_jwks,
    sign_token,
    verify_service_account_token,
    verify_token,
)
from podid.core.tokens.algorithms import is_signed, signature_of
from podid.core.tokens.keys import _public_key

ALGORITHMS = ("RS256", "ES256", "ES384", "ES512")
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "jws_rfc7515.json").read_text())["vectors"]


def verify(token: str, key: SigningKey | KeySet, now: datetime, **expected: Any) -> ServiceAccountToken:
    keys = key if isinstance(key, KeySet) else KeySet.of([key.verification_key()])
    expected = {"issuer": "https://issuer.local", "audience": "pods.eks.amazonaws.com", **expected}
    return verify_service_account_token(token, keys, now=now, **expected)


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
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        not_before=datetime.fromtimestamp(claims["nbf"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        jti=claims["jti"],
    )
    assert token.subject == claims["sub"]


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


@pytest.mark.parametrize(
    "issuer", [None, "", "https://issuer.local/", "HTTPS://issuer.local", 1, ["https://issuer.local"]]
)
def test_step_5_issuer(issuer: Any, signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    with pytest.raises(WrongIssuer):
        verify(sign_token(key, {**claims, "iss": issuer}), key, now)


def test_an_empty_expectation_expects_nothing(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    with pytest.raises(WrongIssuer):
        verify(sign_token(key, {**claims, "iss": ""}), key, now, issuer="")
    with pytest.raises(WrongAudience):
        verify(sign_token(key, {**claims, "aud": [""]}), key, now, audience="")


@pytest.mark.parametrize(
    ("audience", "problem"),
    [
        ("sts.amazonaws.com", WrongAudience),
        ([], WrongAudience),
        (["https://kubernetes.default.svc"], WrongAudience),
        (["pods.eks.amazonaws.com.evil"], WrongAudience),
        ("pods", WrongAudience),
        (None, Malformed),
        ({"pods.eks.amazonaws.com": 1}, Malformed),
        ([1, "pods.eks.amazonaws.com"], Malformed),
    ],
)
def test_step_6_audience(
    audience: Any, problem: type[TokenProblem], signing_keys: Any, claims: Any, now: datetime
) -> None:
    key = signing_keys["ES256"]
    with pytest.raises(problem):
        verify(sign_token(key, {**claims, "aud": audience}), key, now)


def test_one_of_many_audiences_will_do(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    for audience in ("pods.eks.amazonaws.com", ["a", "pods.eks.amazonaws.com"]):
        assert verify(sign_token(key, {**claims, "aud": audience}), key, now).pod_uid == "pod-uid"


def test_step_7_the_instant_of_exp_is_too_late(signing_keys: Any, claims: Any) -> None:
    key = signing_keys["ES256"]
    token = sign_token(key, claims)
    end = datetime.fromtimestamp(claims["exp"], UTC)
    verify(token, key, end - timedelta(microseconds=1))
    with pytest.raises(Expired) as refused:
        verify(token, key, end)
    assert refused.value.public == (
        "The token included in the request is expired: current date/time 2026-03-04T06:05:57Z must be before the "
        "expiration date/time 2026-03-04T06:05:57Z"
    )
    verify(token, key, end + timedelta(seconds=4), leeway=timedelta(seconds=5))
    with pytest.raises(Expired):
        verify(token, key, end + timedelta(seconds=5), leeway=timedelta(seconds=5))


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_step_7_the_instant_of_the_beginning_is_soon_enough(name: str, signing_keys: Any, claims: Any) -> None:
    key = signing_keys["ES256"]
    token = sign_token(key, {**claims, name: claims["exp"] - 60})
    begin = datetime.fromtimestamp(claims["exp"] - 60, UTC)
    verify(token, key, begin)
    with pytest.raises(NotYetValid):
        verify(token, key, begin - timedelta(microseconds=1))
    verify(token, key, begin - timedelta(seconds=5), leeway=timedelta(seconds=5))


@pytest.mark.parametrize("value", ["soon", True, -1, 1e300, {}, 253_402_300_800])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_step_7_times_are_numbers(name: str, value: Any, signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    with pytest.raises(Malformed):
        verify(sign_token(key, {**claims, name: value}), key, now)


def test_step_7_only_the_end_is_required(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    without = {name: value for name, value in claims.items() if name not in ("nbf", "iat")}
    assert verify(sign_token(key, without), key, now).not_before is None
    with pytest.raises(Malformed, match="no expiration"):
        verify(sign_token(key, {name: value for name, value in claims.items() if name != "exp"}), key, now)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kubernetes.io": None}, Malformed),
        ({"kubernetes.io": {}}, NotBound),
        ({"sub": "system:serviceaccount:default:other"}, NotBound),
        ({"sub": "system:serviceaccount:kube-system:app"}, NotBound),
        ({"sub": None}, NotBound),
        ({"pod": None}, Malformed),
        ({"pod": {}}, NotBound),
        ({"pod": {"name": "pod-1"}}, NotBound),
        ({"pod": {"name": "pod-1", "uid": ""}}, NotBound),
        ({"pod": {"name": 1, "uid": "u"}}, Malformed),
        ({"serviceaccount": {"name": "app"}}, NotBound),
        ({"serviceaccount": "app"}, Malformed),
        ({"namespace": ""}, NotBound),
        ({"namespace": ["default"]}, Malformed),
    ],
)
def test_step_8_binding(
    change: dict[str, Any], problem: type[TokenProblem], signing_keys: Any, claims: Any, now: datetime
) -> None:
    key = signing_keys["ES256"]
    for name, value in change.items():
        if name in claims:
            claims[name] = value
        else:
            claims["kubernetes.io"][name] = value
    with pytest.raises(problem):
        verify(sign_token(key, claims), key, now)


def test_a_token_bound_to_no_pod_is_still_a_token(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    del claims["kubernetes.io"]["pod"]
    keys = KeySet.of([key.verification_key()])
    read = verify_token(
        sign_token(key, claims), keys, issuer="https://issuer.local", audience="pods.eks.amazonaws.com", now=now
    )
    assert read == claims


def test_an_older_cluster_names_no_node(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    del claims["kubernetes.io"]["node"], claims["jti"]
    token = verify(sign_token(key, claims), key, now)
    assert (token.node_name, token.node_uid, token.jti) == ("", "", "")


def test_no_problem_repeats_the_token(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    good = sign_token(key, claims)
    for bad in (good[:-4], good + "=", good.replace(".", ".A", 1), sign_token(signing_keys["RS256"], claims)):
        with pytest.raises(TokenProblem) as refused:
            verify(bad, key, now)
        told = refused.value.public + refused.value.private
        assert not any(part and part in told for part in good.split("."))
