"""Sessions of users: GetSessionToken, which is the user again, and GetFederationToken, somebody the user vouches for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from podid.core.caller import Caller
from podid.core.errors import AccessDenied
from podid.core.sigv4 import Credentials
from podid.iam import Authorizer, Iam
from podid.sts.claims import SessionClaims
from podid.sts.errors import ValidationError
from podid.sts.packing import packed_size
from podid.sts.session_policies import check_session_policies
from podid.sts.session_tags import pass_tags
from podid.sts.sessions import NewSession, Sessions

MIN_DURATION = 900
MAX_DURATION = 129_600

_NOT_A_USER = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and "
    "associated with this user."
)


class FederatedSession(Struct, frozen=True, kw_only=True):
    """What GetFederationToken made."""

    credentials: Credentials
    expiration: datetime
    federated_user_id: str
    federated_user_arn: str
    packed_policy_size: int | None


class UserSessions:
    def __init__(self, authorizer: Authorizer, sessions: Sessions) -> None:
        self._authorizer = authorizer
        self._sessions = sessions

    def session_token(
        self,
        user: Caller,
        duration: int,
        now: datetime,
        *,
        serial: str | None = None,
        code: str | None = None,
        least: int = 0,
    ) -> NewSession:
        """The user's own permissions for a while, and with a second factor what asks for one. It needs no permission.

        Raises ValidationError, AccessDenied.
        """
        _check_duration(duration)
        proved = prove_factor(self._authorizer.iam, user, serial, code, now)
        claims = self._claims(user, now, duration, kind="user", mfa_at=int(now.timestamp()) if proved else 0)
        return self._sessions.make(claims, least=least)

    def federation_token(
        self,
        user: Caller,
        *,
        name: str,
        policy: str | None,
        policy_arns: tuple[str, ...],
        duration: int,
        tags: Mapping[str, str],
        context: Mapping[str, tuple[str, ...]],
        partition: str,
        now: datetime,
        least: int = 0,
    ) -> FederatedSession:
        """A session for `name` with what both the user and the session policies allow; without policies, with what resource policies allow.

        Raises AccessDenied, ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge.
        """
        _check_duration(duration)
        arn = f"arn:{partition}:sts::{user.account}:federated-user/{name}"
        passed = pass_tags(tags, (), user.session)
        arns = check_session_policies(self._authorizer.iam, user.account, policy, policy_arns)
        keys = {**context, **passed.context()}
        self._authorizer.require(user, "sts:GetFederationToken", arn, keys)
        if tags:
            self._authorizer.require(user, "sts:TagSession", arn, keys)
        size = packed_size(policy, arns, passed.size)
        made = self._sessions.make(
            self._claims(
                user,
                now,
                duration,
                kind="federated",
                name=name,
                tags=passed.tags,
                policies=(policy,) if policy is not None else (),
                policy_arns=arns,
            ),
            least=least,
        )
        return FederatedSession(
            credentials=made.credentials,
            expiration=made.expiration,
            federated_user_id=f"{user.account}:{name}",
            federated_user_arn=arn,
            packed_policy_size=size,
        )

    def _claims(self, user: Caller, now: datetime, duration: int, **members: object) -> SessionClaims:
        issued_at = int(now.timestamp())
        return SessionClaims(
            account=user.account,
            access_key_id=self._sessions.new_key_id(user.account),
            issuer_id=user.issuer_id,
            issuer_name=user.user_name,
            issued_at=issued_at,
            expires_at=issued_at + duration,
            **members,  # type: ignore[arg-type]
        )


def prove_factor(iam: Iam, caller: Caller, serial: str | None, code: str | None, now: datetime) -> bool:
    """Whether a second factor was given, and held. Raises AccessDenied where it does not hold, or only half of it was given."""
    if serial is None and code is None:
        return False
    if not serial or not code:
        raise AccessDenied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        )
    if caller.kind != "user":
        raise AccessDenied(_NOT_A_USER, private="only users have devices")
    iam.prove_mfa(caller.user_id, serial, code, now)
    return True


def _check_duration(seconds: int) -> None:
    if not MIN_DURATION <= seconds <= MAX_DURATION:
        raise ValidationError(
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have "
            f"value between {MIN_DURATION} and {MAX_DURATION}"
        )
