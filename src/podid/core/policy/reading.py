"""From JSON to a syntax tree: which elements there are, and of which form. What is wrong here, AWS calls "Syntax errors in policy."

The grammar, after the IAM user guide's "Grammar of the IAM JSON policy language" and IAM's own answers:

    policy     = { Version?: "2008-10-17" | "2012-10-17", Id?: text, Statement: statement | [statement, …] }    one at least
    statement  = { Sid?: text, Effect: text, (Principal | NotPrincipal)?: "*" | { type: texts },
                   (Action | NotAction): texts, (Resource | NotResource)?: texts, Condition?: { operator: { key: values } } }
    texts      = text | [text, …]
    values     = text | number | boolean | [text | number | boolean, …]
"""

from __future__ import annotations

from typing import Any, Literal, NoReturn

from podid.core.policy.document import (
    ConditionTest,
    Document,
    Effect,
    Patterns,
    PolicyKind,
    PrincipalElement,
    Statement,
)
from podid.core.policy.json_text import NotJson, Number, Path, place_of, position_of, read_json
from podid.core.policy.malformed import MalformedPolicy
from podid.core.policy.operators import operators, spellings

Fault = Literal[
    "json", "version", "no statement", "no effect", "effect", "principal text", "no principal", "principal type", "form"
]
"""What may be wrong with a document's form, as far as any of AWS's texts tell it apart."""

_SYNTAX = "Syntax errors in policy."
_TRUST_TEXTS: dict[Fault, str] = {
    "json": "This policy contains invalid Json",
    "version": "The policy must contain a valid version string",
    "no statement": "Could not parse the policy: Statement is empty!",
    "no effect": "Missing required field Effect",
    "effect": "Invalid effect: {}",
    "principal text": "Principal must be a JSON object.",
    "no principal": "Missing required field Principal cannot be empty!",
    "principal type": 'Invalid principal in policy: "{}"',
    "form": "Syntax error in policy.",
}
"""Role trust policies are refused in words of their own."""

VERSIONS = ("2008-10-17", "2012-10-17")
_TOP = ("Version", "Id", "Statement")
_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_EFFECTS = {effect.value.lower(): effect for effect in Effect}
_SERVICES = (".amazonaws.com", ".amazonaws.com.cn")
_PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")


class Source:
    """A policy's text, and the way to refuse it at a place."""

    def __init__(self, text: str) -> None:
        self.text = text

    def refuse(self, message: str, path: Path, hint: str = "") -> NoReturn:
        """Raise MalformedPolicy with AWS's `message`, at the value that `path` leads to.

        A path may say `"Statement", 0` of a statement that stands there alone, without a list.
        """
        if path[:2] == ("Statement", 0) and self.text.startswith("{", place_of(self.text, ("Statement",))):
            path = ("Statement", *path[2:])
        raise MalformedPolicy(message, position_of(self.text, place_of(self.text, path)), hint)


class _Reader:
    def __init__(self, source: Source, kind: PolicyKind, *, lenient: bool) -> None:
        self._source = source
        self._lenient = lenient
        self._texts_of_faults = _TRUST_TEXTS if kind is PolicyKind.TRUST else {}

    def _message(self, fault: Fault, value: str = "") -> str:
        return self._texts_of_faults.get(fault, _SYNTAX).format(value[:200])

    def _syntax(self, path: Path, hint: str, fault: Fault = "form", value: str = "") -> NoReturn:
        self._source.refuse(self._message(fault, value), path, hint)

    def document(self) -> Document:
        try:
            value = read_json(self._source.text)
        except NotJson as error:
            raise MalformedPolicy(
                self._message("json"), position_of(self._source.text, error.offset), error.problem
            ) from error
        top = self._object(value, (), _TOP)
        version = top.get("Version", VERSIONS[0])
        if version not in VERSIONS:
            self._syntax(("Version",), f"expected one of {', '.join(VERSIONS)}", "version")
        statements = top.get("Statement")
        listed = statements if isinstance(statements, list) else [statements]
        if statements is None or not listed:
            self._syntax(
                ("Statement",) if "Statement" in top else (), "expected one statement at least", "no statement"
            )
        single = not isinstance(statements, list)
        return Document(
            version=version,
            id=self._text(top.get("Id", ""), ("Id",)),
            statements=tuple(
                self._statement(entry, index, ("Statement",) if single else ("Statement", index))
                for index, entry in enumerate(listed)
            ),
        )

    def _statement(self, value: Any, index: int, path: Path) -> Statement:
        found = self._object(value, path, _ELEMENTS)
        for one in ("Action", "Resource", "Principal"):
            if one in found and f"Not{one}" in found:
                self._syntax((*path, f"Not{one}"), f"a statement has {one} or Not{one}, not both")
        if "Effect" not in found:
            self._syntax(path, "expected an Effect", "no effect")
        effect = self._text(found["Effect"], (*path, "Effect"))
        if effect.lower() not in _EFFECTS:
            self._syntax((*path, "Effect"), "expected Allow or Deny", "effect", effect)
        return Statement(
            index=index,
            sid=self._text(found.get("Sid", ""), (*path, "Sid")),
            effect=_EFFECTS[effect.lower()],
            effect_text=effect,
            actions=self._patterns(found, "Action", path) or Patterns(()),
            resources=self._patterns(found, "Resource", path),
            principal=self._principal(found, path),
            conditions=self._conditions(found.get("Condition", {}), (*path, "Condition")),
        )

    def _object(self, value: Any, path: Path, keys: tuple[str, ...] | None = None) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._syntax(path, "expected an object")
        for key in value:
            if keys is not None and key not in keys:
                self._syntax((*path, key), f"unknown element {key[:100]!r}, expected one of {', '.join(keys)}")
        return value

    def _text(self, value: Any, path: Path) -> str:
        if not isinstance(value, str) or isinstance(value, Number):
            self._syntax(path, "expected a text")
        return value

    def _texts(self, value: Any, path: Path) -> tuple[str, ...]:
        if isinstance(value, list):
            # IAM passes over null within a list.
            return tuple(self._text(each, (*path, index)) for index, each in enumerate(value) if each is not None)
        return (self._text(value, path),)

    def _patterns(self, found: dict[str, Any], name: str, path: Path) -> Patterns | None:
        for element, negated in ((name, False), (f"Not{name}", True)):
            if element in found:
                return Patterns(self._texts(found[element], (*path, element)), negated)
        return None

    def _principal(self, found: dict[str, Any], path: Path) -> PrincipalElement | None:
        for element, negated in (("Principal", False), ("NotPrincipal", True)):
            if element not in found:
                continue
            value, place = found[element], (*path, element)
            if isinstance(value, str) and not isinstance(value, Number):
                if value == "*":
                    return PrincipalElement((("*", "*"),), negated)
                if not self._lenient:
                    self._syntax(place, 'expected "*", or an object', "principal text")
                return PrincipalElement((("Service" if value.endswith(_SERVICES) else "AWS", value),), negated)
            for kind in self._object(value, place):
                if kind not in _PRINCIPAL_TYPES:
                    self._syntax(
                        (*place, kind), f"expected one of {', '.join(_PRINCIPAL_TYPES)}", "principal type", kind
                    )
            entries = [(kind, text) for kind in value for text in self._texts(value[kind], (*place, kind))]
            if not entries:
                self._syntax(place, "expected one principal at least", "no principal")
            return PrincipalElement(tuple(entries), negated)
        return None

    def _conditions(self, value: Any, path: Path) -> tuple[ConditionTest, ...]:
        tests = []
        for operator, keys in self._object(value, path).items():
            place = (*path, operator)
            name = spellings().get(operator.lower(), operator) if self._lenient else operator
            for key, values in self._object(keys, place).items():
                if name not in operators():
                    self._syntax(place, f"unknown operator {operator[:100]!r}")
                tests.append(ConditionTest(name, key, self._values(values, (*place, key))))
        return tuple(tests)

    def _values(self, value: Any, path: Path) -> tuple[str, ...]:
        listed = value if isinstance(value, list) else [value]
        for index, each in enumerate(listed):
            if not isinstance(each, (str, bool)):
                self._syntax((*path, index) if listed is value else path, "expected a text, a number or a boolean")
        return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in listed)


def read_document(source: Source, kind: PolicyKind, *, lenient: bool = False) -> Document:
    """The syntax tree of a policy's text. Raises MalformedPolicy where it has not the form of a policy.

    `lenient` takes condition operators in any case, and a principal that is a text where an object with its type belongs.
    """
    return _Reader(source, kind, lenient=lenient).document()
