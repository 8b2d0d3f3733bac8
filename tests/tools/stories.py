"""The whole of IAM and STS in one order: what later chapters need, earlier ones leave behind."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.tools import story_account, story_roles, story_sts, story_users
from tests.tools.steps import Memory, Step
from tests.tools.story_users import ACCOUNT

from podid.core.policy import PolicySet, Principal, Request, decide
from podid.core.tokens import SigningKey, sign_token
from podid.sts import KeyRing
from podid.sts.messages import AuthorizationMessages
from podid.sts.sealing import Sealer

CHAPTERS: Final[dict[str, tuple[Step, ...]]] = {
    "the account": story_account.ACCOUNT_ITSELF,
    "users": story_users.USERS,
    "groups": story_users.GROUPS,
    "credentials": story_users.CREDENTIALS,
    "server certificates": story_account.CERTIFICATES,
    "identity providers": story_roles.PROVIDERS,
    "roles": story_roles.ROLES,
    "policies": story_roles.POLICIES,
    "instance profiles": story_roles.PROFILES,
    "sessions": story_sts.SESSIONS,
    "not here": story_account.NOT_HERE,
    "the end of roles": story_roles.FAREWELL,
    "the end of users": story_users.FAREWELL,
}

CANNOT_SUCCEED: Final = frozenset(
    {
        "iam:AcceptDelegationRequest",
        "iam:AcquireRole",
        "iam:AssociateDelegationRequest",
        "iam:CreateDelegationRequest",
        "iam:DisableOrganizationsRootCredentialsManagement",
        "iam:DisableOrganizationsRootSessions",
        "iam:DisableOutboundWebIdentityFederation",
        "iam:EnableOrganizationsRootCredentialsManagement",
        "iam:EnableOrganizationsRootSessions",
        "iam:EnableOutboundWebIdentityFederation",
        "iam:GenerateOrganizationsAccessReport",
        "iam:GetDelegationRequest",
        "iam:GetHumanReadableSummary",
        "iam:GetOrganizationsAccessReport",
        "iam:GetOutboundWebIdentityFederationInfo",
        "iam:GetRoleTemplateVersion",
        "iam:ListOrganizationsFeatures",
        "iam:PutAccountProperties",
        "iam:RejectDelegationRequest",
        "iam:SendDelegationToken",
        "iam:UpdateDelegationRequest",
        "iam:UpdateOpenIDConnectProvider",
        "sts:AssumeRoot",
        "sts:GetDelegatedAccessToken",
        "sts:GetScopedCredentials",
        "sts:GetWebIdentityToken",
    }
)
"""What needs an organization, a partner's delegation, trusted identity propagation or an issuer of podid's own: docs/differences.md."""


def begin(iam: Any, ring: KeyRing) -> Memory:
    """What the stories need beforehand: keys, certificates, and tokens of a registered provider."""
    now = datetime.now(UTC)
    first, second = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ssh = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    signer = SigningKey.from_pem(_pem(first))
    iam.ensure_oidc_provider(ACCOUNT, "https://known.example.com", client_ids=("podid",), jwks=_jwks(signer))
    claims: dict[str, Any] = {
        "iss": "https://known.example.com",
        "aud": "podid",
        "sub": "someone",
        "iat": int(time.time()),
    }
    request = Request(
        principal=Principal(kind="user", account=ACCOUNT), action="ec2:RunInstances", resource="*", context={}
    )
    return {
        "ssh_key": ssh.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode(),
        "certificate": _certificate(first, now),
        "private_key": _pem(first).decode(),
        "other_private_key": _pem(second).decode(),
        "token": sign_token(signer, {**claims, "exp": claims["iat"] + 3600}),
        "pair": f"arn:aws:iam::{ACCOUNT}:role/app,arn:aws:iam::{ACCOUNT}:saml-provider/idp",
        "message": AuthorizationMessages(Sealer(ring)).encode(request, decide(request, PolicySet())),
    }


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _jwks(signer: SigningKey) -> str:
    return json.dumps({"keys": [signer.public_jwk()]})


def _certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.example.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()
