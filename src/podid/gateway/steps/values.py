"""What each step hands to the next: every value holds the one before it, so a later step cannot ask for what is not yet known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from podid.core.caller import Call, Caller, Input, Output
from podid.core.http import HttpRequest, HttpResponse
from podid.core.sigv4 import Claim
from podid.core.wire import Match, ServiceModel
from podid.gateway.catalog import Service
from podid.gateway.steps.s3_rules import Denied


class Received(Struct, frozen=True, kw_only=True):
    """A request as the edge took it in. `endpoint` is how the client called us, scheme and authority."""

    request: HttpRequest
    now: datetime
    source_ip: str = "127.0.0.1"
    secure: bool = False

    @property
    def endpoint(self) -> str:
        """Scheme and authority as the client used them; for answers that repeat them, never for a decision."""
        return f"{'https' if self.secure else 'http'}://{self.request.header('host') or 'localhost'}"


class Numbered(Struct, frozen=True, kw_only=True):
    """A request with its id."""

    received: Received
    request_id: str


class Addressed(Struct, frozen=True, kw_only=True):
    """A request whose service is known, and its operation, unless the service has none of that shape.

    `request` is what was received, but for a bucket in its Host, which has moved to the path. `claim` is who the request says it is from,
    None where it is not signed. `region` is the signature's.
    """

    numbered: Numbered
    service: Service
    model: ServiceModel
    match: Match | None
    request: HttpRequest
    claim: Claim | None
    region: str


class Authenticated(Struct, frozen=True, kw_only=True):
    """A request whose caller is known: a principal whose signature was checked, or nobody."""

    addressed: Addressed
    caller: Caller


class Understood(Struct, frozen=True, kw_only=True):
    """A request whose input was read."""

    authenticated: Authenticated
    match: Match
    members: Input
    call: Call


class Authorised(Struct, frozen=True, kw_only=True):
    """A request that may be carried out, but for what is `denied` of it: keys of a DeleteObjects."""

    understood: Understood
    denied: tuple[Denied, ...] = ()
    owner: str = ""
    """The account that the thing asked for belongs to, where it is another than the caller's."""


class Answered(Struct, frozen=True, kw_only=True):
    """What came of it: the members of an output still to be written, or an answer that is already in the protocol's form."""

    authorised: Authorised
    output: Output | HttpResponse
    wait: float = 0
    """Seconds, since the request came, that a better answer may be waited for."""


Context = Mapping[str, tuple[str, ...]]
"""Condition keys and their values."""
