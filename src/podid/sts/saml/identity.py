"""Who the bearer of an assertion is, and which roles it may ask for.

    1. the provider is registered                                   else InvalidIdentityToken
    2. the assertion is signed by it (`signed`)                      InvalidIdentityToken
    3. the issuer is the provider's                                  InvalidIdentityToken
    4. it is meant for AWS: audience and recipient                   InvalidIdentityToken
    5. it is good now: conditions, confirmation, five minutes        InvalidIdentityToken, ExpiredTokenException
    6. session name, tags, source identity                           InvalidIdentityToken
    7. it names the role together with the provider                  AccessDenied
    8. as for every AssumeRole, from trust policy on                 AccessDenied, …

Source: STS API reference, AssumeRoleWithSAML; IAM user guide, "Configure SAML assertions for the authentication response", "Troubleshoot SAML
federation with IAM", "Available keys for SAML-based AWS STS federation".
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from msgspec import Struct

from podid.core.errors import AccessDenied
from podid.iam import Iam
from podid.iam.providers import SamlProvider
from podid.iam.saml_metadata import BadMetadata, SamlMetadata, parse_metadata
from podid.sts.errors import ExpiredIdentityToken, InvalidIdentityToken
from podid.sts.saml import attributes as names
from podid.sts.saml.assertion import Assertion, read_assertion
from podid.sts.saml.signed import signed_assertion

ACTION: Final = "sts:AssumeRoleWithSAML"
IN_SESSION: Final = ("saml:namequalifier", "saml:sub", "saml:sub_type")
"""The keys that the session's own calls carry too."""

_FRESH = timedelta(minutes=5)
_SKEW = timedelta(seconds=60)
"""How far a provider's clock may be ahead."""

_AUDIENCE = re.compile(
    r"https://([a-z0-9-]+\.)?signin\.aws\.amazon\.com/(platform/)?saml(/acs/[\w-]+)?|urn:amazon:webservices", re.ASCII
)
_RECIPIENT = re.compile(r"https://([a-z0-9-]+\.)?signin\.aws\.amazon\.com/(platform/)?saml(/acs/[\w-]+)?", re.ASCII)
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SUBJECT_TYPES: Final = {
    f"urn:oasis:names:tc:SAML:2.0:nameid-format:{word}": word for word in ("persistent", "transient")
}


class SamlIdentity(Struct, frozen=True, kw_only=True):
    """Who a verified assertion says its bearer is, and what it asks for."""

    provider: SamlProvider
    issuer: str
    subject: str
    subject_type: str
    audience: str
    """The recipient it was sent to, which is what AWS calls so."""
    name_qualifier: str
    session_name: str
    source_identity: str
    tags: Mapping[str, str]
    transitive: tuple[str, ...]
    session_until: datetime | None
    context: Mapping[str, tuple[str, ...]]
    """The provider's condition keys, such as `saml:sub`."""


def verify_saml(iam: Iam, provider_arn: str, role_arn: str, encoded: str, now: datetime) -> SamlIdentity:
    """The bearer of an assertion, by steps 1 to 7. Raises InvalidIdentityToken, ExpiredIdentityToken, AccessDenied."""
    provider = iam.saml_provider(provider_arn)
    if provider is None:  # 1
        raise InvalidIdentityToken("Specified provider doesn't exist")
    metadata = _metadata(provider.metadata)
    assertion = read_assertion(signed_assertion(encoded, metadata))  # 2
    if assertion.issuer != metadata.entity_id:  # 3
        raise InvalidIdentityToken("Issuer not present in specified provider")
    _check_meant(assertion)  # 4
    _check_time(assertion, now)  # 5
    identity = _identity(provider, assertion)  # 6
    if not _pairs(assertion, role_arn, provider_arn):  # 7
        raise AccessDenied(
            f"Not authorized to perform {ACTION}", private="the assertion does not name this role and provider"
        )
    return identity


@lru_cache(maxsize=64)
def _metadata(text: str) -> SamlMetadata:
    try:
        return parse_metadata(text)
    except BadMetadata as problem:  # registered before metadata were read as closely
        raise InvalidIdentityToken("Response signature invalid", private=f"metadata: {problem}") from problem


def _check_meant(assertion: Assertion) -> None:
    for audiences in assertion.audiences:
        if not any(_AUDIENCE.fullmatch(audience) for audience in audiences):
            raise InvalidIdentityToken("Response does not contain the required audience")
    if not assertion.audiences:
        raise InvalidIdentityToken("Response does not contain the required audience", private="there is no restriction")
    if not _RECIPIENT.fullmatch(assertion.recipient):
        raise InvalidIdentityToken("Response does not contain the required audience", private="another recipient")


def _check_time(assertion: Assertion, now: datetime) -> None:
    starts = [assertion.issued_at, *([assertion.not_before] if assertion.not_before is not None else [])]
    if now + _SKEW < max(starts):
        raise InvalidIdentityToken("Token is not yet valid", private="issued, or good from, a later time")
    if now >= assertion.issued_at + _FRESH:
        raise ExpiredIdentityToken("Token must be redeemed within 5 minutes of issuance")
    ends = [assertion.confirmed_until]
    ends += [end for end in (assertion.not_on_or_after, assertion.session_until) if end is not None]
    if now >= min(ends):
        raise ExpiredIdentityToken("Token is expired")


def _identity(provider: SamlProvider, assertion: Assertion) -> SamlIdentity:
    session_name = _single(assertion, names.SESSION_NAME)
    if not session_name:
        raise InvalidIdentityToken("RoleSessionName is required in AuthnResponse")
    if not _NAME.fullmatch(session_name):
        raise InvalidIdentityToken("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    source_identity = _single(assertion, names.SOURCE_IDENTITY)
    if source_identity and (not _NAME.fullmatch(source_identity) or source_identity.startswith("aws:")):
        raise InvalidIdentityToken('Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"')
    duration = _single(assertion, names.SESSION_DURATION)
    # It bounds the console's session, not this one; a malformed one is refused all the same.
    if duration and not (duration.isdecimal() and duration.isascii() and 900 <= int(duration[:9]) <= 43_200):
        raise InvalidIdentityToken("SessionDuration must be between 900 and 43200 seconds")
    tags = {
        name.removeprefix(names.PRINCIPAL_TAG): _single(assertion, name)
        for name in assertion.attributes
        if name.startswith(names.PRINCIPAL_TAG)
    }
    subject_type = _SUBJECT_TYPES.get(assertion.subject_format, assertion.subject_format)
    doc = f"{provider.account}/{provider.name}"
    digest = hashlib.sha1(f"{assertion.issuer}{provider.account}/{provider.name}".encode(), usedforsecurity=False)
    qualifier = base64.b64encode(digest.digest()).decode()
    context: dict[str, tuple[str, ...]] = {
        "saml:aud": (assertion.recipient,),
        "saml:doc": (doc,),
        "saml:iss": (assertion.issuer,),
        "saml:namequalifier": (qualifier,),
        "saml:sub": (assertion.subject,),
        "saml:sub_type": (subject_type,),
    }
    for name, key in names.CONTEXT_KEYS.items():
        if assertion.attributes.get(name):
            context[key] = context.get(key, ()) + assertion.attributes[name]
            if key == "saml:cn":
                context["saml:commonName"] = context[key]
    return SamlIdentity(
        provider=provider,
        issuer=assertion.issuer,
        subject=assertion.subject,
        subject_type=subject_type,
        audience=assertion.recipient,
        name_qualifier=qualifier,
        session_name=session_name,
        source_identity=source_identity,
        tags=tags,
        transitive=assertion.attributes.get(names.TRANSITIVE_TAG_KEYS, ()),
        session_until=assertion.session_until,
        context=context,
    )


def _single(assertion: Assertion, name: str) -> str:
    values = assertion.attributes.get(name, ())
    if len(values) > 1:
        raise InvalidIdentityToken(f"The attribute {name[:200]} must have one value")
    return values[0] if values else ""


def _pairs(assertion: Assertion, role_arn: str, provider_arn: str) -> bool:
    """Whether a value of Role holds both ARNs, in either order."""
    wanted = sorted((role_arn, provider_arn))
    return any(
        sorted(part.strip() for part in value.split(",")) == wanted
        for value in assertion.attributes.get(names.ROLE, ())
    )
