"""Label selectors, in both of their forms, and field selectors: which objects are meant.

Grammar of the text form (k8s.io/apimachinery `pkg/labels`), terms ANDed:

    selector := term ("," term)*
    term     := KEY | "!" KEY | KEY ("=" | "==" | "!=") VALUE | KEY ("in" | "notin") "(" VALUE ("," VALUE)* ")" | KEY (">" | "<") INTEGER
    fields   := KEY ("=" | "==" | "!=") VALUE ("," ...)*          `\\` escapes a comma, an equals sign or itself
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from podid.localcluster.objects.errors import BadRequest
from podid.localcluster.objects.metadata import labels_of
from podid.localcluster.ports import Object

_KEY: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\Z"
)
_VALUE: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?\Z")
_TOKEN: Final = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)")


def is_label_key(text: object) -> bool:
    """An optional DNS prefix and slash, then at most 63 letters, digits, `-`, `_` and `.`."""
    return isinstance(text, str) and _KEY.match(text) is not None


def is_label_value(text: object) -> bool:
    return isinstance(text, str) and _VALUE.match(text) is not None


class Requirement(Struct, frozen=True):
    """One term. `operator` is In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value is not None and value in self.values
            case "NotIn":
                return value is None or value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
        try:
            number, limit = int(value or ""), int(self.values[0])
        except ValueError:
            return False
        return number > limit if self.operator == "Gt" else number < limit


Selector = tuple[Requirement, ...]
"""All must hold; an empty one selects everything."""


def selects(selector: Selector, labels: Mapping[str, str]) -> bool:
    return all(requirement.holds(labels) for requirement in selector)


def parse_label_selector(text: str) -> Selector:
    """Read the text form. Raises BadRequest."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s+", "", text):
        raise BadRequest(f"unable to parse requirement: {text[:200]!r}")
    found: list[Requirement] = []
    while tokens:
        found.append(_term(tokens, text))
        if tokens and (tokens.pop(0) != "," or not tokens):
            raise BadRequest(f"unable to parse requirement: found {text[:200]!r}, expected: ',' between terms")
    return tuple(found)


def _term(tokens: list[str], text: str) -> Requirement:
    def take() -> str:
        return tokens.pop(0) if tokens else ""

    key, absent = take(), False
    if key == "!":
        key, absent = take(), True
    if not is_label_key(key):
        raise BadRequest(f"unable to parse requirement: {key[:200]!r} is not a label key, in {text[:200]!r}")
    if absent or not tokens or tokens[0] == ",":
        return Requirement(key, "DoesNotExist" if absent else "Exists")
    operator = take()
    if operator in ("=", "==", "!="):
        value = take() if tokens and tokens[0] != "," else ""
        values: tuple[str, ...] = (value,)
        name = "NotIn" if operator == "!=" else "In"
    elif operator in (">", "<"):
        values, name = (take(),), "Gt" if operator == ">" else "Lt"
    elif operator in ("in", "notin") and take() == "(":
        inside: list[str] = [""]
        while (piece := take()) != ")":
            if not piece:
                raise BadRequest(f"unable to parse requirement: no closing bracket in {text[:200]!r}")
            if piece == ",":
                inside.append("")
            else:
                inside[-1] += piece
        values, name = tuple(inside), "In" if operator == "in" else "NotIn"
    else:
        raise BadRequest(
            f"unable to parse requirement: found {operator[:200]!r}, expected: in, notin, =, ==, !=, gt, lt"
        )
    for value in values:
        if not is_label_value(value):
            raise BadRequest(f"unable to parse requirement: values[0][{key}]: Invalid value: {value[:200]!r}")
    return Requirement(key, name, values)


def label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """The object form (`matchLabels`, `matchExpressions`). An absent one selects everything here: ask before where that matters."""
    if not selector:
        return ()
    found = [Requirement(key, "In", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    found += [
        Requirement(expression["key"], expression["operator"], tuple(expression.get("values") or ()))
        for expression in selector.get("matchExpressions") or ()
    ]
    return tuple(found)


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """The text form of the object form, as tables show it."""
    if selector is None:
        return "<none>"
    texts = []
    for term in label_selector(selector):
        match term.operator:
            case "In" if len(term.values) == 1:
                texts.append(f"{term.key}={term.values[0]}")
            case "In" | "NotIn":
                texts.append(f"{term.key} {term.operator.lower()} ({','.join(sorted(term.values))})")
            case "Exists":
                texts.append(term.key)
            case _:
                texts.append(f"!{term.key}")
    return ",".join(sorted(texts)) or "<none>"


class FieldTerm(Struct, frozen=True):
    key: str
    value: str
    equal: bool


FieldSelector = tuple[FieldTerm, ...]

_EVERYWHERE: Final = ("metadata.name", "metadata.namespace")
_FIELDS: Final[Mapping[str, Sequence[str]]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "source",
        "type", "reportingComponent",
    ),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "replicasets": ("status.replicas",),
}  # fmt: skip


def parse_field_selector(text: str, resource: str) -> FieldSelector:
    """Read a field selector for a kind. Raises BadRequest for one it cannot read or a field that cannot be selected by."""
    found: list[FieldTerm] = []
    for part in re.split(r"(?<!\\),", text) if text else ():
        match = re.match(r"([^=!]+?)\s*(==|!=|=)(.*)\Z", part, re.DOTALL)
        if match is None:
            raise BadRequest(f"invalid selector: {text[:200]!r}; can't understand {part[:200]!r}")
        key, operator, value = match.groups()
        if key not in _EVERYWHERE and key not in _FIELDS.get(resource, ()):
            raise BadRequest(
                f'Unable to find "{resource}" that match label selector "", field selector "{text[:200]}": '
                f"field label not supported: {key[:200]}"
            )
        found.append(FieldTerm(key, re.sub(r"\\(.)", r"\1", value), operator != "!="))
    return tuple(found)


def fields_match(selector: FieldSelector, obj: Object) -> bool:
    return all((_field(obj, term.key) == term.value) is term.equal for term in selector)


def _field(obj: Object, path: str) -> str:
    if path == "source":
        path = "source.component"
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "false" if path in ("spec.hostNetwork", "spec.unschedulable") else ""
    return str(value)


class Filter(Struct, frozen=True):
    """What a list or watch asks for."""

    labels: Selector = ()
    fields: FieldSelector = ()

    def accepts(self, obj: Object) -> bool:
        return (not self.labels or selects(self.labels, labels_of(obj))) and (
            not self.fields or fields_match(self.fields, obj)
        )
