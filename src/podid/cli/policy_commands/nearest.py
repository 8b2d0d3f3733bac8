"""What lacks least: where no statement allows, the one that almost does, and what of it did not match."""

from __future__ import annotations

from collections.abc import Iterator

from podid.core.policy import Decision, ElementTrace, Layer, PolicyTrace, StatementTrace


def nearest(decision: Decision, policies: tuple[PolicyTrace, ...]) -> Iterator[tuple[PolicyTrace, StatementTrace]]:
    """For each layer that denies implicitly, the Allow statement that is about the action and fails in the fewest elements, if there is one."""
    for reason in decision.reasons:
        if reason.kind == "implicit":
            found = min(_candidates(reason.layer, policies), key=lambda each: len(lacking(each[1])), default=None)
            if found is not None:
                yield found


def lacking(statement: StatementTrace) -> list[str]:
    """The elements that did not match, in words."""
    return [_named(element) for element in statement.elements if not element.matched]


def _candidates(layer: Layer, policies: tuple[PolicyTrace, ...]) -> Iterator[tuple[PolicyTrace, StatementTrace]]:
    for policy in policies:
        if policy.layer is layer:
            for statement in policy.statements:
                about_it = any(element.element.endswith("Action") and element.matched for element in statement.elements)
                if statement.effect == "Allow" and about_it and not statement.matched:
                    yield policy, statement


def _named(element: ElementTrace) -> str:
    if not element.operator:
        return element.element
    condition = f"Condition {element.operator} {element.key}"
    if element.given is None:
        return f"{condition} (not in the request)"
    return f"{condition} ({', '.join(element.given[:3])})"
