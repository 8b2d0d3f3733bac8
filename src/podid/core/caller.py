"""Who makes a call, once a signature has been checked; and the call that a handler is given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

CallerKind = Literal["root", "user", "role-session", "federated-user", "service", "anonymous"]


class SessionTags(Struct, frozen=True):
    """The tags of a role session, and the lower-cased keys of those that travel on to later sessions."""

    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()


class Caller(Struct, frozen=True, kw_only=True):
    """An authenticated principal.

    `arn` is what GetCallerIdentity prints (for a role session the assumed-role ARN, without the role's path); `user_id` likewise
    (AIDA…, or AROA…:SESSION). `issuer_arn` is the ARN that IAM policies of this caller hang on: the role's full ARN for a session, the
    user's own for a user. `tags` are principal tags as `aws:PrincipalTag/…` shows them: session tags beat the tags of the role or user.
    """

    kind: CallerKind
    account: str = ""
    arn: str = ""
    user_id: str = ""
    access_key_id: str = ""
    issuer_arn: str = ""
    issuer_id: str = ""
    user_name: str = ""
    session_name: str = ""
    session: SessionTags = SessionTags()
    tags: Mapping[str, str] = field(default_factory=dict)
    session_policies: tuple[str, ...] = ()
    """Policy documents given when the session was made: its permissions are the intersection with these."""
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    source_identity: str = ""
    mfa_at: datetime | None = None
    """When the holder of a session of GetSessionToken proved a second factor; None where none was asked for."""
    chained: bool = False
    """Whether this session was itself assumed by a role session (such sessions last one hour at most)."""
    provider: str = ""
    """The identity provider whose token a session was made from: an OIDC or SAML provider's ARN."""
    federation: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Condition keys that the identity provider's token gave, and that the session's calls carry too (`saml:sub`)."""
    delivered_by: str = ""
    """The service that assumed the role for whoever holds this session, such as ec2.amazonaws.com for an instance."""
    service: str = ""
    """The service principal, such as pods.eks.amazonaws.com, where `kind` is service."""


ANONYMOUS = Caller(kind="anonymous", arn="anonymous")


class Notes(Struct):
    """What is to be written about one call, gathered while it is carried out: whoever decides or does something for it adds to it.

    What stands in it is the audit room's (`podid.audit.proceedings`): values without secrets, not changed any more.
    """

    decided: list[Any] = []
    assumed: list[Any] = []
    """AssumeRole calls that were made for the caller."""
    exchange: Any = None
    """For the exchange of a pod's token: what the request's line in the log says of it."""
    step: int = 0
    """0 for a request; the calls that a service makes within it count from 1."""
    written: int = 0
    """How many of the decisions are written already, because the request had to wait."""


class Call(Struct, frozen=True, kw_only=True):
    """One authorised API call, as a handler sees it. `account` is the caller's, `region` the one in the signature's scope."""

    caller: Caller
    account: str
    region: str
    partition: str
    now: datetime
    request_id: str
    service: str
    operation: str
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    host: str = ""
    """The Host the client used, for answers that repeat it; never for a decision."""
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The global condition keys of this call, for further decisions that a handler has to ask for (iam:PassRole, sts:TagSession)."""
    notes: Notes = field(default_factory=Notes)


Input = dict[str, Any]
Output = dict[str, Any]
