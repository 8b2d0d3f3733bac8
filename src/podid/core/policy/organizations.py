"""What AWS Organizations asks of its policies, besides what IAM asks of all.

Sources: the AWS Organizations user guide, "SCP syntax" and "RCP syntax". Since September 2025 a service control policy may say whatever a
managed policy may. A resource control policy denies, whoever asks, actions of services that it names; only the one that AWS attaches by
itself allows.
"""

from __future__ import annotations

from podid.core.policy.document import Document, Effect, Patterns, PolicyKind, PrincipalElement, Statement
from podid.core.policy.reading import Source

_REFUSAL = "The provided policy document does not meet the requirements of the specified policy type."
"""Organizations' one text for whatever a kind of policy does not take."""


def check_organizations(source: Source, document: Document, kind: PolicyKind) -> None:
    """Refuse, with MalformedPolicy, what a service or resource control policy must not say."""
    if not document.has_variables:
        source.refuse(_REFUSAL, ("Version",), 'expected "Version": "2012-10-17"')
    if kind is PolicyKind.RCP and not all(map(_allows_everything, document.statements)):
        for statement in document.statements:
            _check_denial(source, statement)


def _allows_everything(statement: Statement) -> bool:
    """Whether this is what `RCPFullAWSAccess` says."""
    return (
        statement.effect is Effect.ALLOW
        and statement.principal == PrincipalElement((("*", "*"),))
        and statement.actions == statement.resources == Patterns(("*",))
        and not statement.conditions
    )


def _check_denial(source: Source, statement: Statement) -> None:
    path = ("Statement", statement.index)
    if statement.effect is not Effect.DENY:
        source.refuse(_REFUSAL, (*path, "Effect"), "a resource control policy only denies")
    principal = statement.principal
    if principal is None or principal.negated or not all(value == "*" for _, value in principal.entries):
        element = "NotPrincipal" if principal is not None and principal.negated else "Principal"
        hint = 'expected "Principal": "*", and conditions that say whom it is about'
        source.refuse(_REFUSAL, (*path, element), hint)
    if statement.actions.negated:
        source.refuse(_REFUSAL, (*path, "NotAction"), "expected Action: there is no NotAction here")
    for index, value in enumerate(statement.actions.values):
        if "*" in value.partition(":")[0]:
            hint = "expected a service's name before the wildcard"
            source.refuse(_REFUSAL, (*path, "Action", index), hint)
