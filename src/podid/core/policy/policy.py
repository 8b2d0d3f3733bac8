"""A policy as the rest of podid holds it: parsed, compiled at first use, and in sets that bear on one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from podid.core.policy.compiled import CompiledPolicy
from podid.core.policy.document import Document, PolicyKind, PrincipalElement, Statement


class Policy:
    """A parsed document. It is immutable to those who hold it; compiling happens when it is first asked, once.

    `deferred` makes one whose text is not even read before that, for the many that are there and hardly ever asked.
    """

    __slots__ = ("_compiled", "_document", "_load", "kind")

    def __init__(self, document: Document, kind: PolicyKind) -> None:
        self.kind = kind
        self._document: Document | None = document
        self._compiled: CompiledPolicy | None = None
        self._load: Callable[[], Policy] | None = None

    @classmethod
    def deferred(cls, load: Callable[[], Policy], kind: PolicyKind = PolicyKind.IDENTITY) -> Policy:
        """A policy that `load` reads when it is first needed. What `load` raises comes out there."""
        policy = cls.__new__(cls)
        policy.kind = kind
        policy._document = policy._compiled = None
        policy._load = load
        return policy

    @property
    def document(self) -> Document:
        document = self._document
        if document is None:
            load = self._load
            if load is None:  # another thread has read it meanwhile
                return self.document
            document = self._document = load().document
            self._load = None
        return document

    @property
    def compiled(self) -> CompiledPolicy:
        if self._compiled is None:
            self._compiled = CompiledPolicy(self.document, self.kind)
        return self._compiled

    def principals(self) -> tuple[tuple[str, str], ...]:
        """Every (type, value) that `Principal` and `NotPrincipal` elements name, in order, once each: for callers that know who exists."""
        entries = (
            entry
            for statement in self.document.statements
            if statement.principal
            for entry in statement.principal.entries
        )
        return tuple(dict.fromkeys(entries))

    def with_principals(self, ids: Mapping[str, str]) -> Policy:
        """The policy with AWS principals replaced by what `ids` has for them: ARNs by unique ids, as IAM stores trust policies.

        What `ids` does not have stays. A principal that is deleted and made again has another id, and is not meant any more.
        """

        def replaced(statement: Statement) -> Statement:
            element = statement.principal
            if element is None:
                return statement
            entries = tuple(
                (kind, ids.get(value, value) if kind == "AWS" else value) for kind, value in element.entries
            )
            return msgspec.structs.replace(statement, principal=PrincipalElement(entries, element.negated))

        document = msgspec.structs.replace(self.document, statements=tuple(map(replaced, self.document.statements)))
        return Policy(document, self.kind)

    def __repr__(self) -> str:
        count = "not read yet" if self._document is None else f"{len(self._document.statements)} statements"
        return f"<{self.kind.value} policy, {count}>"


class NamedPolicy(Struct, frozen=True):
    """A policy as something is called by: its name, and its ARN where it has one."""

    name: str
    policy: Policy
    arn: str = ""


class PolicySet(Struct, frozen=True, kw_only=True):
    """Every policy that bears on a request.

    None says that there is no such policy, and that nothing has to be allowed by one. An empty `session` says that a session was made with
    session policies of which none is left: it allows nothing. `scps` and `rcps` are levels, the organization's root first; each level has to
    allow.
    """

    identity: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    session: tuple[NamedPolicy, ...] | None = None
    resource: NamedPolicy | None = None
    trust: NamedPolicy | None = None
    scps: tuple[tuple[NamedPolicy, ...], ...] = ()
    rcps: tuple[tuple[NamedPolicy, ...], ...] = ()
