"""What a session token says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

import msgspec
from msgspec import Struct

SessionKind = Literal["role", "user", "federated"]


class SessionClaims(Struct, frozen=True, kw_only=True, array_like=True):
    """A session, as it is sealed. Members are only ever added at the end, with a default: tokens outlive an upgrade.

    `issuer_id` is the unique id of the role or user the session belongs to, so that one deleted and made again is another. Times are whole
    seconds since 1970. Policies passed as ARNs are kept as ARNs: what they say is what they say when they are asked.
    """

    kind: SessionKind
    account: str
    access_key_id: str
    issuer_id: str
    issuer_name: str
    name: str = ""
    issued_at: int
    expires_at: int
    tags: Mapping[str, str] = {}
    transitive: tuple[str, ...] = ()
    """Lower-cased keys; none where all are."""
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    source_identity: str = ""
    chained: bool = False
    provider: str = ""
    """The identity provider, of a session made from its token."""
    service: str = ""
    """The service that assumed the role for the session's holder."""
    mfa_at: int = 0
    """When the user of a GetSessionToken proved a second factor; 0 where none was asked for."""
    federation: Mapping[str, tuple[str, ...]] = {}
    """Condition keys of the identity provider's token."""
    all_transitive: bool = False
    """Whether all tags travel on to later sessions, as those of EKS do."""


encode_claims: Callable[[SessionClaims], bytes] = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(SessionClaims)


def decode_claims(data: bytes) -> SessionClaims:
    """Raises msgspec.MsgspecError for what is no claims."""
    return _decoder.decode(data)


@lru_cache(64)  # sessions of one second end in one second
def instant(seconds: int) -> datetime:
    """Whole seconds as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)
