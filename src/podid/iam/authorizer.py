"""The one place where a caller's own policies, the resource's and the circumstances come together in a decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from podid.core.caller import Caller
from podid.core.errors import AccessDenied
from podid.core.policy import Decision, NamedPolicy, Policy, PolicySet, Principal, Request, decide, denial_text
from podid.iam.plain_decisions import PlainDecisions
from podid.iam.principal_context import Context, factor_age, principal_context

if TYPE_CHECKING:
    from podid.iam.service import Iam


class Authorizer:
    """Decides for callers whose policies IAM holds."""

    def __init__(self, iam: Iam) -> None:
        self.iam = iam
        self._plain = PlainDecisions()

    def plain_decision(
        self,
        principal: Principal,
        action: str,
        resource: str,
        own: PolicySet,
        *,
        resource_account: str = "",
    ) -> Decision | None:
        """An allow that hangs on nothing but these, `own` being the principal's own policies; None: ask with the circumstances, too."""
        return self._plain.decide(principal, action, resource, own, account=resource_account)

    def trusted(
        self, principal: Principal, actions: tuple[str, ...], role_arn: str, own: PolicySet, trust: Policy
    ) -> bool:
        """Whether a role may be assumed and the like, by its trust policy and the principal's own; False: ask with the circumstances, too."""
        return self._plain.trusted(principal, actions, role_arn, own, trust)

    def decide(
        self,
        caller: Caller,
        action: str,
        resource: str,
        context: Context,
        *,
        resource_policy: NamedPolicy | None = None,
        resource_account: str = "",
        trust: NamedPolicy | None = None,
    ) -> Decision:
        """The decision for one action on one resource.

        `context` holds the condition keys of the call, in any case; the keys of the principal are added, and replace what it says of them.
        `resource_account` owns the resource where its ARN does not say. `trust` is the trust policy of the role that is assumed.
        """
        request = request_of(caller, action, resource, context, resource_account=resource_account)
        return decide(request, self.policies(caller, resource_policy=resource_policy, trust=trust))

    def require(
        self,
        caller: Caller,
        action: str,
        resource: str,
        context: Context,
        *,
        resource_policy: NamedPolicy | None = None,
        resource_account: str = "",
        trust: NamedPolicy | None = None,
    ) -> Decision:
        """The same, where only an allow will do. Raises AccessDenied with AWS's sentence; its private text has all layers that denied."""
        request = request_of(caller, action, resource, context, resource_account=resource_account)
        decision = decide(request, self.policies(caller, resource_policy=resource_policy, trust=trust))
        if not decision.allowed:
            raise AccessDenied(denial_text(request, decision), private=why(decision))
        return decision

    def merged(self, context: Context, own: Context) -> dict[str, tuple[str, ...]]:
        """The keys of a call with those of its principal, which beat the former."""
        return _merged(context, own)

    def policies(
        self, caller: Caller, *, resource_policy: NamedPolicy | None = None, trust: NamedPolicy | None = None
    ) -> PolicySet:
        """The caller's policies with those of the other side."""
        own = self.iam.policies_of(caller)
        if resource_policy is None and trust is None:
            return own
        return PolicySet(
            identity=own.identity,
            boundary=own.boundary,
            session=own.session,
            resource=resource_policy,
            trust=trust,
            scps=own.scps,
            rcps=own.rcps,
        )


def request_of(caller: Caller, action: str, resource: str, context: Context, *, resource_account: str = "") -> Request:
    """The question as the policy engine takes it."""
    own = principal_context(caller)
    if caller.mfa_at is not None:
        own.update(factor_age(caller, context))
    return Request(
        principal=Principal.of(caller),
        action=action,
        resource=resource,
        resource_account=resource_account,
        context=_merged(context, own),
    )


def _merged(context: Context, own: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Both, the second beating the first without regard to case; keys of principal tags in the first are dropped unseen."""
    taken = {key.lower() for key in own}
    kept = {
        key: values
        for key, values in context.items()
        if (lowered := key.lower()) not in taken and not lowered.startswith("aws:principaltag/")
    }
    return {**kept, **own}


def why(decision: Decision) -> str:
    """A decision in one line, for the log."""
    reasons = ", ".join(f"{reason.layer.value} {reason.kind}" for reason in decision.reasons)
    decided_by = ", ".join(
        f"{statement.layer.value}:{statement.policy}[{statement.sid or statement.index}]"
        for statement in decision.decided_by
    )
    return f"{decision.outcome.value}: {reasons}" + (f" by {decided_by}" if decided_by else "")
