"""Who sends a request: a bearer token of the kubeconfig, an AWS principal's, or a service account's. Three answers: known, refused, nobody.

Client certificates are not taken: the server does not hand them to the application. The administrator may act as someone else (kubectl's
`--as`), as RBAC lets `system:masters` do.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from podid.localcluster.apiserver.iam_tokens import PREFIX, IamTokens
from podid.localcluster.known_tokens import Known, digest
from podid.localcluster.objects.errors import Unauthorized
from podid.localcluster.service_account_tokens import Refused, ServiceAccountTokens
from podid.localcluster.users import ANONYMOUS, User


class Authenticator:
    """`known` says, at each request, who brings the tokens that are not service accounts'; `principals` knows those of AWS."""

    def __init__(
        self, known: Callable[[], Known], service_accounts: ServiceAccountTokens, principals: IamTokens | None = None
    ) -> None:
        self._known = known
        self._service_accounts = service_accounts
        self._principals = principals

    async def authenticate(self, authorization: str | None) -> User:
        """The user of an Authorization header, ANONYMOUS without one. Raises Unauthorized."""
        if not authorization:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized(private="not a bearer token")
        given = digest(token)
        found: User | None = None
        for one, user in self._known():
            if hmac.compare_digest(one, given):
                found = user
        if found is not None:
            return found
        if token.startswith(PREFIX):
            principal = None if self._principals is None else await self._principals.user_of(token)
            if principal is None:
                raise Unauthorized(private="no AWS principal of this cluster")
            return principal
        try:
            return self._service_accounts.user_of(token)
        except Refused as problem:
            raise Unauthorized(private=str(problem)) from problem
