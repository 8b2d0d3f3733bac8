"""The public keys of registered identity providers: given at registration, or fetched by a port and kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from msgspec import Struct

from podid.core.tokens import KeySet, UnknownKey, parse_jwks
from podid.iam.providers import OidcProvider
from podid.sts.errors import IdpCommunicationError

T = TypeVar("T")

FRESH = timedelta(hours=1)
AGAIN_AFTER = timedelta(seconds=30)
"""A token that names an unknown key makes the keys be fetched again, but not more often than this."""

_ISSUERS = 1000


class FetchKeys(Protocol):
    """Fetches an issuer's key set: `issuer` is its https URL; answers the JWKS. Raises OSError where it cannot be had."""

    def __call__(self, issuer: str) -> bytes: ...


class _Held(Struct, frozen=True):
    keys: KeySet
    at: datetime


class ProviderKeys:
    """Key sets by issuer. Safe to use from many threads."""

    def __init__(self, fetch: FetchKeys | None) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def verify(self, provider: OidcProvider, check: Callable[[KeySet], T], now: datetime) -> T:
        """What `check` makes of the provider's keys; it is asked again with fresh ones where a key was unknown.

        Raises IdpCommunicationError where the keys cannot be had, and what `check` raises.
        """
        if provider.jwks:
            return check(self._parse(provider.jwks))
        held = self._get(provider, now, FRESH)
        try:
            return check(held.keys)
        except UnknownKey:
            again = self._get(provider, now, AGAIN_AFTER)
            if again is held:
                raise
            return check(again.keys)

    def _get(self, provider: OidcProvider, now: datetime, age: timedelta) -> _Held:
        key = provider.url
        with self._lock:
            held = self._held.get(key)
            if held is not None and now - held.at < age:
                return held
            if self._fetch is None:
                raise IdpCommunicationError(
                    "This podid does not fetch the keys of identity providers, and none were registered."
                )
            try:
                text = self._fetch(f"https://{provider.url}")
            except OSError as problem:
                raise IdpCommunicationError(
                    "Couldn't retrieve verification key from your identity provider, please reference "
                    "AssumeRoleWithWebIdentity documentation for requirements",
                    private=str(problem),
                ) from problem
            if len(self._held) >= _ISSUERS:
                self._held.clear()
            self._held[key] = _Held(self._parse(text), now)
            return self._held[key]

    def _parse(self, text: str | bytes) -> KeySet:
        try:
            return parse_jwks(text)
        except ValueError as problem:
            raise IdpCommunicationError(
                "Couldn't retrieve verification key from your identity provider, please reference "
                "AssumeRoleWithWebIdentity documentation for requirements",
                private=str(problem),
            ) from problem
