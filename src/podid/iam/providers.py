"""Identity providers by ARN: who may vouch for callers that are no users of the account."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, Connection, Row, select

from podid.iam.errors import InvalidInput, NoSuchEntity
from podid.iam.tables import OIDC_PROVIDERS, SAML_PROVIDERS

_OIDC_ARN = re.compile(r"arn:[a-z-]+:iam::(\d{12}):oidc-provider/(.+)", re.ASCII)
_SAML_ARN = re.compile(r"arn:[a-z-]+:iam::(\d{12}):saml-provider/([\w._-]+)", re.ASCII)


class OidcProvider(Struct, frozen=True, kw_only=True):
    """An OpenID Connect provider. `url` is the issuer without https://, as trust policies and condition keys name it."""

    account: str
    url: str
    arn: str
    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...]
    jwks: str
    """Its keys as given at registration, an extension; empty where they are fetched from the issuer."""
    created_at: datetime


class SamlProvider(Struct, frozen=True, kw_only=True):
    """A SAML provider: its ARN, and the metadata document it was registered with."""

    account: str
    name: str
    arn: str
    metadata: str


def oidc_arn(partition: str, account: str, url: str) -> str:
    return f"arn:{partition}:iam::{account}:oidc-provider/{url}"


def saml_arn(partition: str, account: str, name: str) -> str:
    return f"arn:{partition}:iam::{account}:saml-provider/{name}"


def get_oidc(connection: Connection, account: str, arn: str) -> Row[Any]:
    """The provider's row. Raises InvalidInput, NoSuchEntity."""
    return _get(connection, OIDC_PROVIDERS.c.url, _OIDC_ARN, account, arn, "OpenIDConnect Provider")


def get_saml(connection: Connection, account: str, arn: str) -> Row[Any]:
    """The provider's row. Raises InvalidInput, NoSuchEntity."""
    return _get(connection, SAML_PROVIDERS.c.name, _SAML_ARN, account, arn, "Manifest")


def _get(
    connection: Connection, named: Column[str], pattern: re.Pattern[str], account: str, arn: str, kind: str
) -> Row[Any]:
    parsed = pattern.fullmatch(arn)
    if parsed is None:
        raise InvalidInput(f"Invalid ARN: {arn}")
    table = named.table
    row = None
    if parsed.group(1) == account:
        row = connection.execute(
            select(table).where(table.c.account == account, named == parsed.group(2))
        ).one_or_none()
    if row is None:
        raise NoSuchEntity(f"{kind} not found for arn {arn}")
    return row


def load_oidc(connection: Connection, account: str, url: str, partition: str) -> OidcProvider | None:
    """The provider for an issuer, or None."""
    table = OIDC_PROVIDERS
    row = connection.execute(select(table).where(table.c.account == account, table.c.url == url)).one_or_none()
    if row is None:
        return None
    return OidcProvider(
        account=row.account,
        url=row.url,
        arn=oidc_arn(partition, row.account, row.url),
        client_ids=tuple(json.loads(row.client_ids)),
        thumbprints=tuple(json.loads(row.thumbprints)),
        jwks=row.jwks,
        created_at=row.created_at,
    )


def load_saml(connection: Connection, arn: str) -> SamlProvider | None:
    """The SAML provider with exactly this ARN, or None."""
    parsed = _SAML_ARN.fullmatch(arn)
    if parsed is None:
        return None
    table = SAML_PROVIDERS
    row = connection.execute(
        select(table).where(table.c.account == parsed.group(1), table.c.name == parsed.group(2))
    ).one_or_none()
    return None if row is None else SamlProvider(account=row.account, name=row.name, arn=arn, metadata=row.metadata)


def as_text(values: Sequence[str]) -> str:
    """A list of strings as its column holds it."""
    return json.dumps(list(values))
