"""Assuming a role: the checks every kind of AssumeRole makes, in one order.

    1. the role exists                                   else AccessDenied, as if it were not trusted
    2. duration, session name, source identity           ValidationError
    3. session tags, own and inherited                   ValidationError, InvalidParameterValue
    4. session policies                                  MalformedPolicyDocument, ValidationError
    5. sts:AssumeRole…, by trust policy and caller       AccessDenied
    6. sts:TagSession where there are tags               AccessDenied
    7. sts:SetSourceIdentity where there is one          AccessDenied
    8. packed size                                       PackedPolicyTooLarge

Source: STS API reference, AssumeRole; IAM user guide, "Pass session tags in AWS STS", "Monitor and control actions taken with assumed roles".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial

from msgspec import Struct
from msgspec.structs import replace

from podid.core.caller import Caller, SessionTags
from podid.core.errors import AccessDenied
from podid.core.policy import PolicySet, Principal, Request, decide
from podid.iam import Authorizer, Iam, Role, principal_context, time_context, why
from podid.iam.entities import ROLE, parse_entity_arn
from podid.iam.plain_decisions import with_trust
from podid.iam.principal_context import factor_age
from podid.sts.claims import SessionClaims
from podid.sts.errors import ValidationError
from podid.sts.packing import packed_size
from podid.sts.provider_keys import ProviderKeys
from podid.sts.role_request import Context, IssuedSession, Wish
from podid.sts.saml import ACTION as WITH_SAML
from podid.sts.saml import IN_SESSION, SamlIdentity, verify_saml
from podid.sts.session_policies import check_session_policies
from podid.sts.session_tags import PassedTags, pass_tags
from podid.sts.sessions import Sessions
from podid.sts.user_sessions import prove_factor
from podid.sts.web_identity import ACTION as WITH_WEB_IDENTITY
from podid.sts.web_identity import WebIdentity, verify_web_identity

CHAINED_DURATION = 3600
_NO_POLICIES = PolicySet()

_NOTHING: Context = {}
_FACTOR: Context = {"aws:MultiFactorAuthPresent": ("true",), "aws:MultiFactorAuthAge": ("0",)}
"""The keys of a call that proves a second factor itself."""

Circumstances = Callable[[], Context]
"""The condition keys of a call, found out where a policy asks for any."""


class _Asking(Struct, frozen=True, kw_only=True):
    """Who asks for the session, as decisions see it."""

    principal: Principal
    policies: PolicySet
    context: Callable[[], Mapping[str, tuple[str, ...]]]
    """The keys of the principal; they beat what the call says."""
    action: str
    inherits: SessionTags = SessionTags()
    source_identity: str = ""
    chained: bool = False
    provider: str = ""
    federation: Mapping[str, tuple[str, ...]] = {}
    """Keys of the identity provider that the session's own calls will carry."""

    def refusal(self, action: str, role_arn: str, private: str) -> AccessDenied:
        """The bearer of a web identity is not told more than that."""
        if self.provider:
            return AccessDenied(f"Not authorized to perform {self.action}", private=private)
        who = self.principal.arn or self.principal.service
        return AccessDenied(
            f"User: {who} is not authorized to perform: {action} on resource: {role_arn}", private=private
        )


class Assuming:
    """Makes role sessions."""

    def __init__(self, iam: Iam, authorizer: Authorizer, sessions: Sessions) -> None:
        self._iam = iam
        self._authorizer = authorizer
        self._sessions = sessions

    def as_caller(
        self,
        caller: Caller,
        wish: Wish,
        context: Context,
        now: datetime,
        *,
        serial: str | None = None,
        code: str | None = None,
    ) -> IssuedSession:
        """AssumeRole, by whoever signed; with a second factor where its serial number and a code of it are given."""
        if caller.kind == "root":
            raise AccessDenied("Roles may not be assumed by root accounts.")
        if caller.kind == "federated-user":
            raise AccessDenied("Cannot call AssumeRole with the credentials of a federated user.")
        chained = caller.kind == "role-session"
        if chained and wish.duration > CHAINED_DURATION:
            raise ValidationError(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
            )
        factor = _NOTHING
        if prove_factor(self._iam, caller, serial, code, now):
            factor = _FACTOR
        elif caller.mfa_at is not None:
            factor = factor_age(caller, time_context(now))
        asking = self._asking(caller, chained=chained, factor=factor)
        role = self._role(asking, wish)
        _check_maximum(wish, role)
        return self._make(asking, wish, role, lambda: context, now)

    def as_service(
        self, service: str, wish: Wish, *, source_arn: str, source_account: str, now: datetime
    ) -> IssuedSession:
        """AssumeRole by an AWS service for a customer: the trust policy alone decides, and the role's MaxSessionDuration does not bound."""
        asking = _service(service)
        context = partial(_context_of_service, source_arn, source_account, now)
        return self._make(asking, wish, self._role(asking, wish), context, now)

    def with_web_identity(
        self, keys: ProviderKeys, token: str, wish: Wish, context: Context, now: datetime
    ) -> tuple[IssuedSession, WebIdentity]:
        """AssumeRoleWithWebIdentity. Tags and source identity come from the token."""
        parsed = parse_entity_arn(ROLE, wish.role_arn)
        if parsed is None:
            raise ValidationError(f"{wish.role_arn[:200]} is invalid")
        identity = verify_web_identity(self._iam, keys, parsed[0], token, now)
        asking = _Asking(
            principal=Principal(kind="web-identity", provider=identity.provider.arn),
            policies=_NO_POLICIES,
            context=lambda: identity.context,
            action=WITH_WEB_IDENTITY,
            provider=identity.provider.arn,
            federation=identity.in_session,
        )
        role = self._role(asking, wish)
        _check_maximum(wish, role)
        full = replace(
            wish, tags=identity.tags, transitive=identity.transitive, source_identity=identity.source_identity
        )
        return self._make(asking, full, role, lambda: context, now), identity

    def with_saml(
        self, provider_arn: str, assertion: str, wish: Wish, context: Context, now: datetime
    ) -> tuple[IssuedSession, SamlIdentity]:
        """AssumeRoleWithSAML. Session name, tags and source identity come from the assertion, which may end the session sooner."""
        identity = verify_saml(self._iam, provider_arn, wish.role_arn, assertion, now)
        asking = _Asking(
            principal=Principal(kind="saml", provider=provider_arn),
            policies=_NO_POLICIES,
            context=lambda: identity.context,
            action=WITH_SAML,
            provider=provider_arn,
            federation={key: identity.context[key] for key in IN_SESSION},
        )
        role = self._role(asking, wish)
        _check_maximum(wish, role)
        full = replace(
            wish,
            session_name=identity.session_name,
            tags=identity.tags,
            transitive=identity.transitive,
            source_identity=identity.source_identity,
        )
        return self._make(asking, full, role, lambda: context, now, until=identity.session_until), identity

    def _asking(self, caller: Caller, *, chained: bool = False, factor: Context = _NOTHING) -> _Asking:
        return _Asking(
            principal=Principal.of(caller),
            policies=self._iam.policies_of(caller),
            context=lambda: {**principal_context(caller), **factor},
            action="sts:AssumeRole",
            inherits=caller.session,
            source_identity=caller.source_identity,
            chained=chained,
        )

    def _role(self, asking: _Asking, wish: Wish) -> Role:
        role = self._iam.role_by_arn(wish.role_arn)  # 1
        if role is None:
            if not wish.role_arn.startswith("arn:") or wish.role_arn.count(":") < 5:
                raise ValidationError(f"{wish.role_arn[:200]} is invalid")
            raise asking.refusal(asking.action, wish.role_arn, "there is no such role")
        return role

    def _make(
        self,
        asking: _Asking,
        wish: Wish,
        role: Role,
        context: Circumstances,
        now: datetime,
        until: datetime | None = None,
    ) -> IssuedSession:
        wish.check()  # 2
        source_identity = wish.source_identity or asking.source_identity
        if asking.source_identity and source_identity != asking.source_identity:
            raise asking.refusal("sts:SetSourceIdentity", role.arn, "a source identity, once set, cannot be changed")
        passed = pass_tags(wish.tags, wish.transitive, asking.inherits)  # 3
        policy_arns = check_session_policies(self._iam, role.account, wish.policy, wish.policy_arns)  # 4
        self._decide(asking, wish, role, passed, source_identity, context)  # 5, 6, 7
        size = packed_size(wish.policy, policy_arns, passed.size)  # 8
        issued_at = int(now.timestamp())
        duration = wish.duration if until is None else min(wish.duration, int(until.timestamp()) - issued_at)
        made = self._sessions.make(
            SessionClaims(
                kind="role",
                account=role.account,
                access_key_id=self._sessions.new_key_id(role.account),
                issuer_id=role.id,
                issuer_name=role.name,
                name=wish.session_name,
                issued_at=issued_at,
                expires_at=issued_at + duration,
                tags=passed.tags,
                transitive=() if passed.all_transitive else tuple(passed.transitive),
                policies=() if wish.policy is None else (wish.policy,),
                policy_arns=policy_arns,
                source_identity=source_identity,
                chained=asking.chained,
                provider=asking.provider,
                service=asking.principal.service,
                federation=asking.federation,
                all_transitive=passed.all_transitive,
            ),
            least=wish.token_size,
        )
        session = f"{role.name}/{wish.session_name}"
        return IssuedSession(
            credentials=made.credentials,
            expiration=made.expiration,
            assumed_role_arn=f"arn:{self._iam.partition}:sts::{role.account}:assumed-role/{session}",
            assumed_role_id=f"{role.id}:{wish.session_name}",
            role_arn=role.arn,
            packed_policy_size=size,
            source_identity=source_identity,
        )

    def _decide(
        self, asking: _Asking, wish: Wish, role: Role, passed: PassedTags, source_identity: str, context: Circumstances
    ) -> None:
        actions: tuple[str, ...] = (asking.action,)
        if passed.tags:
            actions += ("sts:TagSession",)
        if source_identity:
            actions += ("sts:SetSourceIdentity",)
        if self._authorizer.trusted(asking.principal, actions, role.arn, asking.policies, role.trust):
            return
        policies = with_trust(asking.policies, role.trust, role.arn)
        keys = self._authorizer.merged(wish.context(context(), role, passed, source_identity), asking.context())
        for action in actions:
            request = Request(principal=asking.principal, action=action, resource=role.arn, context=keys)
            decision = decide(request, policies)
            if not decision.allowed:
                raise asking.refusal(action, role.arn, f"{action}: {why(decision)}")


@lru_cache(64)
def _service(name: str) -> _Asking:
    """An AWS service. It has no policies of its own."""
    caller = Caller(kind="service", service=name)
    return _Asking(
        principal=Principal.of(caller),
        policies=_NO_POLICIES,
        context=lambda: principal_context(caller),
        action="sts:AssumeRole",
    )


def _context_of_service(source_arn: str, source_account: str, now: datetime) -> Context:
    """The global keys of an AssumeRole by an AWS service."""
    context = {**time_context(now), "aws:SecureTransport": ("true",)}
    if source_account:
        context["aws:SourceAccount"] = (source_account,)
    if source_arn:
        context["aws:SourceArn"] = (source_arn,)
    return context


def _check_maximum(wish: Wish, role: Role) -> None:
    if wish.duration > role.max_session_duration:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
