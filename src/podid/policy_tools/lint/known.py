"""Whether services, actions and condition keys exist, and go together. Needs AWS's reference."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from podid.core.policy.syntax import Comparison, ConditionTest, Path, PolicyKind, operators
from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.globals import find_global, find_tag_key
from podid.policy_tools.lint.look import Look, Part
from podid.policy_tools.lint.reference import Action, Reference

_MOST_NAMED = 3
_CLOSE = 0.8
"""How alike a name has to be to be worth a question, of 1."""


def check(look: Look, reference: Reference) -> Iterator[Remark]:
    for part in look.parts:
        yield from _actions(part, reference)
        actions = actions_of(part, reference)
        for test, path in part.tests:
            yield from _key(look, part, test, path, actions, reference)
            yield from _set_operator(part, test, path, actions, reference)


def actions_of(part: Part, reference: Reference) -> list[Action] | None:
    """The actions that a statement names; None where it names all, or all but some, or some of a service that is not known."""
    if part.statement.actions.negated:
        return None
    found: list[Action] = []
    for value, _ in part.actions:
        prefix, _, name = value.partition(":")
        service = reference.service(prefix) if "*" not in prefix and "?" not in prefix else None
        if service is None:
            return None
        found += service.find(name)
    return found


def _actions(part: Part, reference: Reference) -> Iterator[Remark]:
    for value, path in part.actions:
        prefix, colon, name = value.partition(":")
        if not colon:
            continue
        if "*" in prefix or "?" in prefix:
            continue
        service = reference.service(prefix)
        if service is None:
            close = get_close_matches(prefix.lower(), reference.prefixes, 1, _CLOSE)
            yield Remark(
                "unknown-service", path, f"there is no service {prefix!r}", f"did you mean {close[0]}?" if close else ""
            )
        elif not service.find(name):
            names = {each.lower(): each for each in service.action_names}
            close = get_close_matches(name.lower().replace("*", ""), names, 1, _CLOSE)
            hint = f"did you mean {prefix}:{names[close[0]]}?" if close else ""
            what = "has no action that matches" if "*" in name or "?" in name else "has no action"
            yield Remark("unknown-action", path, f"{prefix} {what} {name!r}", hint)


def _key(
    look: Look, part: Part, test: ConditionTest, path: Path, actions: list[Action] | None, reference: Reference
) -> Iterator[Remark]:
    key = test.key
    if find_global(key) is not None:
        return
    if find_tag_key(key) is None:
        unknown = _unknown(key, actions, reference)
        if unknown is not None:
            yield Remark("unknown-key", path, unknown, "expected service:key, or one of AWS's global keys")
            return
    if actions is None or look.kind is PolicyKind.TRUST:
        return
    having = [action for action in actions if key in action.keys]
    if actions and not having:
        yield Remark("key-of-no-action", path, f"no action of {part.name} has the key {key}", _never(part, test))
    elif having and _has_to_be_there(part, test):
        lacking = [action.full_name for action in _named_exactly(part, actions) if action not in having]
        if lacking:
            have, are = ("has", "is") if len(lacking) == 1 else ("have", "are")
            yield Remark(
                "key-not-of-all",
                path,
                f"{_listed(lacking)} {have} no {key} in AWS's reference, and so {are} never allowed here",
                "put what has not the key into a statement of its own, without this condition",
            )


def _unknown(key: str, actions: list[Action] | None, reference: Reference) -> str | None:
    """Why there is no such key; None where there is, or may be."""
    prefix, colon, name = key.partition(":")
    if prefix.lower() == "aws":
        return f"there is no global condition key {key!r}"
    if not colon or not name:
        return f"{key!r} is no condition key"
    known = reference.knows_key(key)
    if known is None:
        # Identity providers bring keys of their own: "oidc.example.com:sub".
        return None if "." in prefix else f"{key!r}: there is no service {prefix!r}"
    if known or any(key in action.keys for action in actions or ()):
        return None
    return f"{prefix} has no condition key {name!r}"


def _has_to_be_there(part: Part, test: ConditionTest) -> bool:
    operator = operators()[test.operator]
    if operator.comparison is Comparison.NULL or operator.negated or operator.if_exists or operator.quantifier == "all":
        return False
    return part.allows


def _never(part: Part, test: ConditionTest) -> str:
    if _has_to_be_there(part, test):
        return "so the statement never applies"
    return ""


def _named_exactly(part: Part, actions: list[Action]) -> list[Action]:
    named = {value.lower() for value, _ in part.actions}
    return [action for action in actions if action.full_name.lower() in named]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _set_operator(
    part: Part, test: ConditionTest, path: Path, actions: list[Action] | None, reference: Reference
) -> Iterator[Remark]:
    operator = operators()[test.operator]
    if operator.comparison is Comparison.NULL:
        return
    several = _has_several_values(test.key, reference)
    if several is None:
        return
    if several and operator.quantifier is None:
        yield Remark(
            "no-set-operator",
            path,
            f"a request may have several values of {test.key}",
            f"say ForAnyValue:{test.operator} or ForAllValues:{test.operator}",
        )
    elif not several and operator.quantifier is not None:
        bare = test.operator.partition(":")[2]
        yield Remark("set-operator-on-single", path, f"a request has one value of {test.key}, or none", f"say {bare}")


def _has_several_values(key: str, reference: Reference) -> bool | None:
    """None where nobody knows the key."""
    for known in (find_global(key), find_tag_key(key)):
        if known is not None:
            return known
    service = reference.service(key.partition(":")[0])
    if service is None or key not in service.keys:
        return None
    return service.has_several_values(key)
