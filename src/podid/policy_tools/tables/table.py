"""A table as checks: one for each action and resource of each case.

    {"policies"?: {name: file or policy}, "defaults"?: case without name and expect,
     "cases": [{"name"?, "principal", "action": one or list, "resource"?: one or list, "resourceAccount"?, "context"?,
                "identityPolicies"?, "sessionPolicy"?, "boundary"?, "resourcePolicy"?, "trustPolicy"?, "scps"?, "rcps"?,
                "expect": "allow" | "deny" | "explicit-deny" | "implicit-deny", "layer"?, "statement"?}]}

Where a case of `cases/case.py` has a policy, a case of a table has the name of one, or the policy itself. Contexts are joined with the
default's, key by key; everything else of a case replaces the default.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

from msgspec import Struct

from podid.core.policy import (
    Decision,
    Layer,
    MalformedPolicy,
    NamedPolicy,
    Outcome,
    Policy,
    PolicyKind,
    PolicySet,
    Request,
)
from podid.policy_tools.cases import BadCase, read_context, request_of, understood
from podid.policy_tools.cases.problem import quoted
from podid.policy_tools.reading import read_asked

Load = Callable[[str], str]
"""Gives the text of a file that a table names."""

MOST_CHECKS = 100_000

_POLICIES = ("identityPolicies", "sessionPolicy", "boundary", "resourcePolicy", "trustPolicy", "scps", "rcps")
_OF_DEFAULTS = ("principal", "action", "resource", "resourceAccount", "context", *_POLICIES)
_OF_CASES = ("name", *_OF_DEFAULTS, "expect", "layer", "statement")


class Expected(Enum):
    ALLOW = "allow"
    DENY = "deny"
    EXPLICIT_DENY = "explicit-deny"
    IMPLICIT_DENY = "implicit-deny"


_SPELLINGS = {
    "allow": Expected.ALLOW,
    "allowed": Expected.ALLOW,
    "deny": Expected.DENY,
    "denied": Expected.DENY,
    "explicitdeny": Expected.EXPLICIT_DENY,
    "explicitlydenied": Expected.EXPLICIT_DENY,
    "implicitdeny": Expected.IMPLICIT_DENY,
    "implicitlydenied": Expected.IMPLICIT_DENY,
}
_OUTCOMES = {
    Expected.ALLOW: {Outcome.ALLOWED},
    Expected.DENY: {Outcome.EXPLICITLY_DENIED, Outcome.IMPLICITLY_DENIED},
    Expected.EXPLICIT_DENY: {Outcome.EXPLICITLY_DENIED},
    Expected.IMPLICIT_DENY: {Outcome.IMPLICITLY_DENIED},
}


class Check(Struct, frozen=True, kw_only=True):
    """One question with the answer that is expected: the outcome, and, where given, a layer that denies and a statement (by Sid) that decides."""

    name: str
    request: Request
    policies: PolicySet
    expected: Expected
    layer: Layer | None = None
    statement: str = ""

    def fails(self, decision: Decision) -> str:
        """What is not as expected; empty where all is."""
        if decision.outcome not in _OUTCOMES[self.expected]:
            return f"expected {self.expected.value}"
        if self.layer is not None and self.layer not in [reason.layer for reason in decision.reasons]:
            return f"expected to be denied by the layer {self.layer.value}"
        if self.statement and self.statement not in [reference.sid for reference in decision.decided_by]:
            return f"expected to be decided by the statement {self.statement}"
        return ""


def read_table(value: Any, load: Load) -> tuple[Check, ...]:
    """The checks of a table's values. Raises BadCase, and what `load` raises."""
    top = _object(value, "the table", ("policies", "defaults", "cases"))
    cases = top.get("cases")
    if not isinstance(cases, list) or not cases:
        raise BadCase("the table: expected a list of cases, one at least")
    shelf = _Shelf(_object(top.get("policies", {}), "policies"), load)
    defaults = _object(top.get("defaults", {}), "defaults", _OF_DEFAULTS)
    checks: list[Check] = []
    for index, case in enumerate(cases):
        what = f"case {index + 1}"
        members = _object(case, what, _OF_CASES)
        name = _text(members.get("name", what), f"{what}: name")
        try:
            checks += _checks(name, defaults, members, shelf)
        except BadCase as problem:
            shown = what if name == what else f"{what} ({name})"
            raise BadCase(f"{shown}: {problem}") from problem.__cause__
        if len(checks) > MOST_CHECKS:
            raise BadCase(f"the table: more than {MOST_CHECKS} checks")
    return tuple(checks)


def _checks(name: str, defaults: Mapping[str, Any], case: Mapping[str, Any], shelf: _Shelf) -> Iterator[Check]:
    members = {**defaults, **case}
    for needed in ("principal", "action", "expect"):
        if needed not in members:
            raise BadCase(f"{needed} is missing")
    context = {**read_context(defaults.get("context", {})), **read_context(case.get("context", {}))}
    expected = _SPELLINGS.get(_text(members["expect"], "expect").lower().replace("-", "").replace("_", ""))
    if expected is None:
        raise BadCase(f"expect: expected allow, deny, explicit-deny or implicit-deny, not {quoted(members['expect'])}")
    layer = members.get("layer")
    if layer is not None and layer not in [each.value for each in Layer]:
        raise BadCase(f"layer: expected one of {', '.join(each.value for each in Layer)}, not {quoted(layer)}")
    policies = shelf.policies(members)
    for action in _texts(members["action"], "action"):
        for resource in _texts(members.get("resource", "*"), "resource"):
            request, bearing = understood(
                request_of(members["principal"], action, resource, members.get("resourceAccount", ""), context),
                policies,
            )
            yield Check(
                name=name,
                request=request,
                policies=bearing,
                expected=expected,
                layer=Layer(layer) if layer is not None else None,
                statement=_text(members.get("statement", ""), "statement"),
            )


class _Shelf:
    """The policies of a table: read once for each kind they are used as."""

    def __init__(self, named: Mapping[str, Any], load: Load) -> None:
        self._named = named
        self._load = load
        self._read: dict[tuple[str, PolicyKind], NamedPolicy] = {}

    def policies(self, members: Mapping[str, Any]) -> PolicySet:
        return PolicySet(
            identity=self._several(members, "identityPolicies", PolicyKind.IDENTITY) or (),
            session=self._several(members, "sessionPolicy", PolicyKind.SESSION),
            boundary=self._one(members, "boundary", PolicyKind.BOUNDARY),
            resource=self._one(members, "resourcePolicy", PolicyKind.RESOURCE),
            trust=self._one(members, "trustPolicy", PolicyKind.TRUST),
            scps=self._levels(members, "scps", PolicyKind.SCP),
            rcps=self._levels(members, "rcps", PolicyKind.RCP),
        )

    def _one(self, members: Mapping[str, Any], what: str, kind: PolicyKind) -> NamedPolicy | None:
        found = self._several(members, what, kind)
        if found is None:
            return None
        if len(found) != 1:
            raise BadCase(f"{what}: expected one policy, not {len(found)}")
        return found[0]

    def _several(self, members: Mapping[str, Any], what: str, kind: PolicyKind) -> tuple[NamedPolicy, ...] | None:
        return self._list(members[what], what, kind) if what in members else None

    def _levels(self, members: Mapping[str, Any], what: str, kind: PolicyKind) -> tuple[tuple[NamedPolicy, ...], ...]:
        levels = members.get(what, [])
        if not isinstance(levels, list):
            raise BadCase(f"{what}: expected a list of levels, the root first, each a list of policies")
        found = []
        for index, level in enumerate(levels):
            place = f"{what}[{index}]"
            if isinstance(level, dict) and "policies" in level:
                level = _object(level, place, ("level", "policies"))["policies"]
            if not isinstance(level, list):
                raise BadCase(f"{place}: expected a list of policies")
            found.append(self._list(level, place, kind))
        return tuple(found)

    def _list(self, given: Any, what: str, kind: PolicyKind) -> tuple[NamedPolicy, ...]:
        listed = given if isinstance(given, list) else [given]
        return tuple(self._policy(each, what, kind) for each in listed)

    def _policy(self, given: Any, what: str, kind: PolicyKind) -> NamedPolicy:
        if isinstance(given, dict):
            return NamedPolicy(what, _read(json.dumps(given), what, kind, placed=False))
        name = _text(given, what)
        known = self._read.get((name, kind))
        if known is None:
            known = self._read[name, kind] = NamedPolicy(name, self._open(name, what, kind))
        return known

    def _open(self, name: str, what: str, kind: PolicyKind) -> Policy:
        if name not in self._named:
            raise BadCase(f"{what}: there is no policy {quoted(name)} under policies")
        written = self._named[name]
        if isinstance(written, dict):
            return _read(json.dumps(written), f"policies.{name}", kind, placed=False)
        file = _text(written, f"policies.{name}")
        return _read(self._load(file), file, kind, placed=True)


def _read(text: str, what: str, kind: PolicyKind, *, placed: bool) -> Policy:
    try:
        return read_asked(text, kind)
    except MalformedPolicy as problem:
        place = f":{problem.position.line}:{problem.position.column}" if placed else ""
        hint = f" ({problem.hint})" if problem.hint else ""
        raise BadCase(f"{what}{place}: {problem.message}{hint}") from problem


def _object(value: Any, what: str, members: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadCase(f"{what}: expected an object")
    for name in value:
        if members and name not in members:
            raise BadCase(f"{what}: unknown member {quoted(name)}, expected one of {', '.join(members)}")
    return value


def _text(value: Any, what: str) -> str:
    if type(value) is not str:
        raise BadCase(f"{what}: expected a text")
    return value


def _texts(value: Any, what: str) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise BadCase(f"{what}: expected one at least")
    return [_text(each, what) for each in listed]
