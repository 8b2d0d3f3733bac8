"""Making sessions and opening them again. No session is stored: what it is stands sealed in its token.

A session is good while the token opens with a key of the ring, its access key id is the one it was made with, it has not ended, and the role
or user it belongs to is still the same one. Conditions on `aws:TokenIssueTime` can end it sooner.
"""

from __future__ import annotations

import hmac
from datetime import datetime

import msgspec
from msgspec import Struct

from podid.core.caller import Caller, SessionTags
from podid.core.ids import RandomBytes, names_at_random
from podid.core.sigv4 import Credentials
from podid.iam import Iam, Role
from podid.iam.key_ids import new_access_key_id
from podid.sts.claims import SessionClaims, decode_claims, encode_claims, instant
from podid.sts.errors import ExpiredToken, PackedPolicyTooLarge, invalid_token
from podid.sts.key_ring import KeyRing
from podid.sts.sealing import MAX_TOKEN, NotOurs, Sealer, Unsealable
from podid.sts.session_tags import principal_tags

_PURPOSE = b"podid session"
_OPENED = 4096
"""Opened tokens kept in memory: opening one again costs a look-up instead of a decryption."""

_NOTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}'
"""Stands for session policies of which none exists any more: it allows nothing."""


class OpenSession(Struct, frozen=True, gc=False):
    """Who signs with a session, and the secret the signature is to be checked with."""

    caller: Caller
    secret: str

    def __repr__(self) -> str:
        return f"OpenSession({self.caller.arn!r})"


class NewSession(Struct, frozen=True, gc=False):
    """A session that was made."""

    credentials: Credentials
    expiration: datetime


class _Opened(Struct):
    claims: SessionClaims
    secret: str
    key_id: bytes
    known: tuple[Role, OpenSession] | None = None
    """What the session made of that very role opens to."""

    def __repr__(self) -> str:
        return "_Opened(…)"


class Sessions:
    """Sessions of one installation."""

    def __init__(self, iam: Iam, ring: KeyRing, sealer: Sealer, *, random: RandomBytes = names_at_random) -> None:
        self._iam = iam
        self._ring = ring
        self._sealer = sealer
        self._random = random
        self._opened: dict[str, _Opened] = {}

    def new_key_id(self, account: str) -> str:
        """An access key id for a session that is about to be made."""
        return new_access_key_id("ASIA", account, self._random)

    def make(self, claims: SessionClaims, *, least: int = 0) -> NewSession:
        """Credentials for these claims, with a token of at least `least` characters. Raises PackedPolicyTooLarge."""
        try:
            token, made = self._sealer.seal(encode_claims(claims), _PURPOSE, least=least)
        except Unsealable as problem:
            raise PackedPolicyTooLarge(
                f"The session token would exceed the maximum allowed size of {MAX_TOKEN} bytes."
            ) from problem
        access_key_id = claims.access_key_id
        return NewSession(
            Credentials(access_key_id, made.secret(access_key_id), token),
            instant(claims.expires_at),
        )

    def open(self, access_key_id: str, session_token: str, now: datetime) -> OpenSession:
        """Who holds this token, with the secret that goes with it.

        Raises InvalidClientTokenId for a token that is altered, of another key ring or another access key id, or whose role or user is
        gone; ExpiredToken from the instant of its end.
        """
        opened = self._opened.get(session_token)
        if opened is None or self._ring.find(opened.key_id) is None:
            opened = self._open_anew(session_token)
            if len(self._opened) >= _OPENED:
                self._opened.clear()
            self._opened[session_token] = opened
        claims = opened.claims
        if not hmac.compare_digest(claims.access_key_id.encode(), access_key_id.encode()):
            raise invalid_token("the token belongs to another access key id")
        if now.timestamp() >= claims.expires_at:
            raise ExpiredToken("The security token included in the request is expired")
        return self._session(opened)

    def _open_anew(self, session_token: str) -> _Opened:
        try:
            raw, made = self._sealer.open(session_token, _PURPOSE)
            claims = decode_claims(raw)
            return _Opened(claims, made.secret(claims.access_key_id), made.key.id)
        except (NotOurs, msgspec.MsgspecError) as problem:
            raise invalid_token("the token does not open") from problem

    def _session(self, opened: _Opened) -> OpenSession:
        claims, partition = opened.claims, self._iam.partition
        if claims.kind == "role":
            role = self._iam.role(claims.account, claims.issuer_name)
            if role is None or role.id != claims.issuer_id:
                raise invalid_token(f"the role {claims.issuer_name} of this session is gone")
            known = opened.known
            if known is not None and known[0] is role:  # IAM gives the same object until something changes
                return known[1]
            caller = Caller(
                kind="role-session",
                account=claims.account,
                arn=f"arn:{partition}:sts::{claims.account}:assumed-role/{role.name}/{claims.name}",
                user_id=f"{role.id}:{claims.name}",
                access_key_id=claims.access_key_id,
                issuer_arn=role.arn,
                issuer_id=role.id,
                session_name=claims.name,
                session=_tags_of(claims),
                tags=principal_tags(role.tags, claims.tags),
                session_policies=self._policies(claims),
                issued_at=instant(claims.issued_at),
                expires_at=instant(claims.expires_at),
                source_identity=claims.source_identity,
                chained=claims.chained,
                provider=claims.provider,
                federation=claims.federation,
                delivered_by=claims.service,
            )
            session = OpenSession(caller, opened.secret)
            if not claims.policy_arns:  # what managed policies say is asked each time
                opened.known = (role, session)
            return session
        user = self._iam.user_by_id(claims.issuer_id)
        if user is None or user.account != claims.account:
            raise invalid_token("the user of this session is gone")
        federated = claims.kind == "federated"
        arn = f"arn:{partition}:sts::{claims.account}:federated-user/{claims.name}" if federated else user.arn
        caller = Caller(
            kind="federated-user" if federated else "user",
            account=claims.account,
            arn=arn,
            user_id=f"{claims.account}:{claims.name}" if federated else user.id,
            access_key_id=claims.access_key_id,
            issuer_arn=user.arn,
            issuer_id=user.id,
            user_name="" if federated else user.name,
            session_name=claims.name,
            session=_tags_of(claims),
            tags=principal_tags(user.tags, claims.tags),
            session_policies=self._policies(claims),
            issued_at=instant(claims.issued_at),
            expires_at=instant(claims.expires_at),
            source_identity=claims.source_identity,
            mfa_at=instant(claims.mfa_at) if claims.mfa_at else None,
        )
        return OpenSession(caller, opened.secret)

    def _policies(self, claims: SessionClaims) -> tuple[str, ...]:
        if not claims.policy_arns:
            return claims.policies
        managed = (self._iam.managed_document(arn) for arn in claims.policy_arns)
        return (*claims.policies, *(text for text in managed if text is not None)) or (_NOTHING,)


def _tags_of(claims: SessionClaims) -> SessionTags:
    travel = (key.lower() for key in claims.tags) if claims.all_transitive else claims.transitive
    return SessionTags(claims.tags, frozenset(travel))
