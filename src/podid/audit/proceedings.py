"""What one call brought, as it is kept: facts without secrets, few enough to be gathered while a client waits.

Entries and CloudTrail's events are made of them by whoever reads (`podid.audit.reading`, `podid.audit.trail`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from podid.audit.entry import MAX_TEXT
from podid.audit.identity import Identity, identity_of
from podid.audit.shown import MAX_SHOWN, shown
from podid.core.caller import Call, Input, Output
from podid.core.errors import AwsError, PodidError

MAX_AGENT = 1024
"""Characters of a user agent, as in CloudTrail."""
MAX_HOST = 255

# gc=False: these hold no cycles, and twenty thousand of them may wait.


class Decided(Struct, frozen=True, gc=False):
    """One decision: the engine's word (`Allowed`, …), the statements that decided, and for a denial which layers denied and how."""

    action: str
    resource: str
    outcome: str
    decided_by: tuple[str, ...] = ()
    reason: str = ""


class Assumed(Struct, frozen=True, array_like=True, gc=False, kw_only=True):
    """An AssumeRole that podid made for its caller: by the service itself or, as the second hop, by the first role's session (`by`)."""

    by: Identity
    role_arn: str
    session_name: str
    duration: int
    tags: Mapping[str, str] = {}
    policy: str | None = None
    external_id: str = ""
    invoked_by: str = ""
    """The service that made it in another's name."""
    access_key_id: str = ""
    expiration: datetime | None = None
    """None where it was refused."""
    assumed_role_id: str = ""
    assumed_role_arn: str = ""
    packed_policy_size: int | None = None
    error_code: str = ""
    error_message: str = ""
    reason: str = ""


class Called(Struct, frozen=True, array_like=True, gc=False, kw_only=True):
    """A call of a management API that came to its end. `parameters` and `answer` are as they may be shown (`podid.audit.shown`)."""

    service: str
    prefix: str
    """What the service's actions begin with."""
    operation: str
    parameters: dict[str, Any] | None = None
    answer: dict[str, Any] | None = None
    federated: dict[str, str] | None = None
    """Who the caller was, where the call itself proved it: a web identity."""
    invoked_by: str = ""
    error_code: str = ""
    error_message: str = ""
    reason: str = ""
    omitted: bool = False
    """Whether parameters and answer were too large to be kept."""


class Proceedings(Struct, frozen=True, array_like=True, gc=False, kw_only=True, tag="call"):
    """One call: who made it and how, what was decided for it, what was done for it, what came of it.

    `host` is the Host that the client named, where it came by TLS; `step` is 0 for a request, and counts the calls that a service made
    within one.
    """

    at: datetime
    request_id: str
    caller: Identity
    region: str
    source_ip: str = ""
    user_agent: str = ""
    host: str = ""
    decided: Sequence[Decided] = ()
    assumed: Sequence[Assumed] = ()
    called: Called | None = None
    step: int = 0

    @property
    def size(self) -> int:
        """How many entries it makes."""
        return len(self.decided) + len(self.assumed) + (self.called is not None)


_TELLING = frozenset(
    {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken", "GetSessionToken"}
)
"""Operations that count as reading and whose answers are told all the same: sessions begin with them."""


def called(
    call: Call,
    *,
    parameters: Input,
    answer: Output | None,
    error: AwsError | None = None,
    prefix: str = "",
    failure: Exception | None = None,
    federated: dict[str, str] | None = None,
    invoked_by: str = "",
) -> Called:
    """A call with what may be kept of it. `error` is what its caller was told; `failure` what the log may say of it.

    The answer is left out for calls that only read, as CloudTrail does, but for those that make sessions.
    """
    operation, told, reason = call.operation, None, ""
    if error is None:
        if answer is not None and (operation in _TELLING or not reads_only(operation)):
            told = shown(answer)
    elif isinstance(failure, PodidError):
        reason = failure.private or failure.public
    return Called(
        service=call.service,
        prefix=prefix or call.service,
        operation=operation,
        parameters=shown(parameters),
        answer=told,
        federated=federated,
        invoked_by=invoked_by,
        error_code="" if error is None else error.code,
        error_message="" if error is None else error.public[:MAX_SHOWN],
        reason=reason[:MAX_TEXT],
    )


def proceedings_of(
    call: Call,
    *,
    secure: bool,
    decided: Sequence[Decided] = (),
    assumed: Sequence[Assumed] = (),
    done: Called | None = None,
) -> Proceedings:
    """A call, with what is to be written of it now. `secure`: whether the client came by TLS."""
    return Proceedings(
        at=call.now,
        request_id=call.request_id,
        caller=identity_of(call.caller),
        region=call.region,
        source_ip=call.source_ip,
        user_agent=call.user_agent[:MAX_AGENT],
        host=call.host[:MAX_HOST] if secure else "",
        decided=decided,
        assumed=assumed,
        called=done,
        step=call.notes.step,
    )


def reads_only(operation: str) -> bool:
    """Whether CloudTrail counts an operation of EKS, EKS Auth, IAM or STS as one that changes nothing."""
    return operation.startswith(("AssumeRole", "Decode", "Describe", "Generate", "Get", "List", "Simulate"))
