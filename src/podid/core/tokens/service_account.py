"""What a service account token says: of whom it is, and of which pod.

Its claims come as an object that may hold anything (the careful way), or already read (`plain_claims`). Source: Kubernetes
`pkg/serviceaccount/claims.go`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from podid.core.tokens.plain_claims import PlainClaims
from podid.core.tokens.problems import Malformed, NotBound


class ServiceAccountToken(Struct, frozen=True, kw_only=True, gc=False):
    """The claims of a verified token. Names that a cluster may leave out are empty: the node before Kubernetes 1.29, `jti` before 1.30.

    `issued`, `begins` and `expires` are seconds since the epoch as the token has them (RFC 7519 section 2), None where it does not say.
    """

    namespace: str
    service_account: str
    service_account_uid: str
    pod_name: str
    pod_uid: str
    node_name: str
    node_uid: str
    issuer: str
    audiences: tuple[str, ...]
    issued: float | None
    begins: float | None
    expires: float
    jti: str

    @property
    def subject(self) -> str:
        """`system:serviceaccount:NAMESPACE:NAME`."""
        return f"system:serviceaccount:{self.namespace}:{self.service_account}"

    @property
    def issued_at(self) -> datetime | None:
        return None if self.issued is None else datetime.fromtimestamp(self.issued, UTC)

    @property
    def not_before(self) -> datetime | None:
        return None if self.begins is None else datetime.fromtimestamp(self.begins, UTC)

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.expires, UTC)


def of_plain_claims(claims: PlainClaims) -> ServiceAccountToken:
    """The token of claims that were read in one pass."""
    kubernetes = claims.kubernetes
    account, pod, node = kubernetes.serviceaccount, kubernetes.pod, kubernetes.node
    return ServiceAccountToken(
        namespace=kubernetes.namespace,
        service_account=account.name,
        service_account_uid=account.uid,
        pod_name=pod.name,
        pod_uid=pod.uid,
        node_name=node.name,
        node_uid=node.uid,
        issuer=claims.iss,
        audiences=tuple(claims.aud),
        issued=claims.iat,
        begins=claims.nbf,
        expires=claims.exp,
        jti=claims.jti,
    )


def of_claims(claims: dict[str, Any]) -> ServiceAccountToken:
    """The token of any claims whose issuer, audience and times have been checked. Raises Malformed."""
    kubernetes = _part(claims, "kubernetes.io")
    account, pod, node = _part(kubernetes, "serviceaccount"), _part(kubernetes, "pod"), _part(kubernetes, "node")
    return ServiceAccountToken(
        namespace=_text(kubernetes, "namespace"),
        service_account=_text(account, "name"),
        service_account_uid=_text(account, "uid"),
        pod_name=_text(pod, "name"),
        pod_uid=_text(pod, "uid"),
        node_name=_text(node, "name"),
        node_uid=_text(node, "uid"),
        issuer=_text(claims, "iss"),
        audiences=(claims["aud"],) if isinstance(claims["aud"], str) else tuple(claims["aud"]),
        issued=claims.get("iat"),
        begins=claims.get("nbf"),
        expires=claims["exp"],
        jti=_text(claims, "jti"),
    )


def check_binding(token: ServiceAccountToken, subject: Any) -> None:
    """The service account and its pod are named, and `subject` is that service account. Raises NotBound."""
    if not (token.namespace and token.service_account and token.service_account_uid):
        raise NotBound("the token is not a service account's")
    if subject != token.subject:
        raise NotBound("the subject of the token is not the service account of its claims")
    if not (token.pod_name and token.pod_uid):
        raise NotBound("the token is not bound to a pod")


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
