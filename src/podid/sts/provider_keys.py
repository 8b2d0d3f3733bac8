"""The public keys of registered identity providers: given at registration, or fetched by a port and kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol, TypeVar

from msgspec import Struct

from podid.core.tokens import KeySet, UnknownKey, parse_jwks
from podid.iam.providers import OidcProvider
from podid.sts.errors import IdpCommunicationError

T = TypeVar("T")

FRESH = timedelta(hours=1)
AGAIN_AFTER = timedelta(seconds=30)
"""A token that names an unknown key makes the keys be fetched again, and so does an issuer that was away, but not more often than this."""

_ISSUERS = 1000
_PARSED = 64


class FetchKeys(Protocol):
    """Finds an issuer's key set for one account that registered it: `issuer` is its https URL.

    Raises OSError where it cannot be had, ValueError where what was had is no key set.
    """

    def __call__(self, issuer: str, account: str) -> KeySet: ...


class _Held(Struct, frozen=True):
    """What the last attempt brought: keys, or the refusal."""

    keys: KeySet | None
    refusal: IdpCommunicationError | None
    at: datetime


class _Issuer:
    """One issuer's keys. Its lock is its own: a slow issuer keeps nobody but its own bearers waiting."""

    __slots__ = ("held", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held: _Held | None = None


class ProviderKeys:
    """Key sets by issuer. Safe to use from many threads."""

    def __init__(self, fetch: FetchKeys | None) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        # By account too: what one account's clusters say of an issuer holds for that account alone.
        self._issuers: dict[tuple[str, str], _Issuer] = {}

    def verify(self, provider: OidcProvider, check: Callable[[KeySet], T], now: datetime) -> T:
        """What `check` makes of the provider's keys; it is asked again with fresh ones where a key was unknown.

        Raises IdpCommunicationError where the keys cannot be had, and what `check` raises.
        """
        if provider.jwks:
            return check(_parse(provider.jwks))
        keys = self._get(provider, now, FRESH)
        try:
            return check(keys)
        except UnknownKey:
            again = self._get(provider, now, AGAIN_AFTER)
            if again is keys:
                raise
            return check(again)

    def _get(self, provider: OidcProvider, now: datetime, age: timedelta) -> KeySet:
        with self._lock:
            if len(self._issuers) >= _ISSUERS:
                self._issuers.clear()
            issuer = self._issuers.setdefault((provider.account, provider.url), _Issuer())
        with issuer.lock:
            held = issuer.held
            if held is None or now - held.at >= (age if held.refusal is None else AGAIN_AFTER):
                held = issuer.held = self._attempt(provider, now)
        if held.keys is None:
            assert held.refusal is not None
            raise held.refusal
        return held.keys

    def _attempt(self, provider: OidcProvider, now: datetime) -> _Held:
        if self._fetch is None:
            refusal = "This podid does not fetch the keys of identity providers, and none were registered."
            return _Held(None, IdpCommunicationError(refusal), now)
        try:
            return _Held(self._fetch(f"https://{provider.url}", provider.account), None, now)
        except (OSError, ValueError) as problem:
            return _Held(None, _unreachable(str(problem)), now)


@lru_cache(maxsize=_PARSED)
def _parse(text: str | bytes) -> KeySet:
    try:
        return parse_jwks(text)
    except ValueError as problem:
        raise _unreachable(str(problem)) from problem


def _unreachable(private: str) -> IdpCommunicationError:
    return IdpCommunicationError(
        "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity "
        "documentation for requirements",
        private=private,
    )
