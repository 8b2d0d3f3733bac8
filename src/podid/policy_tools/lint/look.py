"""A policy as checks look at it: statements with the path of every value, so that a remark can point at its place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from podid.core.policy.syntax import ConditionTest, Document, Effect, Path, PolicyKind, Statement

Placed = tuple[str, Path]
"""A value and the path to it."""


class Part:
    """One statement of a policy."""

    def __init__(self, statement: Statement, written: Any, path: Path) -> None:
        self.statement = statement
        self.path = path
        self._written = written

    @property
    def allows(self) -> bool:
        return self.statement.effect is Effect.ALLOW

    @property
    def name(self) -> str:
        sid = f" ({self.statement.sid})" if self.statement.sid else ""
        return f"statement {self.statement.index + 1}{sid}"

    def at(self, element: str) -> Path:
        """The path to an element of the statement."""
        return (*self.path, element)

    @cached_property
    def actions(self) -> tuple[Placed, ...]:
        return self._placed("NotAction" if self.statement.actions.negated else "Action")

    @cached_property
    def resources(self) -> tuple[Placed, ...]:
        """Values of `Resource` or `NotResource`; none where the statement has neither."""
        resources = self.statement.resources
        return () if resources is None else self._placed("NotResource" if resources.negated else "Resource")

    @property
    def action_element(self) -> str:
        return "NotAction" if self.statement.actions.negated else "Action"

    @cached_property
    def tests(self) -> tuple[tuple[ConditionTest, Path], ...]:
        return tuple((test, (*self.at("Condition"), test.operator, test.key)) for test in self.statement.conditions)

    def values(self, test: ConditionTest, path: Path) -> Iterator[Placed]:
        """The values of a condition, each with its path."""
        written = self._written["Condition"][test.operator][test.key]
        for index, value in enumerate(test.values):
            yield value, (*path, index) if isinstance(written, list) else path

    def principals(self) -> Iterator[tuple[str, str, Path]]:
        """Type, value and path of every principal named, in Principal or NotPrincipal."""
        element = self.statement.principal
        if element is None:
            return
        name = "NotPrincipal" if element.negated else "Principal"
        written = self._written[name]
        if isinstance(written, str):
            yield "*", written, self.at(name)
            return
        for kind, value in written.items():
            for index, each in enumerate(value if isinstance(value, list) else [value]):
                if each is not None:
                    path = (*self.at(name), kind, index) if isinstance(value, list) else (*self.at(name), kind)
                    yield kind, each, path

    def _placed(self, element: str) -> tuple[Placed, ...]:
        value = self._written.get(element, ())
        if isinstance(value, list):
            return tuple((each, (*self.at(element), index)) for index, each in enumerate(value) if each is not None)
        return ((value, self.at(element)),) if value != () else ()


class Look:
    """A whole policy. `value` is its JSON as `core.policy.json_text.read_json` has it."""

    def __init__(self, text: str, value: Any, document: Document, kind: PolicyKind) -> None:
        self.text = text
        self.document = document
        self.kind = kind
        written = value["Statement"]
        self.parts = tuple(
            Part(
                statement,
                written[statement.index] if isinstance(written, list) else written,
                ("Statement", statement.index) if isinstance(written, list) else ("Statement",),
            )
            for statement in document.statements
        )
        self.has_version = "Version" in value

    @property
    def grants(self) -> bool:
        """Whether an Allow of this kind of policy gives something, and does not only bound what others give."""
        return self.kind in (PolicyKind.IDENTITY, PolicyKind.RESOURCE, PolicyKind.TRUST)
