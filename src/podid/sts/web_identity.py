"""AssumeRoleWithWebIdentity: a token of a registered OpenID Connect provider for a role session. Nobody signs the call; the token does.

    1. the token has the form of one                       else InvalidIdentityToken
    2. its issuer is registered in the role's account      InvalidIdentityToken
    3. one of its audiences is registered there            InvalidIdentityToken
    4. the issuer's keys can be had                        IDPCommunicationError
    5. signature, times                                    InvalidIdentityToken, ExpiredTokenException
    6. as for every AssumeRole, from trust policy on       AccessDenied, …

Source: STS API reference, AssumeRoleWithWebIdentity; IAM user guide, "Available keys for AWS OIDC federation"; session tags and source
identity in tokens: "Pass session tags in AWS STS" and "Monitor and control actions taken with assumed roles".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from podid.core.tokens import Expired, TokenProblem, unverified_claims, verify_token
from podid.iam import Iam
from podid.iam.providers import OidcProvider
from podid.sts.errors import ExpiredIdentityToken, InvalidIdentityToken
from podid.sts.provider_keys import ProviderKeys

TAGS_CLAIM = "https://aws.amazon.com/tags"
SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity"
ACTION = "sts:AssumeRoleWithWebIdentity"


class WebIdentity(Struct, frozen=True, kw_only=True):
    """Who a verified token says its bearer is."""

    provider: OidcProvider
    subject: str
    audience: str
    tags: Mapping[str, str]
    transitive: tuple[str, ...]
    source_identity: str
    context: Mapping[str, tuple[str, ...]]
    """The provider's condition keys, such as `oidc.example.com:sub`."""
    in_session: Mapping[str, tuple[str, ...]]
    """Those of them that the session's own calls carry too."""


def verify_web_identity(iam: Iam, keys: ProviderKeys, account: str, token: str, now: datetime) -> WebIdentity:
    """The bearer of a token, by steps 1 to 5. Raises InvalidIdentityToken, ExpiredIdentityToken, IdpCommunicationError."""
    try:
        claims = unverified_claims(token)  # 1
    except TokenProblem as problem:
        raise InvalidIdentityToken(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
            private=problem.public,
        ) from problem
    issuer = claims.get("iss")
    provider = None
    if isinstance(issuer, str) and issuer.startswith("https://"):
        provider = iam.oidc_provider(account, issuer.removeprefix("https://").rstrip("/"))
    if provider is None:  # 2
        raise InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {str(issuer)[:255]}")
    audience = _audience(claims, provider)  # 3
    if audience is None:
        raise InvalidIdentityToken("Incorrect token audience")
    # Where azp names the client, aud may name whomever the client talks to.
    named = _audiences(claims)
    presented = audience if audience in named or not named else named[0]
    try:
        claims = keys.verify(  # 4, 5
            provider,
            lambda key_set: verify_token(token, key_set, issuer=str(issuer), audience=presented, now=now),
            now,
        )
    except Expired as problem:
        raise ExpiredIdentityToken(
            "Token expired: " + problem.public.partition(": ")[2], private=problem.private
        ) from problem
    except TokenProblem as problem:
        raise InvalidIdentityToken(problem.public, private=problem.private) from problem
    return _identity(provider, claims, audience)


def _audience(claims: Mapping[str, Any], provider: OidcProvider) -> str | None:
    """The registered client that the token is for: `azp` where the token has one, else one of its audiences."""
    party = claims.get("azp")
    audiences = [party] if isinstance(party, str) and party else _audiences(claims)
    return next((one for one in audiences if one in provider.client_ids), None)


def _audiences(claims: Mapping[str, Any]) -> list[str]:
    given = claims.get("aud")
    audiences = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return [one for one in audiences if isinstance(one, str)]


def _identity(provider: OidcProvider, claims: Mapping[str, Any], audience: str) -> WebIdentity:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise InvalidIdentityToken("Missing a required claim: sub")
    context: dict[str, tuple[str, ...]] = {f"{provider.url}:aud": (audience,), f"{provider.url}:sub": (subject,)}
    methods = claims.get("amr")
    if isinstance(methods, list) and methods and all(isinstance(method, str) for method in methods):
        context[f"{provider.url}:amr"] = tuple(methods)
    in_session = dict(context)
    if claims.get("azp"):
        context[f"{provider.url}:oaud"] = tuple(_audiences(claims))
    email = claims.get("email")
    if isinstance(email, str) and email:
        context[f"{provider.url}:email"] = (email,)
    tags, transitive = _tags(claims.get(TAGS_CLAIM))
    source_identity = claims.get(SOURCE_IDENTITY_CLAIM, "")
    return WebIdentity(
        provider=provider,
        subject=subject,
        audience=audience,
        tags=tags,
        transitive=transitive,
        source_identity=source_identity if isinstance(source_identity, str) else "",
        context=context,
        in_session=in_session,
    )


class _TagsClaim(Struct):
    """Session tags in a token: each has a list of one value."""

    principal_tags: dict[str, tuple[str]] = {}
    transitive_tag_keys: tuple[str, ...] = ()


def _tags(claim: object) -> tuple[dict[str, str], tuple[str, ...]]:
    """Session tags and the keys that travel on. Raises InvalidIdentityToken for a claim of another form."""
    try:
        read = msgspec.convert({} if claim is None else claim, _TagsClaim)
    except msgspec.ValidationError as problem:
        raise InvalidIdentityToken(f"The claim {TAGS_CLAIM} does not have the form of session tags.") from problem
    return {key: value for key, (value,) in read.principal_tags.items()}, read.transitive_tag_keys
