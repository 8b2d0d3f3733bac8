"""Checks put to the engine."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from podid.core.policy import Decision, decide
from podid.policy_tools.tables.table import Check


class Result(Struct, frozen=True):
    """A check with its decision. `failure` says what is not as expected; it is empty where the check passed."""

    check: Check
    decision: Decision
    failure: str

    @property
    def passed(self) -> bool:
        return not self.failure

    @property
    def title(self) -> str:
        request = self.check.request
        return f"{self.check.name}: {request.action} on {request.resource}"


def run(checks: Iterable[Check]) -> tuple[Result, ...]:
    """Decide every check."""
    return tuple(_run(check) for check in checks)


def _run(check: Check) -> Result:
    decision = decide(check.request, check.policies)
    return Result(check, decision, check.fails(decision))
