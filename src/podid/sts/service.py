"""STS as the rest of podid uses it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from podid.core.caller import Caller
from podid.core.ids import RandomBytes, names_at_random
from podid.core.operations import Handler, handlers_of
from podid.core.policy import Decision, Request
from podid.iam import Authorizer, Iam
from podid.sts.api import StsApi
from podid.sts.assuming import Assuming
from podid.sts.key_ring import KeyRing
from podid.sts.messages import AuthorizationMessages
from podid.sts.not_here import NotHere
from podid.sts.provider_keys import FetchKeys, ProviderKeys
from podid.sts.role_request import Context, IssuedSession, Wish
from podid.sts.sealing import Sealer
from podid.sts.sessions import OpenSession, Sessions


class Sts:
    """One installation's STS. It keeps nothing but the key ring; safe to use from many threads."""

    def __init__(
        self,
        iam: Iam,
        authorizer: Authorizer,
        ring: KeyRing,
        *,
        random: RandomBytes = names_at_random,
        fetch_keys: FetchKeys | None = None,
    ) -> None:
        """`fetch_keys` gets the keys of identity providers that were registered without; without it such providers are refused.

        `random` makes what tokens say openly, access key ids, salts and nonces: nothing that is secret.
        """
        sealer = Sealer(ring, random)
        self._sessions = Sessions(iam, ring, sealer, random=random)
        self._assuming = Assuming(iam, authorizer, self._sessions)
        self._messages = AuthorizationMessages(sealer)
        self._api = StsApi(authorizer, self._sessions, self._assuming, ProviderKeys(fetch_keys), self._messages)

    def handlers(self) -> dict[str, Handler]:
        """The handlers of the STS API, by operation. They authorise themselves: what a trust policy allows no other layer can know."""
        return handlers_of(self._api, NotHere())

    def open_session(self, access_key_id: str, session_token: str, now: datetime) -> OpenSession:
        """Who signs with these temporary credentials, and the secret to check the signature with.

        Raises InvalidClientTokenId for a token that is not good or belongs to another access key id, ExpiredToken for one that has ended.
        """
        return self._sessions.open(access_key_id, session_token, now)

    def encode_denial(self, request: Request, decision: Decision) -> str:
        """The details of a denial, sealed, as EC2 appends them to its sentence; DecodeAuthorizationMessage opens it."""
        return self._messages.encode(request, decision)

    def assume_role_as_service(
        self,
        *,
        service: str,
        role_arn: str,
        session_name: str,
        duration: int,
        now: datetime,
        tags: Mapping[str, str] | None = None,
        transitive: Collection[str] = (),
        source_arn: str = "",
        source_account: str = "",
        policy: str | None = None,
        external_id: str = "",
    ) -> IssuedSession:
        """A role session for an AWS service, such as pods.eks.amazonaws.com. `duration` in seconds, 900 to 43200.

        The role's trust policy alone decides, with `aws:SourceAccount`, `aws:SourceArn`, `aws:RequestTag/…`, `aws:TagKeys`,
        `sts:TransitiveTagKeys` and `sts:ExternalId`; with tags it must allow sts:TagSession too. The role's MaxSessionDuration does not
        bound. Raises AccessDenied, whose private text says which check failed; ValidationError, PackedPolicyTooLarge,
        MalformedPolicyDocument.
        """
        wish = Wish(
            role_arn=role_arn,
            session_name=session_name,
            duration=duration,
            tags=tags or {},
            transitive=transitive,
            policy=policy,
            external_id=external_id,
        )
        return self._assuming.as_service(service, wish, source_arn=source_arn, source_account=source_account, now=now)

    def assume_role_as(
        self,
        caller: Caller,
        *,
        role_arn: str,
        session_name: str,
        duration: int,
        now: datetime,
        tags: Mapping[str, str] | None = None,
        transitive: Collection[str] = (),
        policy: str | None = None,
        policy_arns: tuple[str, ...] = (),
        external_id: str = "",
        source_identity: str = "",
        context: Context | None = None,
    ) -> IssuedSession:
        """AssumeRole by any caller; by a role session it is role chaining, at most an hour.

        `context` holds the global condition keys of the call; those of the caller and of the request are added. Transitive tags of the
        caller's session are inherited, and count as request tags. Raises what AssumeRole does.
        """
        wish = Wish(
            role_arn=role_arn,
            session_name=session_name,
            duration=duration,
            tags=tags or {},
            transitive=transitive,
            policy=policy,
            policy_arns=policy_arns,
            external_id=external_id,
            source_identity=source_identity,
        )
        return self._assuming.as_caller(caller, wish, context or {}, now)
