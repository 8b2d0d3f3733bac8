"""Keys, base64url and claims by themselves."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tokens.made import raw

from podid.core.tokens import (
    Malformed,
    SigningKey,
    base64url,
    unverified_claims,
)


def test_claims_can_be_looked_at_without_belief(claims: Any, signing_keys: Any) -> None:
    forged = raw({"alg": "none"}, claims, lambda _: b"x")
    assert unverified_claims(forged) == claims
    header, _, signature = forged.split(".")
    for bad in ("not a token", f"{header}.\u0430.{signature}", f"{header}.\ud800.{signature}"):
        with pytest.raises(Malformed):
            unverified_claims(bad)


def test_a_key_id_is_kubernetes_own(signing_keys: Any) -> None:
    for key in signing_keys.values():
        der = key.public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert key.kid == base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "make", [lambda: rsa.generate_private_key(65537, 1024), lambda: ec.generate_private_key(ec.SECP256K1())]
)
def test_weak_and_foreign_keys_do_not_sign(make: Any, pem_of: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        SigningKey.from_pem(pem_of(make()))


def test_a_pem_that_is_no_private_key(signing_keys: Any) -> None:
    public = signing_keys["RS256"].public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for text in (b"", b"not a pem", public):
        with pytest.raises(ValueError):
            SigningKey.from_pem(text)


def test_a_private_key_does_not_show(signing_keys: Any) -> None:
    shown = repr(signing_keys["ES256"])
    assert str(signing_keys["ES256"].private.private_numbers().private_value) not in shown and "kid=" in shown


@given(st.binary(max_size=70))
def test_base64url_is_one_text_for_each_value(data: bytes) -> None:
    text = base64url.encode(data)
    assert base64url.decode(text) == data == base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [text[:-1] + last for last in alphabet if text and last != text[-1]]
    assert all(_decoded(other) != data for other in others)


def _decoded(text: str) -> bytes | None:
    try:
        return base64url.decode(text)
    except ValueError:
        return None


@given(st.text(max_size=60))
def test_noise_is_no_token(text: str) -> None:
    with pytest.raises(Malformed):
        unverified_claims(text)
