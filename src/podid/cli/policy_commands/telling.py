"""A decision and its trace in lines for people."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from podid.cli.policy_commands.nearest import lacking, nearest
from podid.core.policy import (
    Decision,
    ElementTrace,
    Layer,
    Outcome,
    PolicySet,
    PolicyTrace,
    Reason,
    Request,
    StatementRef,
    StatementTrace,
    denial_text,
)

OUTCOMES = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICITLY_DENIED: "denied, explicitly",
    Outcome.IMPLICITLY_DENIED: "denied, implicitly",
}
LAYERS = {
    Layer.IDENTITY: "identity policies",
    Layer.SESSION: "session policy",
    Layer.BOUNDARY: "permissions boundary",
    Layer.RESOURCE: "resource policy",
    Layer.TRUST: "trust policy",
    Layer.SCP: "service control policies",
    Layer.RCP: "resource control policies",
}
_MOST_SHOWN = 5


def sentence(request: Request, decision: Decision) -> str:
    """What AWS would say to the caller; empty where it is allowed."""
    if decision.allowed:
        return ""
    principal = request.principal
    if not principal.arn and principal.issuer_arn:  # a role without a session: AWS would name the session
        request = msgspec.structs.replace(
            request, principal=msgspec.structs.replace(principal, arn=principal.issuer_arn)
        )
    return denial_text(request, decision)


def statement_name(reference: StatementRef) -> str:
    sid = f" ({reference.sid})" if reference.sid else ""
    return f"{reference.policy}, statement {reference.index + 1}{sid}"


def why(reason: Reason) -> str:
    layer = LAYERS[reason.layer]
    if reason.kind == "explicit":
        return f"{layer}: a statement denies it"
    return f"{layer}: no statement allows it"


def told(request: Request, decision: Decision, policies: tuple[PolicyTrace, ...] = ()) -> Iterator[str]:
    """The decision, its reasons, the statements that decided or, of `policies`, almost did, and AWS's sentence."""
    yield f"decision   {OUTCOMES[decision.outcome]}"
    for reason in decision.reasons:
        yield f"reason     {why(reason)}"
    for reference in decision.decided_by:
        yield f"decided by {LAYERS[reference.layer]}: {statement_name(reference)}"
    for policy, statement in nearest(decision, policies):
        sid = f" ({statement.sid})" if statement.sid else ""
        missed = "; ".join(lacking(statement))
        yield f"nearest    {LAYERS[policy.layer]}: {policy.name}, statement {statement.index + 1}{sid}, but for {missed}"
    if not decision.allowed:
        yield f"AWS says   {sentence(request, decision)}"


def traced(policies: tuple[PolicyTrace, ...], given: PolicySet) -> Iterator[str]:
    """Every policy, statement and element that was looked at: `+` for what matched, `-` for what did not."""
    if not policies:
        yield "no policy was given"
    for policy in policies:
        level = f", level {policy.level + 1}" if policy.level is not None else ""
        yield f"{LAYERS[policy.layer]}{level}: {policy.name}"
        for statement in policy.statements:
            yield from _statement(statement)
    for index, attached in enumerate(given.scps):
        if not attached:
            yield f"service control policies, level {index + 1}: none, so nothing is allowed"


def _statement(statement: StatementTrace) -> Iterator[str]:
    sid = f" ({statement.sid})" if statement.sid else ""
    applies = "applies" if statement.matched else "does not apply"
    yield f"  {_mark(statement.matched)} statement {statement.index + 1}{sid}, {statement.effect}: {applies}"
    for element in statement.elements:
        yield from _element(element)


def _element(element: ElementTrace) -> Iterator[str]:
    name = element.element
    if element.operator:
        name = f"Condition {element.operator} {element.key}"
    given = "not in the request" if element.given is None else _listed(element.given)
    yield f"    {_mark(element.matched)} {name}: {given}"
    # What matched says it all; where nothing did, what was asked for helps.
    shown = [value for value in element.compared if value.matched] or list(element.compared)
    for value in shown[:_MOST_SHOWN]:
        resolved = ""
        if value.resolved is None:
            resolved = " (a variable has no value)"
        elif value.resolved != value.written:
            resolved = f" = {value.resolved}"
        yield f"        {_mark(value.matched)} {value.written}{resolved}"
    if len(shown) > _MOST_SHOWN:
        yield f"        … and {len(shown) - _MOST_SHOWN} more"


def _listed(values: tuple[str, ...]) -> str:
    shown = ", ".join(values[:_MOST_SHOWN])
    return shown + (f", … {len(values) - _MOST_SHOWN} more" if len(values) > _MOST_SHOWN else "")


def _mark(matched: bool) -> str:
    return "+" if matched else "-"
