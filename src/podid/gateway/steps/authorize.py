"""Step 5: whether the caller may.

What the operation needs is worked out from its input (`needs`), and each need is decided by IAM with the policy that the resource itself
carries, if it has one. One denial ends it, in AWS's sentence for the layer that decided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from podid.core.caller import Caller, Output
from podid.core.errors import AccessDenied
from podid.core.policy import Decision, NamedPolicy, PolicySet, Principal
from podid.gateway import resource_keys
from podid.gateway.needs import Asked, Lookup, Need, completed, needs_of, with_keys
from podid.gateway.needs.table import Unmapped
from podid.gateway.resource_policies import accepted
from podid.gateway.steps import s3_digests, s3_rules
from podid.gateway.steps.values import Authorised, Context, Understood

Sentence = Callable[[Caller, Need, Decision, Context], str]
"""The text of a denial."""

Note = Callable[[Understood, Need, Decision], None]
"""Takes down a decision for the log."""


StackRole = Callable[[Understood], Callable[[], Caller] | None]
"""Says, before the call, which role its stack was given; what comes back makes a session of it, when one is needed."""


Called = Callable[[Understood, Output | None, Exception | None], None]
"""Takes down a call that was carried out, with its answer or what it failed with."""


class Judge(Protocol):
    """IAM, deciding one action on one resource."""

    def decide(
        self,
        caller: Caller,
        action: str,
        resource: str,
        context: Context,
        *,
        resource_policy: NamedPolicy | None = None,
        resource_account: str = "",
    ) -> Decision: ...

    def plain_decision(
        self, principal: Principal, action: str, resource: str, own: PolicySet, *, resource_account: str = ""
    ) -> Decision | None: ...

    def policies(self, caller: Caller) -> PolicySet: ...


class ResourcePolicies(Protocol):
    """The policies that resources carry themselves."""

    def of(self, asked: Asked, need: Need) -> NamedPolicy | None: ...


class Authority:
    """All that decisions are taken by."""

    def __init__(
        self,
        *,
        judge: Judge,
        lookup: Lookup,
        policies: ResourcePolicies,
        sentence: Sentence,
        note: Note,
        called: Called,
        default_account: str,
        stack_role: StackRole | None = None,
    ) -> None:
        self.lookup = lookup
        self._stack_role = stack_role
        self.default_account = default_account
        """Where moto looks for what an anonymous caller names."""
        self._judge = judge
        self._policies = policies
        self._sentence = sentence
        self._note = note
        self.called = called

    def acting_caller(self, understood: Understood) -> Callable[[], Caller] | None:
        """Who a service acts as for this call, where that is not the caller: the role that a stack was given."""
        return None if self._stack_role is None else self._stack_role(understood)

    def decide(self, understood: Understood, asked: Asked, need: Need) -> str | None:
        """None where the need is allowed, else AWS's sentence for why it is not."""
        caller = understood.authenticated.caller
        resource_policy = self._policies.of(asked, need)
        own = self._judge.policies(caller)
        if resource_policy is None:
            plain = self._judge.plain_decision(
                Principal.of(caller), need.action, need.resource, own, resource_account=need.resource_account
            )
            if plain is not None:
                self._note(understood, need, plain)
                return None
        kept = resource_keys.of(asked, need, own, resource_policy)
        context = {**understood.call.context, **kept, **with_keys(asked, need).context}
        decision = self._judge.decide(
            caller,
            need.action,
            need.resource,
            context,
            resource_policy=resource_policy,
            resource_account=need.resource_account,
        )
        self._note(understood, need, decision)
        return None if decision.allowed else self._sentence(caller, need, decision, context)


def authorize(understood: Understood, authority: Authority) -> Authorised:
    """Decide every need of the call. Raises AccessDenied; for S3 NoSuchBucket; and for a policy that is none what the service says of it."""
    asked = completed(asked_of(understood, authority.lookup))
    service, operation = asked.service.model, asked.operation
    if service == "s3":
        s3_rules.require_bucket(operation, asked.members, authority.lookup)
    if understood.match.operation.unsigned and asked.call.caller.kind == "anonymous":
        # What AWS takes unsigned (signing up with Cognito, web identities) proves who asks in its input, not to IAM.
        return Authorised(understood=understood)
    try:
        needs = needs_of(asked)
    except Unmapped as error:
        raise AccessDenied(
            f"podid does not know which permissions {service}:{operation} needs, so nobody may call it."
        ) from error
    denied: list[s3_rules.Denied] = []
    for need in needs:
        sentence = authority.decide(understood, asked, need)
        if sentence is None:
            continue
        if (service, operation) != ("s3", "DeleteObjects"):
            raise AccessDenied(sentence)
        version = need.context.get("s3:versionid", ("",))[0]
        denied.append(s3_rules.Denied(need.resource.partition("/")[2], version, sentence))
    if asked.service.own:  # which keep no policies on resources, and whose resources are where the rooms look
        return Authorised(understood=understood)
    accepted.check(service, operation, asked.members)
    if service == "s3":
        s3_digests.check(operation, asked.request)
    return Authorised(understood=understood, denied=tuple(denied), owner=_owner(understood, needs))


def _owner(understood: Understood, needs: tuple[Need, ...]) -> str:
    """The account of what the call is about: its first need's."""
    if not needs:
        return ""
    account = needs[0].resource_account or (needs[0].resource.split(":", 5) + [""] * 5)[4]
    return account if account.isdigit() and account != understood.call.account else ""


def asked_of(understood: Understood, lookup: Lookup) -> Asked:
    """The call as rules of needs take it."""
    addressed = understood.authenticated.addressed
    return Asked(
        service=addressed.service,
        operation=understood.call.operation,
        members=understood.members,
        call=understood.call,
        request=addressed.request,
        lookup=lookup,
    )
