"""The answer, with what decided it."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from msgspec import Struct


class Outcome(Enum):
    ALLOWED = "Allowed"
    EXPLICITLY_DENIED = "ExplicitlyDenied"
    IMPLICITLY_DENIED = "ImplicitlyDenied"


class Layer(Enum):
    """A kind of policy that has a say."""

    IDENTITY = "identity"
    SESSION = "session"
    BOUNDARY = "boundary"
    RESOURCE = "resource"
    TRUST = "trust"
    SCP = "scp"
    RCP = "rcp"


class Reason(Struct, frozen=True):
    """One layer that denied: by a statement that says so (`explicit`), or by having none that allows (`implicit`)."""

    layer: Layer
    kind: Literal["explicit", "implicit"]


class StatementRef(Struct, frozen=True):
    """A statement that decided: `index` counts from 0 within `policy`, the policy's name."""

    layer: Layer
    policy: str
    sid: str
    index: int
    arn: str = ""
    """The policy's ARN, where it has one."""


class Decision(Struct, frozen=True):
    """The answer to a request.

    Where denied, `reasons` names every layer that denied, the one AWS's sentence names first; where allowed it is empty. `decided_by`
    holds the statements that denied or allowed; an implicit deny has none.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    decided_by: tuple[StatementRef, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOWED
