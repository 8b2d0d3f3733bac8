"""Service account tokens: issuing them, and knowing them again.

Claims and checks as in kubernetes `pkg/serviceaccount/claims.go` and `pkg/registry/core/serviceaccount/storage/token.go`. Signing and
the rules of JWS are `podid.core.tokens`'; here is what needs the stored objects: a token is good while the objects that it names are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from podid.core.clock import Clock
from podid.core.ids import RandomBytes, uuid4
from podid.core.tokens import TokenProblem, sign_token, verify_token
from podid.localcluster.objects.metadata import metadata, name_of, parse_timestamp, uid_of
from podid.localcluster.ports import Issued, Object, Objects
from podid.localcluster.signing_keys import LONGEST_LIFE, Keys
from podid.localcluster.users import AUTHENTICATED, User

API_AUDIENCE: Final = "https://kubernetes.default.svc"
"""The audience of tokens meant for the API server, as on EKS."""
_LEEWAY: Final = timedelta(seconds=60)
_AFTER_DELETION: Final = timedelta(seconds=60)
"""How long a token outlives its object's deletion, so that a pod can end in order."""


class _Named(Struct, frozen=True):
    name: str
    uid: str = ""


class _Bound(Struct, frozen=True):
    """The claim `kubernetes.io`."""

    namespace: str
    serviceaccount: _Named
    pod: _Named | None = None
    node: _Named | None = None
    secret: _Named | None = None


class _Claims(Struct, frozen=True):
    sub: str
    bound: _Bound = field(name="kubernetes.io")
    jti: str = ""


class Refused(Exception):
    """The token is not good here; the text may be logged, and be shown in a TokenReview."""


class ServiceAccountTokens:
    """Implements `podid.localcluster.ports.TokenIssuer`."""

    def __init__(
        self, objects: Objects, keys: Callable[[], Keys], *, issuer: str, clock: Clock, random: RandomBytes
    ) -> None:
        """`keys` tells those of the moment."""
        self._objects = objects
        self._keys = keys
        self._issuer = issuer
        self._clock = clock
        self._random = random

    def issue(
        self,
        *,
        namespace: str,
        service_account: str,
        audiences: Sequence[str],
        expiration_seconds: int,
        pod: Object | None,
    ) -> Issued:
        """Raises LookupError where there is no such service account."""
        account = self._objects.get("serviceaccounts", namespace, service_account)
        if account is None:
            raise LookupError(f'serviceaccount "{service_account}" not found')
        return self.issue_for(account, audiences=audiences, expiration_seconds=expiration_seconds, pod=pod)

    def issue_for(
        self,
        account: Object,
        *,
        audiences: Sequence[str],
        expiration_seconds: int,
        pod: Object | None = None,
        node: Object | None = None,
        secret: Object | None = None,
    ) -> Issued:
        """A token of a service account, bound to at most one object. No audiences: the API server's. No token lives longer than LONGEST_LIFE."""
        namespace = account["metadata"]["namespace"]
        now = self._clock().replace(microsecond=0)
        end = now + min(timedelta(seconds=expiration_seconds), LONGEST_LIFE)
        bound: dict[str, Any] = {"namespace": namespace, "serviceaccount": _reference(account)}
        if pod is not None:
            bound["pod"] = _reference(pod)
            if node_name := (pod.get("spec") or {}).get("nodeName"):
                found = self._objects.get("nodes", "", node_name)
                bound["node"] = {"name": node_name} if found is None else _reference(found)
        elif node is not None:
            bound["node"] = _reference(node)
        elif secret is not None:
            bound["secret"] = _reference(secret)
        claims = {
            "aud": list(audiences) or [API_AUDIENCE],
            "exp": int(end.timestamp()),
            "iat": int(now.timestamp()),
            "iss": self._issuer,
            "jti": uuid4(self._random),
            "kubernetes.io": bound,
            "nbf": int(now.timestamp()),
            "sub": f"system:serviceaccount:{namespace}:{name_of(account)}",
        }
        return Issued(token=sign_token(self._keys().signing, claims), expires_at=end)

    def user_of(self, token: str, audience: str = API_AUDIENCE) -> User:
        """Whom a token names. Raises Refused."""
        try:
            claims = verify_token(
                token, self._keys().published, issuer=self._issuer, audience=audience, now=self._clock(), leeway=_LEEWAY
            )
            read = msgspec.convert(claims, _Claims)
        except (TokenProblem, msgspec.ValidationError) as problem:
            raise Refused(str(problem)) from problem
        bound = read.bound
        username = f"system:serviceaccount:{bound.namespace}:{bound.serviceaccount.name}"
        if read.sub != username:
            raise Refused("the subject of the token is not the service account of its claims")
        self._check_bound(bound)
        extra: dict[str, tuple[str, ...]] = {}
        for name, value in (
            ("credential-id", f"JTI={read.jti}" if read.jti else ""),
            ("node-name", bound.node.name if bound.node else ""),
            ("node-uid", bound.node.uid if bound.node else ""),
            ("pod-name", bound.pod.name if bound.pod else ""),
            ("pod-uid", bound.pod.uid if bound.pod else ""),
        ):
            if value:
                extra[f"authentication.kubernetes.io/{name}"] = (value,)
        return User(
            username=username,
            uid=bound.serviceaccount.uid,
            groups=("system:serviceaccounts", f"system:serviceaccounts:{bound.namespace}", AUTHENTICATED),
            extra=extra,
        )

    def _check_bound(self, bound: _Bound) -> None:
        wanted = [("serviceaccounts", bound.namespace, bound.serviceaccount)]
        if bound.pod is not None:
            wanted.append(("pods", bound.namespace, bound.pod))
        elif bound.secret is not None:
            wanted.append(("secrets", bound.namespace, bound.secret))
        elif bound.node is not None:
            wanted.append(("nodes", "", bound.node))
        for resource, namespace, named in wanted:
            obj = self._objects.get(resource, namespace, named.name)
            if obj is None or uid_of(obj) != named.uid:
                raise Refused(f"the token is bound to {resource} {named.name}, which is gone")
            deleted = parse_timestamp(metadata(obj).get("deletionTimestamp"))
            if deleted is not None and self._clock() > deleted + _AFTER_DELETION:
                raise Refused(f"the token is bound to {resource} {named.name}, which has been deleted")


def _reference(obj: Object) -> dict[str, str]:
    return {"name": name_of(obj), "uid": uid_of(obj)}
