"""The four signature algorithms taken (RFC 7518 sections 3.3 and 3.4): RS256, and ES256, ES384 and ES512.

They are those that Kubernetes signs service account tokens with. The list is ours; a token has no say in it. An ECDSA signature in a JWS is
r and s side by side, each of the curve's size, not DER.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from msgspec import Struct

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

MIN_RSA_BITS = 2048
"""NIST SP 800-131A; RFC 7518 section 3.3 asks for it too."""

MAX_RSA_BITS = 8192
"""A larger key makes each verification slow enough to be a weapon."""


class Curve(Struct, frozen=True):
    """A curve with the algorithm that goes with it. `size` is that of a coordinate, in bytes."""

    name: str
    algorithm: str
    size: int
    curve: ec.EllipticCurve
    ecdsa: ec.ECDSA


CURVES: Final = (
    Curve("P-256", "ES256", 32, ec.SECP256R1(), ec.ECDSA(hashes.SHA256())),
    Curve("P-384", "ES384", 48, ec.SECP384R1(), ec.ECDSA(hashes.SHA384())),
    Curve("P-521", "ES512", 66, ec.SECP521R1(), ec.ECDSA(hashes.SHA512())),
)
ALGORITHMS: Final = frozenset({"RS256", *(curve.algorithm for curve in CURVES)})

_BY_CURVE: Final = {curve.curve.name: curve for curve in CURVES}
_PKCS1: Final = padding.PKCS1v15()
_SHA256: Final = hashes.SHA256()


def algorithm_of(key: PublicKey | PrivateKey) -> str:
    """The one algorithm a key is used with. Raises ValueError for a key that is too small, too large, or on another curve."""
    if isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise ValueError(f"an RSA key of {key.key_size} bits: expected {MIN_RSA_BITS} to {MAX_RSA_BITS}")
        return "RS256"
    return curve_of(key).algorithm


def curve_of(key: ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey) -> Curve:
    """The curve a key is on. Raises ValueError for one that is not taken."""
    curve = _BY_CURVE.get(key.curve.name)
    if curve is None:
        raise ValueError(f"the curve {key.curve.name}: expected P-256, P-384 or P-521")
    return curve


def is_signed(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    """Whether `signature` is the key's over `signed`."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, _PKCS1, _SHA256)
            return True
        curve = curve_of(key)
        if len(signature) != 2 * curve.size:
            return False
        r, s = int.from_bytes(signature[: curve.size], "big"), int.from_bytes(signature[curve.size :], "big")
        key.verify(encode_dss_signature(r, s), signed, curve.ecdsa)
        return True
    except InvalidSignature:
        return False


def signature_of(key: PrivateKey, signed: bytes) -> bytes:
    """The key's signature over `signed`, as a JWS carries it."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, _PKCS1, _SHA256)
    curve = curve_of(key)
    r, s = decode_dss_signature(key.sign(signed, curve.ecdsa))
    return r.to_bytes(curve.size, "big") + s.to_bytes(curve.size, "big")
