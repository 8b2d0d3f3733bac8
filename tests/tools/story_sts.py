"""STS: every way to a session, with the user `ann`, her device and the role `app` of the other stories."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from tests.tools import saml_idp
from tests.tools.saml_idp import ENDPOINT
from tests.tools.steps import Of, Service, Step
from tests.tools.story_users import ACCOUNT, code

_ROLE: Final[dict[str, Any]] = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/app"}
_SERIAL: Final = f"arn:aws:iam::{ACCOUNT}:mfa/phone"
_PROVIDER: Final[dict[str, Any]] = {"PrincipalArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"}
_sts = Service("sts")


def _asserted(pair: str) -> str:
    """An assertion made now: it is good for five minutes."""
    return saml_idp.response(datetime.now(UTC), roles=[pair])


ok, no = _sts.ok, _sts.no

SESSIONS: Final[tuple[Step, ...]] = (
    ok("GetCallerIdentity", expect={"Account": ACCOUNT}),
    no("InvalidClientTokenId", "GetCallerIdentity", who="stranger"),
    ok(
        "AssumeRole",
        **_ROLE,
        RoleSessionName="story",
        Tags=[{"Key": "Team", "Value": "a"}],
        SourceIdentity="someone",
        expect={"SourceIdentity": "someone"},
    ),
    no("ValidationError", "AssumeRole", **_ROLE, RoleSessionName="story", DurationSeconds=43_200),
    no("ValidationError", "AssumeRole", RoleArn="not-the-arn-of-a-role", RoleSessionName="story"),
    ok(
        "AssumeRoleWithWebIdentity",
        **_ROLE,
        RoleSessionName="web",
        WebIdentityToken=Of("token"),
        expect={"Audience": "podid"},
    ),
    no(
        "InvalidIdentityToken", "AssumeRoleWithWebIdentity", **_ROLE, RoleSessionName="web", WebIdentityToken="nonsense"
    ),
    ok("AssumeRoleWithSAML", **_ROLE, **_PROVIDER, SAMLAssertion=Of("pair", _asserted), expect={"Audience": ENDPOINT}),
    no("InvalidIdentityToken", "AssumeRoleWithSAML", **_ROLE, **_PROVIDER, SAMLAssertion="nonsense"),
    ok("GetSessionToken", DurationSeconds=900, who="ann"),
    ok("GetSessionToken", SerialNumber=_SERIAL, TokenCode=code(4), who="ann"),
    no("AccessDenied", "GetSessionToken", SerialNumber=_SERIAL, TokenCode=code(99), who="ann"),
    ok("GetFederationToken", Name="bob", expect={"FederatedUser.FederatedUserId": f"{ACCOUNT}:bob"}),
    no("AccessDenied", "GetFederationToken", Name="bob", who="ann"),
    ok("GetAccessKeyInfo", AccessKeyId=Of("ann_key"), expect={"Account": ACCOUNT}),
    no("ValidationError", "GetAccessKeyInfo", AccessKeyId="nonsense-nonsense".replace("-", "_")),
    ok("DecodeAuthorizationMessage", EncodedMessage=Of("message")),
    no("InvalidAuthorizationMessageException", "DecodeAuthorizationMessage", EncodedMessage="nonsense"),
    no(
        "AccessDenied",
        "AssumeRoot",
        TargetPrincipal="444455556666",
        TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
    ),
    no(
        "OutboundWebIdentityFederationDisabledException",
        "GetWebIdentityToken",
        Audience=["x"],
        SigningAlgorithm="ES384",
    ),
    no("NotImplemented", "GetDelegatedAccessToken", TradeInToken="nonsense"),
    no("AccessDenied", "GetScopedCredentials", DurationSeconds=900),
)
