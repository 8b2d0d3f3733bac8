"""Verifying a service account token. What is checked, in this order, under the same numbers in the code:

  1. size and form: three parts of canonical base64url, header and payload JSON objects without a name twice (RFC 7515 section 5.2)
  2. header: an algorithm of our list, a `kid`, no `crit` (RFC 7515 section 4.1.11: what is critical and not understood is refused)
  3. key: the one of that `kid` in the given set, used with its own algorithm only
  4. signature
  5. issuer: exactly the one expected
  6. audience: the expected one is among them
  7. time: begun (`nbf`, `iat`) and not over (`exp`); the instant of `exp` is already too late (RFC 7519 section 4.1.4)
  8. binding: the claims of a Kubernetes service account and its pod, and a subject that agrees with them

Nothing is said of whether the pod still lives: that needs the cluster. The claims are read by `plain_claims` where they are as Kubernetes
writes them, else with care out of whatever object came; the checks are the same.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from podid.core.tokens.algorithms import ALGORITHMS, is_signed
from podid.core.tokens.compact import Compact, read_header, split
from podid.core.tokens.keys import MAX_KEY_ID, KeySet, VerificationKey
from podid.core.tokens.plain_claims import LAST_SECOND, read_plain_claims
from podid.core.tokens.problems import (
    BadSignature,
    Expired,
    Malformed,
    NotYetValid,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
)
from podid.core.tokens.service_account import ServiceAccountToken, check_binding, of_claims, of_plain_claims

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400
_NO_LEEWAY: Final = timedelta(0)
_TEXT: Final = frozenset({str})
_KEPT_HEADERS: Final = 256
"""Headers kept as read, by their text: all tokens that one key signs have the same."""


def verify_service_account_token(
    token: str, keys: KeySet, *, issuer: str, audience: str, now: datetime, leeway: timedelta = _NO_LEEWAY
) -> ServiceAccountToken:
    """The claims of a token that holds, by steps 1 to 8. `leeway` widens both ends of step 7. Raises a TokenProblem."""
    compact = _signed(token, keys)
    plain = read_plain_claims(compact.payload)
    if plain is not None:
        _check_issuer(plain.iss, issuer)  # 5
        _check_audience(plain.aud, audience)  # 6
        _check_time(plain.exp, plain.nbf, plain.iat, now, leeway)  # 7
        found = of_plain_claims(plain)
        check_binding(found, plain.sub)  # 8
        return found
    claims = _checked(compact, issuer, audience, now, leeway)
    found = of_claims(claims)
    check_binding(found, claims.get("sub"))  # 8
    return found


def verify_token(
    token: str, keys: KeySet, *, issuer: str, audience: str, now: datetime, leeway: timedelta = _NO_LEEWAY
) -> dict[str, Any]:
    """The claims of a token of whatever kind that holds, by steps 1 to 7. Raises a TokenProblem."""
    return _checked(_signed(token, keys), issuer, audience, now, leeway)


def _signed(token: str, keys: KeySet) -> Compact:
    compact = split(token)  # 1
    kid, algorithm = _header(compact.header)  # 1, the header, and 2
    key = _key(keys, kid, algorithm)  # 3
    if not is_signed(key.key, compact.signature, compact.signed):  # 4
        raise BadSignature("the signature of the token is not valid", private=f"kid {kid!r}")
    return compact


def _checked(compact: Compact, issuer: str, audience: str, now: datetime, leeway: timedelta) -> dict[str, Any]:
    claims = compact.claims()  # 1, the payload
    _check_issuer(claims.get("iss"), issuer)  # 5
    _check_audience(claims.get("aud"), audience)  # 6
    _check_time(claims.get("exp"), claims.get("nbf"), claims.get("iat"), now, leeway)  # 7
    return claims


@lru_cache(_KEPT_HEADERS)
def _header(text: str) -> tuple[str, str]:
    """The key's id and the algorithm that a header names."""
    header = read_header(text)
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


def _check_issuer(given: Any, issuer: str) -> None:
    if not isinstance(given, str) or not issuer or given != issuer:
        raise WrongIssuer("the token is of another issuer", private=f"iss {given!r:.200}, expected {issuer!r}")


def _check_audience(given: Any, audience: str) -> None:
    """`given` is one text or a list of them (RFC 7519 section 4.1.3)."""
    audiences = [given] if isinstance(given, str) else given
    if audience and not (isinstance(audiences, list) and _TEXT.issuperset(map(type, audiences))):
        raise Malformed("the audience of the token is neither a text nor a list of texts")
    if not audience or audience not in audiences:
        raise WrongAudience("the token is for another audience", private=f"aud {given!r:.200}, expected {audience!r}")


def _check_time(exp: Any, nbf: Any, iat: Any, now: datetime, leeway: timedelta) -> None:
    if type(exp) is type(nbf) is type(iat) is int and not leeway:
        # As Kubernetes writes them; what then does not hold is told below. Whole seconds compare alike with `now` and with its whole second.
        since = now - _EPOCH
        second = since.days * _DAY + since.seconds
        if 0 <= nbf <= second and 0 <= iat <= second < exp <= LAST_SECOND:
            return
    expires, begins, issued = _instant(exp, "exp"), _instant(nbf, "nbf"), _instant(iat, "iat")
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


def _instant(value: Any, name: str) -> datetime | None:
    """A NumericDate (RFC 7519 section 2)."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_SECOND:
        raise Malformed(f"the claim {name} of the token is not a time")
    return datetime.fromtimestamp(value, UTC)


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
