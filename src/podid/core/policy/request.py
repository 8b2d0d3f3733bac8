"""What is decided upon: who asks to do what to which resource, and under which circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from podid.core.caller import Caller, CallerKind

PrincipalKind = CallerKind | Literal["web-identity", "saml"]


class Principal(Struct, frozen=True, kw_only=True, cache_hash=True):
    """Who asks.

    `arn` is the caller's own ARN (for a role session the assumed-role ARN). `issuer_arn` is the ARN its policies hang on: for a role
    session the role's ARN with its path, for a user its own. `provider` is the identity provider's ARN or host name, for `web-identity`
    and `saml`; `service` the service principal, for `service`.
    """

    kind: PrincipalKind
    account: str = ""
    arn: str = ""
    issuer_arn: str = ""
    user_id: str = ""
    issuer_id: str = ""
    service: str = ""
    provider: str = ""
    canonical_id: str = ""
    """The S3 canonical user id of the account, where known."""

    @staticmethod
    def of(caller: Caller) -> Principal:
        """The principal that an authenticated caller is."""
        return Principal(
            kind=caller.kind,
            account=caller.account,
            arn=caller.arn,
            issuer_arn=caller.issuer_arn,
            user_id=caller.user_id,
            issuer_id=caller.issuer_id,
            service=caller.service,
        )


class Request(Struct, frozen=True, kw_only=True):
    """One question.

    `action` is `service:Name`; `resource` an ARN, or `*` where the action has none. `resource_account` is the account that owns the
    resource, where the ARN does not say (S3). `context` holds the condition keys, in any case, with all their values; it is taken as
    given, nothing is added.
    """

    principal: Principal
    action: str
    resource: str = "*"
    resource_account: str = ""
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
