"""Verifying a service account token. What is checked, in this order, under the same numbers in the code:

  1. size and form: three parts of canonical base64url, header and payload JSON objects without a name twice (RFC 7515 section 5.2)
  2. header: an algorithm of our list, a `kid`, no `crit` (RFC 7515 section 4.1.11: what is critical and not understood is refused)
  3. key: the one of that `kid` in the given set, used with its own algorithm only
  4. signature
  5. issuer: exactly the one expected
  6. audience: the expected one is among them
  7. time: begun (`nbf`, `iat`) and not over (`exp`); the instant of `exp` is already too late (RFC 7519 section 4.1.4)
  8. binding: the claims of a Kubernetes service account and its pod, and a subject that agrees with them

Nothing is said of whether the pod still lives: that needs the cluster. Claims: Kubernetes `pkg/serviceaccount/claims.go`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from podid.core.tokens.algorithms import ALGORITHMS, is_signed
from podid.core.tokens.compact import Compact, split
from podid.core.tokens.keys import MAX_KEY_ID, KeySet, VerificationKey
from podid.core.tokens.problems import (
    BadSignature,
    Expired,
    Malformed,
    NotBound,
    NotYetValid,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
)

_LAST_SECOND = 253_402_300_799
"""The end of the year 9999: what a datetime can hold."""


class ServiceAccountToken(Struct, frozen=True, kw_only=True):
    """The claims of a verified token. Names that a cluster may leave out are empty: the node before Kubernetes 1.29, `jti` before 1.30."""

    namespace: str
    service_account: str
    service_account_uid: str
    pod_name: str
    pod_uid: str
    node_name: str
    node_uid: str
    issuer: str
    audiences: tuple[str, ...]
    issued_at: datetime | None
    not_before: datetime | None
    expires_at: datetime
    jti: str

    @property
    def subject(self) -> str:
        """`system:serviceaccount:NAMESPACE:NAME`."""
        return f"system:serviceaccount:{self.namespace}:{self.service_account}"


def verify_service_account_token(
    token: str, keys: KeySet, *, issuer: str, audience: str, now: datetime, leeway: timedelta = timedelta(0)
) -> ServiceAccountToken:
    """The claims of a token that holds, by steps 1 to 8. `leeway` widens both ends of step 7. Raises a TokenProblem."""
    claims, times = _verified(token, keys, issuer=issuer, audience=audience, now=now, leeway=leeway)
    return _service_account(claims, times)  # 8


def verify_token(
    token: str, keys: KeySet, *, issuer: str, audience: str, now: datetime, leeway: timedelta = timedelta(0)
) -> dict[str, Any]:
    """The claims of a token of whatever kind that holds, by steps 1 to 7. Raises a TokenProblem."""
    return _verified(token, keys, issuer=issuer, audience=audience, now=now, leeway=leeway)[0]


class _Times(Struct, frozen=True):
    """When a token's time begins and ends."""

    expires: datetime
    begins: datetime | None
    issued: datetime | None


def _verified(
    token: str, keys: KeySet, *, issuer: str, audience: str, now: datetime, leeway: timedelta
) -> tuple[dict[str, Any], _Times]:
    compact = split(token)  # 1
    kid, algorithm = _header(compact)  # 2
    key = _key(keys, kid, algorithm)  # 3
    if not is_signed(key.key, compact.signature, compact.signed):  # 4
        raise BadSignature("the signature of the token is not valid", private=f"kid {kid!r}")
    claims = compact.claims()
    _check_issuer(claims, issuer)  # 5
    _check_audience(claims, audience)  # 6
    return claims, _check_time(claims, now, leeway)  # 7


def _header(compact: Compact) -> tuple[str, str]:
    header = compact.header
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Malformed("the token is signed with an algorithm that is not accepted", private=f"alg {algorithm!r:.80}")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KEY_ID:
        raise Malformed("the header of the token names no key")
    if "crit" in header:
        raise Malformed("the header of the token has critical extensions, and none is understood")
    return kid, algorithm


def _key(keys: KeySet, kid: str, algorithm: str) -> VerificationKey:
    key = keys.find(kid)
    if key is None:
        raise UnknownKey("the token is signed with a key that the issuer does not publish", private=f"kid {kid!r}")
    if key.algorithm != algorithm:
        raise BadSignature(
            "the signature of the token is not valid", private=f"kid {kid!r} is a {key.algorithm} key, not {algorithm}"
        )
    return key


def _check_issuer(claims: dict[str, Any], issuer: str) -> None:
    given = claims.get("iss")
    if not isinstance(given, str) or not issuer or given != issuer:
        raise WrongIssuer("the token is of another issuer", private=f"iss {given!r:.200}, expected {issuer!r}")


def _check_audience(claims: dict[str, Any], audience: str) -> None:
    if not audience or audience not in _audiences(claims):
        given = claims.get("aud")
        raise WrongAudience("the token is for another audience", private=f"aud {given!r:.200}, expected {audience!r}")


def _audiences(claims: dict[str, Any]) -> tuple[str, ...]:
    """One text or a list of them (RFC 7519 section 4.1.3)."""
    given = claims.get("aud")
    if isinstance(given, str):
        return (given,)
    if isinstance(given, list) and all(isinstance(one, str) for one in given):
        return tuple(given)
    raise Malformed("the audience of the token is neither a text nor a list of texts")


def _check_time(claims: dict[str, Any], now: datetime, leeway: timedelta) -> _Times:
    expires, begins, issued = _instant(claims, "exp"), _instant(claims, "nbf"), _instant(claims, "iat")
    if expires is None:
        raise Malformed("the token has no expiration time")
    if now - leeway >= expires:
        raise Expired(
            f"The token included in the request is expired: current date/time {_told(now)} must be before the "
            f"expiration date/time {_told(expires)}"
        )
    for begin in (begins, issued):
        if begin is not None and now + leeway < begin:
            raise NotYetValid(
                f"The token included in the request is not yet valid: current date/time {_told(now)} must not be "
                f"before the date/time {_told(begin)}"
            )
    return _Times(expires, begins, issued)


def _instant(claims: dict[str, Any], name: str) -> datetime | None:
    """A NumericDate (RFC 7519 section 2)."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        raise Malformed(f"the claim {name} of the token is not a time")
    return datetime.fromtimestamp(value, UTC)


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _service_account(claims: dict[str, Any], times: _Times) -> ServiceAccountToken:
    kubernetes = _part(claims, "kubernetes.io")
    account, pod, node = _part(kubernetes, "serviceaccount"), _part(kubernetes, "pod"), _part(kubernetes, "node")
    token = ServiceAccountToken(
        namespace=_text(kubernetes, "namespace"),
        service_account=_text(account, "name"),
        service_account_uid=_text(account, "uid"),
        pod_name=_text(pod, "name"),
        pod_uid=_text(pod, "uid"),
        node_name=_text(node, "name"),
        node_uid=_text(node, "uid"),
        issuer=_text(claims, "iss"),
        audiences=_audiences(claims),
        issued_at=times.issued,
        not_before=times.begins,
        expires_at=times.expires,
        jti=_text(claims, "jti"),
    )
    if not (token.namespace and token.service_account and token.service_account_uid):
        raise NotBound("the token is not a service account's")
    if claims.get("sub") != token.subject:
        raise NotBound("the subject of the token is not the service account of its claims")
    if not (token.pod_name and token.pod_uid):
        raise NotBound("the token is not bound to a pod")
    return token


def _part(claims: dict[str, Any], name: str) -> dict[str, Any]:
    value = claims.get(name, {})
    if not isinstance(value, dict):
        raise Malformed(f"the claim {name} of the token is not an object")
    return value


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str):
        raise Malformed(f"the claim {name} of the token is not a text")
    return value
