"""Service account tokens as a cluster's API server makes them, and wrong ones, made by hand: no code of podid's has a part in them."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUDIENCE = "pods.eks.amazonaws.com"


class Issuer:
    """An API server's signing key and what it publishes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.rotate()

    def rotate(self) -> None:
        """A new key in place of the old one."""
        self._key = rsa.generate_private_key(65537, 2048)
        public = self._key.public_key()
        self._public_pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        digest = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        self.kid = encode(digest)
        numbers = public.public_numbers()
        self.jwk = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": encode(numbers.n.to_bytes(256, "big")),
            "e": encode(numbers.e.to_bytes(3, "big")),
        }

    def jwks(self, *others: dict[str, str]) -> str:
        """The key set, with other keys beside."""
        return json.dumps({"keys": [self.jwk, *others]})

    def claims(self, service_account: str, namespace: str = "ns", pod: str = "pod-1", **more: Any) -> dict[str, Any]:
        """What a kubelet's token says; `more` replaces members, None removes them."""
        now = int(time.time())
        claims = {
            "aud": [AUDIENCE],
            "exp": now + 3600,
            "iat": now - 10,
            "nbf": now - 10,
            "iss": self.url,
            "jti": "2c5b3a0e-0000-4000-8000-000000000000",
            "sub": f"system:serviceaccount:{namespace}:{service_account}",
            "kubernetes.io": {
                "namespace": namespace,
                "node": {"name": "node-1", "uid": "0aa1a9a3-3b5f-4d24-9b11-6a7a0b8f0001"},
                "pod": {"name": pod, "uid": "5e0bb4b2-7a38-4b8f-8a44-1a2b3c4d5e6f"},
                "serviceaccount": {"name": service_account, "uid": "ab4b4e0f-9d0c-4d0e-8b73-9b1f3c2d1e0f"},
            },
        } | more
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, service_account: str, namespace: str = "ns", pod: str = "pod-1", **more: Any) -> str:
        """A signed token; see `claims`."""
        return self.sign(self.claims(service_account, namespace, pod, **more))

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Any claims, under any header, with this key and RS256."""
        signed = self._signed(claims, header)
        return f"{signed}.{encode(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def sign_with_public_key(self, claims: dict[str, Any]) -> str:
        """HS256 with the public key for a secret: what a verifier that lets the token choose would take."""
        signed = self._signed(claims, {"alg": "HS256"})
        mac = hmac.HMAC(self._public_pem, hashes.SHA256())
        mac.update(signed.encode())
        return f"{signed}.{encode(mac.finalize())}"

    def unsigned(self, claims: dict[str, Any]) -> str:
        """The algorithm none."""
        return f"{self._signed(claims, {'alg': 'none'})}.{encode(b'x')}"

    def _signed(self, claims: dict[str, Any], header: dict[str, Any]) -> str:
        head = {"alg": "RS256", "kid": self.kid} | header
        return f"{encode(json.dumps(head).encode())}.{encode(json.dumps(claims).encode())}"


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
