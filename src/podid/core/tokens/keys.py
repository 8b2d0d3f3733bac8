"""Keys: the set that a cluster publishes (RFC 7517), and the one that signs.

A set is read with tolerance for what it may rightly hold besides (keys of other kinds, for other uses, without an id) and with none for what
is broken: a key that claims to be ours and cannot be one is left out as well, so that one bad entry does not lock a cluster out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from msgspec import Struct

from podid.core.strict_json import MalformedJson, parse_json
from podid.core.tokens import base64url
from podid.core.tokens.algorithms import ALGORITHMS, CURVES, PrivateKey, PublicKey, algorithm_of, curve_of

MAX_JWKS_SIZE = 256 * 1024
MAX_KEYS = 100
"""An API server publishes one key for each `--service-account-key-file`: two during a rotation."""

MAX_KEY_ID = 256


class VerificationKey(Struct, frozen=True):
    """A public key with its id and the only algorithm it verifies."""

    kid: str
    algorithm: str
    key: PublicKey


class KeySet(Struct, frozen=True):
    """The keys of one issuer, by id."""

    keys: Mapping[str, VerificationKey]

    @staticmethod
    def of(keys: Iterable[VerificationKey]) -> KeySet:
        """A set of the given keys. Raises ValueError where two share an id."""
        by_id: dict[str, VerificationKey] = {}
        for key in keys:
            if by_id.setdefault(key.kid, key) is not key:
                raise ValueError(f"two keys have the id {key.kid!r}")
        return KeySet(by_id)

    def find(self, kid: str) -> VerificationKey | None:
        """The key of that id."""
        return self.keys.get(kid)


def parse_jwks(text: str | bytes) -> KeySet:
    """The usable keys of a JSON Web Key Set. Raises ValueError where the text is not one, is too large, or repeats an id."""
    data = text.encode() if isinstance(text, str) else text
    try:
        document = parse_json(data, max_size=MAX_JWKS_SIZE, max_depth=8)
    except MalformedJson as error:
        raise ValueError(f"not a JSON Web Key Set: {error}") from error
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError('not a JSON Web Key Set: expected {"keys": [...]}')
    if len(keys) > MAX_KEYS:
        raise ValueError(f"the key set has {len(keys)} keys, more than {MAX_KEYS}")
    return KeySet.of(key for key in map(_read_key, keys) if key is not None)


def _read_key(jwk: Any) -> VerificationKey | None:
    """One key of a set; None for one that is not for us."""
    if not isinstance(jwk, dict):
        return None
    kid = jwk.get("kid")
    operations = jwk.get("key_ops")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KEY_ID or jwk.get("use", "sig") != "sig":
        return None
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        return None
    try:
        key = _public_key(jwk)
        algorithm = "" if key is None else algorithm_of(key)
    except ValueError:
        return None
    if key is None or jwk.get("alg", algorithm) != algorithm:
        return None
    assert algorithm in ALGORITHMS
    return VerificationKey(kid, algorithm, key)


def _public_key(jwk: dict[str, Any]) -> PublicKey | None:
    if jwk.get("kty") == "RSA":
        return rsa.RSAPublicNumbers(_integer(jwk, "e"), _integer(jwk, "n")).public_key()
    if jwk.get("kty") == "EC":
        for curve in CURVES:
            if curve.name == jwk.get("crv"):
                return ec.EllipticCurvePublicNumbers(
                    _coordinate(jwk, "x", curve.size), _coordinate(jwk, "y", curve.size), curve.curve
                ).public_key()
    return None


def _integer(jwk: dict[str, Any], name: str) -> int:
    text = jwk.get(name)
    if not isinstance(text, str) or len(text) > 2048:
        raise ValueError(f"{name} is not a number")
    return base64url.decode_integer(text)


def _coordinate(jwk: dict[str, Any], name: str, size: int) -> int:
    text = jwk.get(name)
    if not isinstance(text, str) or len(text) > 2048 or len(base64url.decode(text)) != size:
        raise ValueError(f"{name} is not a coordinate of {size} bytes")
    return base64url.decode_integer(text)


class SigningKey:
    """A private key that signs tokens. `kid` is base64url(SHA-256(PKIX DER of the public key)), as Kubernetes computes it."""

    def __init__(self, private: PrivateKey) -> None:
        self.alg = algorithm_of(private)
        self.private = private
        self.public: PublicKey = private.public_key()
        self.kid = key_id(self.public)

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r}, alg={self.alg!r})"

    @staticmethod
    def from_pem(pem: bytes) -> SigningKey:
        """The key of an unencrypted PEM, PKCS #8 or traditional. Raises ValueError for other kinds, and for RSA under 2048 bits."""
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("not an RSA or elliptic curve key")
        return SigningKey(key)

    def verification_key(self) -> VerificationKey:
        """The public half, for a KeySet."""
        return VerificationKey(self.kid, self.alg, self.public)

    def public_jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key, with the members an API server publishes."""
        jwk = {"use": "sig", "kid": self.kid, "alg": self.alg}
        if isinstance(self.public, rsa.RSAPublicKey):
            numbers = self.public.public_numbers()
            return {
                "kty": "RSA",
                **jwk,
                "n": base64url.encode_integer(numbers.n),
                "e": base64url.encode_integer(numbers.e),
            }
        curve = curve_of(self.public)
        point = self.public.public_numbers()
        x, y = base64url.encode_integer(point.x, curve.size), base64url.encode_integer(point.y, curve.size)
        return {"kty": "EC", **jwk, "crv": curve.name, "x": x, "y": y}


def key_id(key: PublicKey) -> str:
    """The id Kubernetes gives a key."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64url.encode(hashlib.sha256(der).digest())
