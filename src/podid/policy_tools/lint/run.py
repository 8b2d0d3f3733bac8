"""All checks over one policy."""

from __future__ import annotations

from collections.abc import Iterator

from podid.core.policy import (
    MANAGED_POLICY,
    SESSION_POLICY,
    TRUST_POLICY,
    MalformedPolicy,
    Policy,
    PolicyKind,
    parse_policy,
    read_policy,
    size_of,
)
from podid.core.policy.syntax import place_of, position_of, read_json
from podid.policy_tools.lint import breadth, conditions, known, pods, principals, reach, resources, segments, versions
from podid.policy_tools.lint.codes import REFUSED
from podid.policy_tools.lint.finding import Finding, Remark, Report
from podid.policy_tools.lint.look import Look
from podid.policy_tools.lint.reference import Reference

MOST_FINDINGS = 100
"""Of one policy: whoever has more reads no further."""


def lint(text: str, kind: PolicyKind | None = None, *, reference: Reference | None = None) -> Report:
    """Look a policy's text over, as a policy of `kind`, or of the kind it looks like. Without `reference` names are not looked up."""
    guessed = kind is None
    kind = kind if kind is not None else guess(text)
    errors: list[Finding] = []
    try:
        policy = parse_policy(text, kind)
    except MalformedPolicy as problem:
        errors.append(_refused(problem))
        try:
            policy = read_policy(text, kind)
        except MalformedPolicy:
            return Report(kind, guessed, tuple(errors))
    remarks = list(dict.fromkeys(_remarks(text, policy, kind, reference)))[:MOST_FINDINGS]
    warnings = [_warning(text, remark) for remark in remarks]
    return Report(
        kind, guessed, tuple(sorted([*errors, *warnings], key=lambda finding: (finding.line, finding.column)))
    )


def guess(text: str) -> PolicyKind:
    """What kind of policy a text looks like: with principals it is a role's trust policy or a resource's, without it hangs on an identity."""
    try:
        document = read_policy(text, PolicyKind.RESOURCE).document
    except MalformedPolicy:
        return PolicyKind.IDENTITY
    if not any(statement.principal for statement in document.statements):
        return PolicyKind.IDENTITY
    assuming = all(
        value.lower().startswith("sts:") for statement in document.statements for value in statement.actions.values
    )
    without_resources = all(statement.resources is None for statement in document.statements)
    return PolicyKind.TRUST if assuming and without_resources else PolicyKind.RESOURCE


def _remarks(text: str, policy: Policy, kind: PolicyKind, reference: Reference | None) -> Iterator[Remark]:
    look = Look(text, read_json(text), policy.document, kind)
    yield from _size(text, kind)
    for check in (
        versions.check,
        breadth.check,
        principals.check,
        conditions.check,
        pods.check,
        reach.check,
        segments.check,
    ):
        yield from check(look)
    if reference is not None:
        yield from known.check(look, reference)
        yield from resources.check(look, reference)


def _size(text: str, kind: PolicyKind) -> Iterator[Remark]:
    size = size_of(text)
    limit, where = {
        PolicyKind.TRUST: (TRUST_POLICY.limit, "a role's trust policy, unless the quota was raised"),
        PolicyKind.SESSION: (SESSION_POLICY, "a session policy"),
        PolicyKind.IDENTITY: (MANAGED_POLICY.limit, "a managed policy"),
        PolicyKind.BOUNDARY: (MANAGED_POLICY.limit, "a managed policy, as boundaries are"),
    }.get(kind, (0, ""))
    size = len(text) if kind is PolicyKind.SESSION else size
    if limit and size > limit:
        counted = "characters" if kind is PolicyKind.SESSION else "characters without white space"
        yield Remark(
            "too-long", (), f"{size} {counted}: more than the {limit} of {where}", "split it, or use wildcards"
        )


def _refused(problem: MalformedPolicy) -> Finding:
    return Finding(
        code=REFUSED,
        severity="error",
        line=problem.position.line,
        column=problem.position.column,
        message=problem.message,
        hint=problem.hint,
    )


def _warning(text: str, remark: Remark) -> Finding:
    place = position_of(text, place_of(text, remark.path))
    return Finding(
        code=remark.code,
        severity="warning",
        line=place.line,
        column=place.column,
        message=remark.message,
        hint=remark.hint,
    )
