"""Decisions kept: those that follow from who asks, what for and on what alone.

Where no policy that bears on a request has a condition or a variable, the same caller gets the same answer until one of the policies is
another. IAM's caches hold one object for a set of policies as long as it is what the store says, so the same object means the same policies;
whoever asks reads them first, each time. Denials are not kept: they are not what is asked a thousand times a second.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from podid.core.policy import Decision, NamedPolicy, Policy, PolicySet, Principal, Request, decide

_KEPT: Final = 4096
"""Decisions; at more, all are dropped."""
_POLICIES: Final = 4096

_Key = tuple[Principal, str, str, str]
_TrustKey = tuple[Principal, tuple[str, ...], str]


class PlainDecisions:
    """Answers by caller, action and resource. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[PolicySet, Decision]] = {}
        self._trusted: dict[_TrustKey, tuple[PolicySet, Policy]] = {}

    def decide(
        self,
        principal: Principal,
        action: str,
        resource: str,
        own: PolicySet,
        *,
        account: str = "",
    ) -> Decision | None:
        """The decision, or None where it hangs on more than is given here, or is not an allow.

        `own` are the policies of the caller, as IAM has them; `account` owns the resource, where its ARN does not say.
        """
        key = (principal, action, resource, account)
        known = self._known.get(key)
        if known is not None and known[0] is own:
            return known[1]
        if not _is_plain(own):
            return None
        decision = decide(Request(principal=principal, action=action, resource=resource, resource_account=account), own)
        if not decision.allowed:
            return None
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[key] = (own, decision)
        return decision

    def trusted(
        self, principal: Principal, actions: tuple[str, ...], role_arn: str, own: PolicySet, trust: Policy
    ) -> bool:
        """Whether the caller's own policies and the role's trust policy allow all these actions, whatever the circumstances."""
        key = (principal, actions, role_arn)
        known = self._trusted.get(key)
        if known is not None and known[0] is own and known[1] is trust:
            return True
        if not _is_plain(own) or not _has_no_condition(trust):
            return False
        policies = with_trust(own, trust, role_arn)
        for action in actions:
            if not decide(Request(principal=principal, action=action, resource=role_arn), policies).allowed:
                return False
        if len(self._trusted) >= _KEPT:
            self._trusted.clear()
        self._trusted[key] = (own, trust)
        return True


def with_trust(own: PolicySet, trust: Policy, role_arn: str) -> PolicySet:
    """A caller's policies, and the trust policy of the role it asks for."""
    return PolicySet(
        identity=own.identity,
        boundary=own.boundary,
        session=own.session,
        trust=NamedPolicy("AssumeRolePolicyDocument", trust, role_arn),
        scps=own.scps,
        rcps=own.rcps,
    )


def _is_plain(policies: PolicySet) -> bool:
    """Whether what these policies say hangs on nothing but caller, action and resource."""
    layers = [policies.identity, policies.session or (), *policies.scps, *policies.rcps]
    single = (policies.boundary, policies.resource, policies.trust)
    named = [one for layer in layers for one in layer] + [one for one in single if one is not None]
    return all(_has_no_condition(one.policy) for one in named)


@lru_cache(_POLICIES)
def _has_no_condition(policy: Policy) -> bool:
    document = policy.document
    for statement in document.statements:
        if statement.conditions:
            return False
        resources = statement.resources.values if statement.resources is not None else ()
        if document.has_variables and any("${" in value for value in (*resources, *statement.actions.values)):
            return False
    return True
