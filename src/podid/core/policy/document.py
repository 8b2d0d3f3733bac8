"""A policy document as a syntax tree: what was written, nothing resolved, nothing decided.

Elements keep the order and the spelling of the text. Source: the IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class PolicyKind(Enum):
    """What a policy hangs on. It decides which elements a document must and must not have."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    SESSION = "session"
    BOUNDARY = "boundary"
    SCP = "scp"
    RCP = "rcp"


class Effect(Enum):
    ALLOW = "Allow"
    DENY = "Deny"


class PrincipalElement(Struct, frozen=True):
    """`Principal` or, where `negated`, `NotPrincipal`: pairs of type (`AWS`, `Service`, `Federated`, `CanonicalUser`) and value.

    `"Principal": "*"` reads as the pair `("*", "*")`.
    """

    entries: tuple[tuple[str, str], ...]
    negated: bool = False


class Patterns(Struct, frozen=True):
    """`Action` or `Resource`, or, where `negated`, `NotAction` or `NotResource`."""

    values: tuple[str, ...]
    negated: bool = False


class ConditionTest(Struct, frozen=True):
    """One key of one operator of a `Condition`. `operator` as written, with prefix and suffix."""

    operator: str
    key: str
    values: tuple[str, ...]


class Statement(Struct, frozen=True, kw_only=True):
    """One statement. `resources` is None where there is no such element, as in trust policies: then it is about what the policy hangs on."""

    index: int
    effect: Effect
    actions: Patterns
    resources: Patterns | None = None
    principal: PrincipalElement | None = None
    conditions: tuple[ConditionTest, ...] = ()
    sid: str = ""
    effect_text: str = ""
    """The effect as it was spelled: its case is checked late."""


class Document(Struct, frozen=True, kw_only=True):
    """A whole policy. `version` is what was written, or "2008-10-17" where there was none."""

    statements: tuple[Statement, ...]
    version: str = "2008-10-17"
    id: str = ""

    @property
    def has_variables(self) -> bool:
        """Whether `${…}` stands for a value: only since 2012-10-17. Before, it is text."""
        return self.version == "2012-10-17"
