"""Service account tokens: JSON Web Signatures (RFC 7515), keys (RFC 7517), claims (RFC 7519) and what Kubernetes puts in them.

Verifying and signing load `cryptography`; looking into a token without believing it (`unverified_claims`) does not. The names below are
therefore loaded when they are first asked for: the node agent idles on the second half alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from podid.core.tokens.compact import MAX_SIZE, unverified_claims
from podid.core.tokens.problems import (
    BadSignature,
    Expired,
    Malformed,
    NotBound,
    NotYetValid,
    TokenProblem,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
)

if TYPE_CHECKING:
    from podid.core.tokens.keys import KeySet, SigningKey, VerificationKey, parse_jwks
    from podid.core.tokens.service_account import ServiceAccountToken
    from podid.core.tokens.signing import sign_token
    from podid.core.tokens.verifying import verify_service_account_token, verify_token

_LOADED_LATE = {
    "KeySet": "keys",
    "ServiceAccountToken": "service_account",
    "SigningKey": "keys",
    "VerificationKey": "keys",
    "parse_jwks": "keys",
    "sign_token": "signing",
    "verify_service_account_token": "verifying",
    "verify_token": "verifying",
}

__all__ = [
    "MAX_SIZE",
    "BadSignature",
    "Expired",
    "KeySet",
    "Malformed",
    "NotBound",
    "NotYetValid",
    "ServiceAccountToken",
    "SigningKey",
    "TokenProblem",
    "UnknownKey",
    "VerificationKey",
    "WrongAudience",
    "WrongIssuer",
    "parse_jwks",
    "sign_token",
    "unverified_claims",
    "verify_service_account_token",
    "verify_token",
]


def __getattr__(name: str) -> Any:
    module = _LOADED_LATE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
