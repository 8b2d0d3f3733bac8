"""A document compiled for deciding: statements found by the action's service, then by action, then asked one by one.

An index holds, for each service that the policy names, its statements with the action patterns that concern the service; statements whose
patterns begin with a wildcard, or that have `NotAction`, are asked for every service. So the three thousand patterns of ReadOnlyAccess are
never walked through: a request meets those of its own service, and of these most are one set look-up or one `startswith` over a tuple.
"""

from __future__ import annotations

from collections.abc import Iterable

from podid.core.policy.actions import names_actions
from podid.core.policy.conditions import Test, compile_test
from podid.core.policy.document import Document, Effect, Patterns, PolicyKind, Statement
from podid.core.policy.facts import Facts
from podid.core.policy.globs import Matcher, Token, Tokens, Wild, matcher, prepare, tokens_of
from podid.core.policy.naming import NamedPrincipals, Naming, naming_element
from podid.core.policy.patterns import Pattern
from podid.core.policy.resources import readings, resource_template
from podid.core.policy.variables import is_static, resolve


class PatternSet:
    """Many wildcard patterns as one question: equal to one, beginning with one, or matching one of the rest."""

    __slots__ = ("_equal", "_others", "_prefixes")

    def __init__(self, patterns: Iterable[Tokens]) -> None:
        equal: set[str] = set()
        prefixes: set[str] = set()
        others: list[Matcher] = []
        for tokens in patterns:
            glob = prepare(tokens)
            if glob.is_text:
                equal.add(glob.head)
            elif glob.is_beginning:
                prefixes.add(glob.head)
            else:
                others.append(matcher(tokens))
        self._equal = frozenset(equal)
        self._prefixes = tuple(prefixes)
        self._others = tuple(others)

    def __contains__(self, value: str) -> bool:
        if value in self._equal or value.startswith(self._prefixes):
            return True
        for match in self._others:  # noqa: SIM110 - a generator costs twice as much here
            if match(value):
                return True
        return False


class CompiledStatement:
    """Everything of a statement but its actions."""

    __slots__ = ("_dynamic", "_not_resource", "_principals", "_static", "_tests", "denies", "index", "sid")

    def __init__(self, statement: Statement, kind: PolicyKind, *, variables: bool) -> None:
        self.index = statement.index
        self.sid = statement.sid
        self.denies = statement.effect is Effect.DENY
        self._tests: tuple[Test, ...] = tuple(compile_test(test, variables=variables) for test in statement.conditions)
        element = naming_element(statement, kind)
        self._principals = NamedPrincipals(element) if element is not None else None
        self._static: PatternSet | None = None
        self._dynamic: tuple[Pattern, ...] = ()
        self._not_resource = False
        if statement.resources is not None:
            self._compile_resources(statement.resources, kind, variables)

    def _compile_resources(self, resources: Patterns, kind: PolicyKind, variables: bool) -> None:
        self._not_resource = resources.negated
        if "*" in resources.values and not resources.negated:
            return
        templates = [
            resource_template(reading, variables=variables)
            for value in resources.values
            for reading in readings(value, kind)
        ]
        self._static = PatternSet(resolve(template, _no_value) or () for template in templates if is_static(template))
        self._dynamic = tuple(Pattern(template) for template in templates if not is_static(template))

    def naming(self, facts: Facts) -> Naming:
        """How the statement applies to the request, whose action is known to match: NONE where it does not. Without a `Principal` it is DIRECT."""
        if self._static is not None and (
            (facts.resource in self._static or self._resolved(facts)) is self._not_resource
        ):
            return Naming.NONE
        naming = Naming.DIRECT
        if self._principals is not None:
            naming = self._principals.naming(facts.principal, denies=self.denies, bounded=facts.bounded)
            if not naming:
                return naming
        for test in self._tests:
            if not test(facts):
                return Naming.NONE
        return naming

    def _resolved(self, facts: Facts) -> bool:
        return any(pattern.matches(facts.resource, facts.single) for pattern in self._dynamic)


def _no_value(_: str) -> None:
    return None


_Row = tuple[CompiledStatement, PatternSet, bool]
"""A statement, its action patterns (lower case), and whether they are those of `NotAction`."""


class CompiledPolicy:
    """A document ready to be asked."""

    __slots__ = ("_by_service", "_everywhere")

    def __init__(self, document: Document, kind: PolicyKind) -> None:
        by_service: dict[str, list[_Row]] = {}
        everywhere: list[_Row] = []
        for statement in document.statements:
            compiled = CompiledStatement(statement, kind, variables=document.has_variables)
            patterns = [tokens_of(value.lower()) for value in statement.actions.values if names_actions(value)]
            services = [_service(tokens) for tokens in patterns]
            if statement.actions.negated or None in services:
                everywhere.append((compiled, PatternSet(patterns), statement.actions.negated))
                continue
            grouped: dict[str, list[Tokens]] = {}
            for service, tokens in zip(services, patterns, strict=True):
                grouped.setdefault(service or "", []).append(tokens)
            for service, tokens_of_service in grouped.items():
                by_service.setdefault(service, []).append((compiled, PatternSet(tokens_of_service), False))
        self._by_service = {service: tuple(rows) for service, rows in by_service.items()}
        self._everywhere = tuple(everywhere)

    def applicable(self, facts: Facts) -> list[tuple[CompiledStatement, Naming]]:
        """The statements that apply to a request, in no particular order, each with how it names the caller."""
        found = []
        action = facts.action
        for rows in (self._by_service.get(facts.service, ()), self._everywhere):
            for statement, actions, negated in rows:
                if (action in actions) is not negated:
                    naming = statement.naming(facts)
                    if naming:
                        found.append((statement, naming))
        return found


def _service(tokens: Tokens) -> str | None:
    """The service that an action pattern is about; None where a wildcard stands in it."""
    first: Token | None = tokens[0] if tokens else None
    if isinstance(first, Wild) or first is None or ":" not in first:
        return None
    return first.partition(":")[0]
