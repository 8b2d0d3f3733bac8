"""How a `Principal` or `NotPrincipal` element names a caller.

Source: the IAM user guide, "AWS JSON policy elements: Principal", "… NotPrincipal", and "Policy evaluation logic" for what follows from each way
of being named.
"""

from __future__ import annotations

import re
from enum import IntEnum

from podid.core.policy.document import PolicyKind, PrincipalElement, Statement
from podid.core.policy.request import Principal

_ACCOUNT = re.compile(r"(?:arn:[^:]+:iam::)?(\d{12})(?::root)?", re.ASCII)


class Naming(IntEnum):
    """How directly a caller is named; more is stronger."""

    NONE = 0
    ACCOUNT = 1
    """By its account only: the account's own policies have to allow, too."""
    ISSUER = 2
    """By the role of a role session, or the user of a federated session: their boundary and the session's policies still limit."""
    DIRECT = 3
    """As the very principal that asks: the user, the session, the service, the provider, or everybody."""


_NOBODY = PrincipalElement(())


def naming_element(statement: Statement, kind: PolicyKind) -> PrincipalElement | None:
    """The element that says whom a statement is about; None where the policy hangs on them. A resource's policy that names nobody is about nobody."""
    if statement.principal is None and kind in (PolicyKind.RESOURCE, PolicyKind.TRUST):
        return _NOBODY
    return statement.principal


class NamedPrincipals:
    """The principals of one element, as sets to look callers up in."""

    __slots__ = ("_accounts", "_aws", "_canonical", "_everybody", "_federated", "_negated", "_services")

    def __init__(self, element: PrincipalElement) -> None:
        values: dict[str, set[str]] = {}
        for kind, value in element.entries:
            if value:  # nothing is named by an empty text, least of all a caller whose ids are not known
                values.setdefault(kind, set()).add(value)
        aws = values.get("AWS", set())
        accounts = {value: found.group(1) for value in aws if (found := _ACCOUNT.fullmatch(value))}
        self._everybody = "*" in values or "*" in aws
        self._accounts = frozenset(accounts.values())
        self._aws = frozenset(aws - accounts.keys())
        self._services = frozenset(values.get("Service", ()))
        self._federated = frozenset(values.get("Federated", ()))
        self._canonical = frozenset(values.get("CanonicalUser", ()))
        self._negated = element.negated

    def naming(self, principal: Principal, *, denies: bool, bounded: bool) -> Naming:
        """How the element takes in the caller; NONE where it does not.

        `denies`: whether the statement denies; `bounded`: whether the caller has a permissions boundary. Both matter to `NotPrincipal` alone.
        """
        found = self._identities(principal)
        if not self._negated:
            return Naming.DIRECT if self._everybody else max(found, default=Naming.NONE)
        if self._everybody:
            return Naming.NONE
        if denies:
            # "NotPrincipal with Deny will always deny any IAM principal that has a permissions boundary", and each of the caller's
            # identities (account, role, session) has to be listed for the caller to be left out. A role by itself, asked about without a
            # session, has but the one.
            if principal.kind == "role-session" and not principal.arn:
                found = found[1:]
            left_out = bool(found) and Naming.NONE not in found and not bounded
        else:
            left_out = any(found)
        return Naming.NONE if left_out else Naming.DIRECT

    def _identities(self, principal: Principal) -> list[Naming]:
        """For each identity of the caller, how it is named here, or NONE."""
        kind = principal.kind
        if kind == "service":
            return [_if(principal.service in self._services or "*" in self._services, Naming.DIRECT)]
        if kind in ("web-identity", "saml"):
            return [_if(principal.provider in self._federated or "*" in self._federated, Naming.DIRECT)]
        if kind == "anonymous":
            return []
        account = principal.account in self._accounts or principal.canonical_id in self._canonical
        if kind == "root":
            return [_if(account, Naming.DIRECT)]
        by_issuer = principal.issuer_arn in self._aws or principal.issuer_id in self._aws
        by_self = principal.arn in self._aws or principal.user_id in self._aws
        if kind == "user":
            return [_if(account, Naming.ACCOUNT), _if(by_issuer or by_self, Naming.DIRECT)]
        of_role = [_if(account, Naming.ACCOUNT), _if(by_issuer, Naming.ISSUER)]
        if not principal.arn:  # a role by itself
            return of_role
        return [*of_role, _if(by_self, Naming.DIRECT)]


def _if(named: bool, naming: Naming) -> Naming:
    return naming if named else Naming.NONE
