"""Why a request was decided as it was: each policy, statement and element, matched or not, with the values that were compared.

These are data, for `explain` and for people's eyes to be made of; the text is somebody else's matter.
"""

from __future__ import annotations

from msgspec import Struct

from podid.core.policy.decision import Decision, Layer


class Compared(Struct, frozen=True):
    """One value of an element against the request. `resolved` is the value with its variables put in, None where one has no value."""

    written: str
    resolved: str | None
    matched: bool


class ElementTrace(Struct, frozen=True, kw_only=True):
    """One element of a statement, or one key of its `Condition`.

    `element` is its name in the policy (`NotAction`, `Condition`, …), `matched` whether it lets the statement apply, negation included.
    `given` is what the request had: its action, its resource, the caller's identities, the key's values; None for a key that it has not.
    """

    element: str
    matched: bool
    given: tuple[str, ...] | None
    compared: tuple[Compared, ...] = ()
    operator: str = ""
    key: str = ""


class StatementTrace(Struct, frozen=True, kw_only=True):
    """One statement: it applies where all its elements matched."""

    index: int
    sid: str
    effect: str
    matched: bool
    elements: tuple[ElementTrace, ...]


class PolicyTrace(Struct, frozen=True, kw_only=True):
    """One policy in its layer; `level` counts the levels of service and resource control policies from the root, 0."""

    layer: Layer
    name: str
    arn: str = ""
    level: int | None = None
    statements: tuple[StatementTrace, ...] = ()


class Trace(Struct, frozen=True):
    """The decision with all that it was made of."""

    decision: Decision
    policies: tuple[PolicyTrace, ...]
