"""Who sends a request: a bearer token of the kubeconfig, an AWS principal's, or a service account's. Three answers: known, refused, nobody.

Client certificates are not taken: the server does not hand them to the application. The administrator may act as someone else (kubectl's
`--as`), as RBAC lets `system:masters` do.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from podid.localcluster.apiserver.http import Request
from podid.localcluster.apiserver.iam_tokens import PREFIX, IamTokens
from podid.localcluster.known_tokens import Known, digest
from podid.localcluster.objects.errors import BadRequest, Forbidden, Unauthorized
from podid.localcluster.service_account_tokens import Refused, ServiceAccountTokens
from podid.localcluster.users import ANONYMOUS, AUTHENTICATED, MASTERS, User


class Authenticator:
    """`known` says, at each request, who brings the tokens that are not service accounts'; `principals` knows those of AWS."""

    def __init__(
        self, known: Callable[[], Known], service_accounts: ServiceAccountTokens, principals: IamTokens | None = None
    ) -> None:
        self._known = known
        self._service_accounts = service_accounts
        self._principals = principals

    async def identify(self, request: Request) -> User:
        """The user in whose name the request is answered: the sender, or whom it may act as. Raises Unauthorized or Forbidden."""
        sender = await self.authenticate(request.headers.get("authorization"))
        if not any(name.startswith("impersonate-") for name, _ in request.every_header):
            return sender
        wanted = request.headers.get("impersonate-user", "")
        if sender is ANONYMOUS:
            raise Unauthorized(private="nobody wants to act as someone")
        if MASTERS not in sender.groups:
            raise Forbidden(
                f'users "{wanted}" is forbidden: User "{sender.username}" cannot impersonate resource "users" in API group "" '
                "at the cluster scope"
            )
        if not wanted:
            raise BadRequest("requested groups, uid or extra to impersonate without impersonating a user")
        groups = [value for name, value in request.every_header if name == "impersonate-group"]
        return User(username=wanted, groups=_groups_of(wanted, groups))

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


def _groups_of(username: str, given: list[str]) -> tuple[str, ...]:
    """The groups of someone acted as: those that are named, else those that such a user always has."""
    found = list(given)
    parts = username.split(":")
    if not found and len(parts) == 4 and parts[:2] == ["system", "serviceaccount"]:
        found = ["system:serviceaccounts", f"system:serviceaccounts:{parts[2]}"]
    if username != ANONYMOUS.username:
        found.append(AUTHENTICATED)
    return tuple(dict.fromkeys(found))
