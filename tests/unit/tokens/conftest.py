"""A cluster's key and the token of one of its pods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from podid.core.tokens import SigningKey

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
_ISSUED = int(NOW.timestamp()) - 10


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="session")
def pem_of() -> Callable[[Any], bytes]:
    return _pem


@pytest.fixture(scope="session")
def signing_keys() -> dict[str, SigningKey]:
    """One key for each algorithm."""
    return {
        "RS256": SigningKey.from_pem(_pem(rsa.generate_private_key(65537, 2048))),
        "ES256": SigningKey.from_pem(_pem(ec.generate_private_key(ec.SECP256R1()))),
        "ES384": SigningKey.from_pem(_pem(ec.generate_private_key(ec.SECP384R1()))),
        "ES512": SigningKey.from_pem(_pem(ec.generate_private_key(ec.SECP521R1()))),
    }


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def claims() -> dict[str, Any]:
    """What an API server of today puts into a bound token."""
    return {
        "aud": ["pods.eks.amazonaws.com"],
        "exp": _ISSUED + 3600,
        "iat": _ISSUED,
        "iss": "https://issuer.local",
        "jti": "0b2f8d6e-6c1f-4b52-9a3e-0f1a2b3c4d5e",
        "kubernetes.io": {
            "namespace": "default",
            "node": {"name": "node-1", "uid": "node-uid"},
            "pod": {"name": "pod-1", "uid": "pod-uid"},
            "serviceaccount": {"name": "app", "uid": "account-uid"},
        },
        "nbf": _ISSUED,
        "sub": "system:serviceaccount:default:app",
    }
