"""Checks 5 to 12 of AssumeRoleForPodIdentity: the service account token, against the keys of the cluster it is said to come from.

They are steps 1 to 8 of `core.tokens.verifying`, which counts for itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from podid.core.tokens import (
    Expired,
    KeySet,
    NotYetValid,
    ServiceAccountToken,
    TokenProblem,
    UnknownKey,
    unverified_claims,
    verify_service_account_token,
)
from podid.eks import Cluster
from podid.eks_auth.errors import ExpiredToken, InvalidToken, Unavailable
from podid.eks_auth.keys import ClusterKeys, KeysUnavailable
from podid.eks_auth.session import AUDIENCE

LONGEST_TOKEN: Final = 16_384
"""Bytes. Kubernetes' own tokens take 1 to 2 KiB; their names are bounded, so one of this size is none of them."""


def check_token(token: str, cluster: Cluster, keys: ClusterKeys, *, now: datetime) -> ServiceAccountToken:
    """The claims of a token that holds. Raises InvalidToken, ExpiredToken, and Unavailable where the cluster's keys cannot be had."""
    if len(token) > LONGEST_TOKEN:
        raise InvalidToken("The token included in the request is too long.")
    try:
        try:
            known = keys.of(cluster)
        except KeysUnavailable as error:
            unverified_claims(token)  # what is no token at all is told as that, not as trouble of ours
            raise Unavailable("The keys of the cluster cannot be read now.", private=str(error)) from error
        try:
            return _verify(token, known, cluster, now)
        except UnknownKey:
            newer = keys.again(cluster, known)
            if newer is None:
                raise
            return _verify(token, newer, cluster, now)
    except Expired as problem:
        raise ExpiredToken(f"{problem.public}.") from problem
    except NotYetValid as problem:  # its text is a whole sentence, as that of Expired
        raise InvalidToken(f"{problem.public}.", private=type(problem).__name__) from problem
    except TokenProblem as problem:
        raise InvalidToken(
            f"The token included in the request is not valid: {problem.public}.",
            private=f"{type(problem).__name__}: {problem.private}",
        ) from problem


def _verify(token: str, keys: KeySet, cluster: Cluster, now: datetime) -> ServiceAccountToken:
    return verify_service_account_token(token, keys, issuer=cluster.issuer, audience=AUDIENCE, now=now)
