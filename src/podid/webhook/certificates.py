"""A certificate authority of the webhook's own, and the serving certificate that API servers are told to trust by it.

`prepare` makes what is missing or about to end, and gives the files. The authority goes into the MutatingWebhookConfiguration as
`caBundle`; while it stays, serving certificates come and go beneath it without anyone noticing.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from podid.files import write_whole

NAMES: Final = ("localhost", "127.0.0.1", "::1", "pod-identity-webhook.eks.svc", "pod-identity-webhook.kube-system.svc")
"""Whom the serving certificate is for: this host, and the Service under which AWS's manifests and ours put the webhook."""

_CA_LIFE: Final = timedelta(days=3650)
_LIFE: Final = timedelta(days=365)
_RENEW: Final = timedelta(days=30)
_BACKDATE: Final = timedelta(minutes=5)
"""For an API server whose clock is a little behind."""


class WebhookFiles(Struct, frozen=True):
    """PEM files. The keys are 0600."""

    ca: Path
    certificate: Path
    key: Path


def prepare(folder: Path, *, names: Sequence[str] = NAMES, now: datetime | None = None) -> WebhookFiles:
    """Make sure of an authority and a serving certificate in `folder`, each good for 30 days at least.

    Idempotent, and safe where two processes do it at once. Raises OSError where the folder cannot be written.
    """
    now = now or datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = WebhookFiles(ca=folder / "ca.crt", certificate=folder / "tls.crt", key=folder / "tls.key")
    with _locked(folder / ".lock"):
        authority = _load(files.ca, folder / "ca.key", now)
        if authority is None:
            authority = _make_authority(now)
            write_whole(folder / "ca.key", _pem_of_key(authority[1]))
            write_whole(files.ca, _pem(authority[0]), mode=0o644)
        serving = _load(files.certificate, files.key, now)
        if serving is None or not _fits(serving[0], authority[0], names):
            certificate, key = _make_serving(authority, names, now)
            write_whole(files.key, _pem_of_key(key))
            write_whole(files.certificate, _pem(certificate), mode=0o644)
    return files


_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _load(certificate_file: Path, key_file: Path, now: datetime) -> _Pair | None:
    """A certificate and its key; None where one is missing, unreadable, of another pair, or near its end."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        return None
    return (certificate, key) if certificate.not_valid_after_utc - now > _RENEW else None


def _fits(certificate: x509.Certificate, authority: x509.Certificate, names: Sequence[str]) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
        present = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # cryptography raises several kinds; each means: make a new one
        return False
    return all(name in present for name in map(_general_name, names))


def _make_authority(now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "podid webhook authority")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256()), key


def _make_serving(authority: _Pair, names: Sequence[str], now: datetime) -> _Pair:
    issuer, issuer_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "podid webhook")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(min(now + _LIFE, issuer.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256()), key


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
