"""X.509 certificates and keys in PEM, as IAM takes them: bounded, parsed, and refused in IAM's words.

What parses them is imported by whoever brings one: it takes 40 ms and 8 MB that no other call needs.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from podid.iam.errors import InvalidCertificate, KeyPairMismatch, MalformedCertificate

if TYPE_CHECKING:
    from cryptography import x509


class Certificate(Struct, frozen=True, kw_only=True):
    """What IAM looks at in a certificate."""

    digest: str
    """SHA-256 of its DER form, in hex: two with the same one are the same certificate."""
    not_before: datetime
    not_after: datetime
    public_key: bytes
    """DER form (SubjectPublicKeyInfo)."""


def read_certificate(text: str) -> Certificate:
    """One certificate. Raises MalformedCertificate for what is none, or more than one; InvalidCertificate for another kind of key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    found = _certificates(text)
    if len(found) != 1:
        raise MalformedCertificate("Unable to parse certificate. Please ensure the certificate is in PEM format.")
    certificate = found[0]
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError) as problem:
        raise InvalidCertificate("The certificate has a public key of a kind that is not supported.") from problem
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise InvalidCertificate("The certificate has a public key of a kind that is not supported.")
    return Certificate(
        digest=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        public_key=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


def check_chain(text: str) -> None:
    """Raise MalformedCertificate for what is no chain of certificates."""
    if not _certificates(text):
        raise MalformedCertificate("Unable to validate certificate chain. The certificate chain must be in PEM format.")


def check_pair(certificate: Certificate, private_key: str) -> None:
    """Raise MalformedCertificate for what is no private key in the clear, KeyPairMismatch for the key of another certificate."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise MalformedCertificate(
            "Unable to parse key; the private key must be unencrypted and in PEM format."
        ) from problem
    if key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != certificate.public_key:
        raise KeyPairMismatch("Private key does not match the public key of the certificate.")


def _certificates(text: str) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return []
