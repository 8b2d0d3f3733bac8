"""Step 3: who calls.

A long-term key (AKIA…) is looked up in IAM, a temporary one (ASIA…) is opened by STS; the signature is then checked with its secret. What is
not signed is nobody, which only anonymous S3 and the few operations that AWS leaves unsigned accept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from podid.core.caller import ANONYMOUS, Caller
from podid.core.errors import AwsError
from podid.core.sigv4 import Claim, SignatureProblem, check
from podid.gateway.refusals import Refusal, Refused, refused
from podid.gateway.steps.chunked_body import unchunked
from podid.gateway.steps.values import Addressed, Authenticated
from podid.gateway.uploads.stated import is_hex_digest
from podid.iam import Iam
from podid.sts import Sts


class Keys(Protocol):
    """Whoever knows access keys: the caller and the secret of one, or a Refused that says why there is none."""

    def open(self, claim: Claim, addressed: Addressed) -> tuple[Caller, str]: ...
    def used(self, caller: Caller, addressed: Addressed) -> None: ...


_NOTED = 4096
"""Uses of keys remembered as noted."""


class KeysOfPodid:
    """Access keys as IAM and STS hold them."""

    def __init__(self, iam: Iam, sts: Sts) -> None:
        self._iam = iam
        self._sts = sts
        self._noted: dict[tuple[str, str, str], int] = {}

    def open(self, claim: Claim, addressed: Addressed) -> tuple[Caller, str]:
        """The caller that a claim names, and the secret its signature must have been made with."""
        return self.open_at(claim, addressed.numbered.received.now)

    def open_at(self, claim: Claim, now: datetime) -> tuple[Caller, str]:
        """The same, for a claim that did not come with the request: a presigned URL somebody shows. Raises Refused."""
        if claim.access_key_id.startswith("ASIA"):
            if not claim.session_token:
                raise Refused(Refusal.UNKNOWN_KEY, private="temporary key without its session token")
            return self._open_session(claim, now)
        if claim.session_token:
            raise Refused(Refusal.INVALID_TOKEN, private="session token with a long-term key")
        key = self._iam.find_key(claim.access_key_id)
        if key is None or not key.active:
            raise Refused(Refusal.UNKNOWN_KEY, private="no such key" if key is None else "the key is inactive")
        return key.caller, key.secret

    def used(self, caller: Caller, addressed: Addressed) -> None:
        """A signature held: remember when, for what GetAccessKeyLastUsed and a role's RoleLastUsed tell."""
        now = addressed.numbered.received.now
        use, second = (caller.access_key_id, addressed.service.model, addressed.region), int(now.timestamp())
        if self._noted.get(use) == second:  # a use is told by the second
            return
        if len(self._noted) >= _NOTED:
            self._noted.clear()
        self._noted[use] = second
        if caller.kind == "user":
            self._iam.note_key_use(
                caller.access_key_id,
                service=addressed.service.signing_name,
                region=addressed.region,
                now=now,
                user_id=caller.user_id,
            )
        elif caller.kind == "role-session":
            self._iam.note_role_use(
                caller.issuer_id, region=addressed.region, now=now, service=addressed.service.action_prefix
            )

    def _open_session(self, claim: Claim, now: datetime) -> tuple[Caller, str]:
        try:
            session = self._sts.open_session(claim.access_key_id, claim.session_token, now)
        except AwsError as error:
            expired = error.code.startswith("ExpiredToken")
            raise Refused(
                Refusal.EXPIRED_TOKEN if expired else Refusal.INVALID_TOKEN, private=error.private or error.public
            ) from error
        return session.caller, session.secret


def authenticate(addressed: Addressed, keys: Keys) -> Authenticated:
    """Check the signature. Raises Refused."""
    claim = addressed.claim
    if claim is None:
        if not _open_to_all(addressed):
            raise Refused(Refusal.MISSING)
        return Authenticated(addressed=addressed, caller=ANONYMOUS)
    caller, secret = keys.open(claim, addressed)
    received = addressed.numbered.received
    try:
        # The request as it was sent: a bucket moved out of the Host was not signed where it now stands.
        check(claim, received.request, secret, now=received.now)
        if claim.is_streaming:
            addressed = replace(addressed, request=unchunked(addressed.request, claim, secret))
    except SignatureProblem as problem:
        raise refused(problem, received.request) from problem
    keys.used(caller, addressed)
    return Authenticated(addressed=addressed, caller=caller)


def authenticate_head(addressed: Addressed, keys: Keys) -> tuple[Authenticated, str]:
    """Check the signature of an S3 request whose body is still to come, by what its head says of it; also the secret it was made with,
    for the chunks. S3's signatures hold without their body: its digest, or that it has none, is among what is signed. Raises Refused."""
    claim = addressed.claim
    if claim is None:
        return Authenticated(addressed=addressed, caller=ANONYMOUS), ""
    caller, secret = keys.open(claim, addressed)
    received = addressed.numbered.received
    digest = claim.payload_hash if is_hex_digest(claim.payload_hash) else None
    try:
        check(claim, received.request, secret, now=received.now, body_sha256=digest)
    except SignatureProblem as problem:
        raise refused(problem, received.request) from problem
    keys.used(caller, addressed)
    return Authenticated(addressed=addressed, caller=caller), secret


def _open_to_all(addressed: Addressed) -> bool:
    """Whether an unsigned request may go on to be decided: anonymous S3, and what AWS's models call unsigned."""
    if addressed.service.model == "s3":
        return True
    return addressed.match is not None and addressed.match.operation.unsigned
