"""Whether a statement's actions act on the resources that it names. Needs AWS's reference.

Only statements that name their actions' services are looked at. A resource fits an action where some ARN is of the resource's pattern and of
one of the forms that the reference lists for the action; an action without forms is asked for on `*` only.
"""

from __future__ import annotations

from collections.abc import Iterator

from podid.core.policy.syntax import PolicyKind, matcher, readings, tokens_of
from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.known import actions_of
from podid.policy_tools.lint.look import Look, Part
from podid.policy_tools.lint.overlap import Form, of_policy, overlap
from podid.policy_tools.lint.reference import Action, Reference

_ALL_BUCKETS = "arn:aws:s3:::*"
"""What AWS's own examples write for S3's actions that are about no bucket in particular."""
_MOST_STEPS = 8_000_000
"""Of comparing resources with forms in one policy, beyond which no further statement is looked at."""


def check(look: Look, reference: Reference) -> Iterator[Remark]:
    if look.kind is PolicyKind.TRUST:
        return
    comparison = _Comparison(look.kind, look.document.has_variables)
    for part in look.parts:
        resources = part.statement.resources
        if resources is None or resources.negated or not part.allows:
            continue
        actions = actions_of(part, reference)
        if not actions:
            continue
        fitting = comparison.fitting(part, {form for action in actions for form in action.forms})
        if comparison.left < 0:
            return
        yield from _compare(part, actions, fitting)


Fitting = set[tuple[str, Form]]
"""Resources of a statement, each with a form that it fits."""


class _Comparison:
    def __init__(self, kind: PolicyKind, variables: bool) -> None:
        self.left = _MOST_STEPS
        self._kind = kind
        self._variables = variables

    def fitting(self, part: Part, forms: set[Form]) -> Fitting:
        values = {value for value, _ in part.resources if value != "*"}
        return {(value, form) for value in values for form in forms if self._fits(value, form)}

    def _fits(self, value: str, form: Form) -> bool:
        parts = value.split(":", 3)
        if len(parts) > 3 and parts[2] != form.service and not any(wild in ":".join(parts[:3]) for wild in "*?$"):
            return False
        for reading in readings(value, self._kind):
            self.left -= len(reading) * len(form.steps)
            if self.left >= 0 and overlap(of_policy(reading, variables=self._variables), form.steps):
                return True
        return False


def _compare(part: Part, actions: list[Action], fitting: Fitting) -> Iterator[Remark]:
    named = [(value, path) for value, path in part.resources if value != "*"]
    fits_something = {value for value, _ in fitting}
    for value, path in named:
        if value not in fits_something:
            yield Remark(
                "resource-of-no-action",
                path,
                f"no action of {part.name} acts on {value}",
                _kinds(actions),
            )
    if len(named) < len(part.resources):
        return
    for value, path in part.actions:
        # A pattern of actions does something where one of its actions does.
        meant = [action for action in actions if matcher(tokens_of(value.lower()))(action.full_name.lower())]
        if any(resource == _ALL_BUCKETS for resource, _ in named) and value.lower().startswith("s3:"):
            continue
        if meant and not any(
            (resource, form) in fitting for action in meant for form in action.forms for resource, _ in named
        ):
            without = all(not action.forms for action in meant)
            hint = 'it needs "Resource": "*"' if without else _kinds(meant)
            yield Remark("action-on-no-resource", path, f"{value} acts on none of the resources of {part.name}", hint)


def _kinds(actions: list[Action]) -> str:
    kinds = list(dict.fromkeys(kind for action in actions for kind in action.resource_kinds))
    if not kinds:
        return 'the actions need "Resource": "*"'
    more = ", …" if len(kinds) > 4 else ""
    return (
        f"they act on: {', '.join(kinds[:4])}{more}"
        if len(actions) > 1
        else f"it acts on: {', '.join(kinds[:4])}{more}"
    )
