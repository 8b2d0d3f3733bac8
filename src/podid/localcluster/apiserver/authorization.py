"""What a user may do.

The local cluster has no RBAC objects: members of `system:masters` may do all; an AWS principal may do what the access policies of its
entry say (`access_policies`); everybody else that is known, service accounts among them, may read discovery and review itself, nothing else.
In particular no pod may create tokens or pods, or read a Secret.
"""

from __future__ import annotations

from typing import Final

from podid.localcluster.apiserver.access_policies import EXTRA, is_granted
from podid.localcluster.apiserver.attributes import Attributes
from podid.localcluster.objects.errors import Forbidden, qualified
from podid.localcluster.users import AUTHENTICATED, MASTERS, User

PUBLIC_PATHS: Final = (
    "/healthz",
    "/livez",
    "/readyz",
    "/version",
    "/.well-known/openid-configuration",
    "/openid/v1/jwks",
)
"""What anyone may read, as `system:public-info-viewer` and the issuer's discovery role allow: there is nothing private in them."""

_DISCOVERY: Final = ("/api", "/apis", "/openapi")
_SELF_REVIEWS: Final = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")


def is_allowed(user: User, wanted: Attributes) -> bool:
    """Whether the user may."""
    if MASTERS in user.groups:
        return True
    if AUTHENTICATED not in user.groups:
        return wanted.path in PUBLIC_PATHS and wanted.verb == "get"
    if wanted.path:
        known = (*PUBLIC_PATHS, *_DISCOVERY)
        return wanted.verb == "get" and any(wanted.path == one or wanted.path.startswith(one + "/") for one in known)
    if wanted.verb == "create" and wanted.resource in _SELF_REVIEWS:
        return True
    return is_granted(user.extra.get(EXTRA, ()), wanted)


def refusal(user: User, wanted: Attributes) -> Forbidden:
    """The words of Kubernetes for a request that is not allowed."""
    if wanted.path:
        return Forbidden(f'forbidden: User "{user.username}" cannot {wanted.verb} path "{wanted.path}"')
    what = wanted.resource + (f"/{wanted.subresource}" if wanted.subresource else "")
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    about = (
        f'{qualified(wanted.resource, wanted.group)} "{wanted.name}"'
        if wanted.name
        else qualified(wanted.resource, wanted.group)
    )
    return Forbidden(
        f'{about} is forbidden: User "{user.username}" cannot {wanted.verb} resource "{what}" '
        f'in API group "{wanted.group}" {where}',
        details={"name": wanted.name, "group": wanted.group, "kind": wanted.resource},
    )
