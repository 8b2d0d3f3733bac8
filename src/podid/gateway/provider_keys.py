"""Where the keys of an OpenID Connect provider come from, for AssumeRoleWithWebIdentity.

    1. a cluster of the account that registered the provider, if its tokens name this issuer: as EKS Auth reads them, no network needed;
       not one that a caller registered, for whoever may do that would speak for every issuer the account trusts
    2. a cluster of the installation file, which its operator vouches for: for every account
    3. the issuer itself: its discovery document, then its key set; https alone, bounded in time and size

A cluster that anyone may register vouches for an issuer in its own account only: elsewhere it could forge tokens of another's.

Source: OpenID Connect Discovery 1.0, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from podid.core.tokens import KeySet, parse_jwks
from podid.core.waiting import about_to_wait
from podid.eks import Cluster, Eks
from podid.eks_auth.keys import FetchProblem, KeysUnavailable, fetch, source_of

_DISCOVERY = "/.well-known/openid-configuration"


class _Discovery(Struct):
    issuer: str
    jwks_uri: str


class ProviderKeySets:
    """The port `FetchKeys` of STS. `vouched` names the clusters of the installation file by issuer: account, region, name."""

    def __init__(self, eks: Eks, vouched: Mapping[str, tuple[str, str, str]]) -> None:
        self._eks = eks
        self._vouched = {issuer.rstrip("/"): place for issuer, place in vouched.items()}

    def __call__(self, issuer: str, account: str) -> KeySet:
        """The issuer's keys. Raises OSError, ValueError."""
        about_to_wait()
        cluster = self._cluster(issuer.rstrip("/"), account)
        try:
            if cluster is not None:
                return source_of(cluster, self._eks.access).read().keys
            return _discover(issuer)
        except (KeysUnavailable, FetchProblem) as problem:
            raise OSError(str(problem)) from problem

    def _cluster(self, issuer: str, account: str) -> Cluster | None:
        own = self._eks.find_cluster_of_issuer(account, issuer) or self._eks.find_cluster_of_issuer(
            account, f"{issuer}/"
        )
        if own is not None and own.keys.by_call:
            own = None
        place = self._vouched.get(issuer)
        if own is not None or place is None:
            return own
        found = self._eks.find_cluster(*place)
        return found if found is not None and found.issuer.rstrip("/") == issuer else None


def _discover(issuer: str) -> KeySet:
    document, _ = fetch(issuer.rstrip("/") + _DISCOVERY, loopback=False)
    try:
        told = msgspec.json.decode(document, type=_Discovery)
    except msgspec.MsgspecError as problem:
        raise FetchProblem(f"{issuer}: its discovery document cannot be read: {problem}") from problem
    if told.issuer.rstrip("/") != issuer.rstrip("/"):
        raise FetchProblem(f"{issuer}: its discovery document is of another issuer")
    keys, _ = fetch(told.jwks_uri, loopback=False)
    return parse_jwks(keys)
