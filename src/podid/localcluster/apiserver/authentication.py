"""Who sends a request: a bearer token of the kubeconfig, or a service account's. Three answers: known, refused, nobody.

Client certificates are not taken: the server does not hand them to the application.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from podid.localcluster.objects.errors import Unauthorized
from podid.localcluster.service_account_tokens import Refused, ServiceAccountTokens
from podid.localcluster.users import ANONYMOUS, User


class Authenticator:
    """`known` maps the tokens that are not service accounts' to their users."""

    def __init__(self, known: Mapping[str, User], service_accounts: ServiceAccountTokens) -> None:
        self._known = [(_digest(token), user) for token, user in known.items()]
        self._service_accounts = service_accounts

    def authenticate(self, authorization: str | None) -> User:
        """The user of an Authorization header, ANONYMOUS without one. Raises Unauthorized."""
        if not authorization:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized(private="not a bearer token")
        given = _digest(token)
        found: User | None = None
        for digest, user in self._known:
            if hmac.compare_digest(digest, given):
                found = user
        if found is not None:
            return found
        try:
            return self._service_accounts.user_of(token)
        except Refused as problem:
            raise Unauthorized(private=str(problem)) from problem


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
