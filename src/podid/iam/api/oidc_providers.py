"""OpenID Connect providers: whose tokens AssumeRoleWithWebIdentity takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, func, insert, select, update

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam.api.saml_providers import refuse_identity_center
from podid.iam.errors import EntityAlreadyExists, InvalidInput, ValidationError, over_quota
from podid.iam.providers import as_text, get_oidc, oidc_arn
from podid.iam.state import IamState
from podid.iam.tables import OIDC_PROVIDERS
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_all_tags, tags_of, with_tags

PER_ACCOUNT = 100
CLIENT_IDS = 100
THUMBPRINTS = 5
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)


class OidcProviders:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateOpenIDConnectProvider")
    def create_open_id_connect_provider(
        self,
        call: Call,
        *,
        url: str,
        client_id_list: Sequence[str] = (),
        thumbprint_list: Sequence[str] = (),
        tags: WireTags | None = None,
        context_provider: Mapping[str, Any] | None = None,
        identity_center_instance_arn: str | None = None,
    ) -> Output:
        refuse_identity_center(context_provider, identity_center_instance_arn)
        given = read_tags(tags)
        with self._state.write() as connection:
            arn = create_oidc_row(
                connection, self._state, call.account, url, client_id_list, thumbprint_list, jwks="", now=call.now
            )
            add_tags(connection, arn, given)
            return with_tags({"OpenIDConnectProviderArn": arn}, given)

    @operation("GetOpenIDConnectProvider")
    def get_open_id_connect_provider(self, call: Call, *, open_id_connect_provider_arn: str) -> Output:
        with self._state.read() as connection:
            row = get_oidc(connection, call.account, open_id_connect_provider_arn)
            return with_tags(
                {
                    "Url": row.url,
                    "ClientIDList": json.loads(row.client_ids),
                    "ThumbprintList": json.loads(row.thumbprints),
                    "CreateDate": row.created_at,
                },
                tags_of(connection, open_id_connect_provider_arn),
            )

    @operation("ListOpenIDConnectProviders")
    def list_open_id_connect_providers(self, call: Call) -> Output:
        table = OIDC_PROVIDERS
        with self._state.read() as connection:
            urls = connection.execute(
                select(table.c.url).where(table.c.account == call.account).order_by(table.c.url)
            ).scalars()
            arns = [oidc_arn(self._state.partition, call.account, url) for url in urls]
        return {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]}

    @operation("DeleteOpenIDConnectProvider")
    def delete_open_id_connect_provider(self, call: Call, *, open_id_connect_provider_arn: str) -> Output:
        table = OIDC_PROVIDERS
        with self._state.write() as connection:
            row = get_oidc(connection, call.account, open_id_connect_provider_arn)
            remove_all_tags(connection, open_id_connect_provider_arn)
            connection.execute(delete(table).where(table.c.account == row.account, table.c.url == row.url))
            return {}

    @operation("AddClientIDToOpenIDConnectProvider")
    def add_client_id_to_open_id_connect_provider(
        self, call: Call, *, open_id_connect_provider_arn: str, client_id: str
    ) -> Output:
        with self._state.write() as connection:
            row = get_oidc(connection, call.account, open_id_connect_provider_arn)
            held = json.loads(row.client_ids)
            if client_id not in held:
                _set(connection, row, client_ids=as_text(_check_client_ids([*held, client_id])))
            return {}

    @operation("RemoveClientIDFromOpenIDConnectProvider")
    def remove_client_id_from_open_id_connect_provider(
        self, call: Call, *, open_id_connect_provider_arn: str, client_id: str
    ) -> Output:
        with self._state.write() as connection:
            row = get_oidc(connection, call.account, open_id_connect_provider_arn)
            kept = [held for held in json.loads(row.client_ids) if held != client_id]
            _set(connection, row, client_ids=as_text(kept))
            return {}

    @operation("UpdateOpenIDConnectProviderThumbprint")
    def update_open_id_connect_provider_thumbprint(
        self, call: Call, *, open_id_connect_provider_arn: str, thumbprint_list: Sequence[str]
    ) -> Output:
        if not thumbprint_list:
            raise InvalidInput("Thumbprint list must contain at least one entry.")
        with self._state.write() as connection:
            row = get_oidc(connection, call.account, open_id_connect_provider_arn)
            _set(connection, row, thumbprints=as_text(_check_thumbprints(thumbprint_list)))
            return {}

    @operation("UpdateOpenIDConnectProvider")
    def update_open_id_connect_provider(
        self,
        call: Call,
        *,
        open_id_connect_provider_arn: str,
        context_provider: Mapping[str, Any] | None = None,
        identity_center_instance_arn: str | None = None,
        remove_context_provider: bool | None = None,
        remove_identity_center_instance: bool | None = None,
    ) -> Output:
        """All that it could change belongs to trusted identity propagation."""
        refuse_identity_center(context_provider, identity_center_instance_arn)
        with self._state.read() as connection:
            get_oidc(connection, call.account, open_id_connect_provider_arn)
        raise InvalidInput("There is no trusted identity propagation on this provider that could be removed.")


def create_oidc_row(
    connection: Connection,
    state: IamState,
    account: str,
    url: str,
    client_ids: Sequence[str],
    thumbprints: Sequence[str],
    *,
    jwks: str,
    now: datetime,
) -> str:
    """Check and insert a provider; answers its ARN. Raises what CreateOpenIDConnectProvider does."""
    table = OIDC_PROVIDERS
    issuer = issuer_of(url)
    taken = select(table.c.url).where(table.c.account == account, table.c.url == issuer)
    if connection.execute(taken).first() is not None:
        raise EntityAlreadyExists(f"Provider with url https://{issuer} already exists.")
    held = select(func.count()).select_from(table).where(table.c.account == account)
    if connection.execute(held).scalar_one() >= PER_ACCOUNT:
        raise over_quota("OpenIdConnectProvidersPerAccount", PER_ACCOUNT)
    connection.execute(
        insert(table).values(
            account=account,
            url=issuer,
            client_ids=as_text(_check_client_ids(client_ids)),
            thumbprints=as_text(_check_thumbprints(thumbprints)),
            jwks=jwks,
            created_at=now.replace(microsecond=0),
        )
    )
    return oidc_arn(state.partition, account, issuer)


def issuer_of(url: str) -> str:
    """An issuer's URL as a provider is named: without scheme and trailing slash. Raises ValidationError for what is no https URL."""
    try:
        parts = urlsplit(url)
        valid = (
            parts.scheme == "https"
            and bool(parts.hostname)
            and not parts.query
            and not parts.fragment
            and "@" not in parts.netloc
        )
    except ValueError:
        valid = False
    if not valid:
        raise ValidationError("Invalid Open ID Connect Provider URL")
    return url.removeprefix("https://").rstrip("/")


def _check_client_ids(client_ids: Sequence[str]) -> list[str]:
    distinct = list(dict.fromkeys(client_ids))
    if len(distinct) > CLIENT_IDS:
        raise over_quota("ClientIdsPerOpenIdConnectProvider", CLIENT_IDS)
    return distinct


def _check_thumbprints(thumbprints: Sequence[str]) -> list[str]:
    if len(thumbprints) > THUMBPRINTS:
        raise InvalidInput(f"Thumbprint list must contain fewer than {THUMBPRINTS} entries.")
    for thumbprint in thumbprints:
        if not _THUMBPRINT.fullmatch(thumbprint):
            raise InvalidInput("A thumbprint is the SHA-1 hash of a certificate, in 40 hexadecimal digits.")
    return list(thumbprints)


def _set(connection: Connection, row: Any, **columns: str) -> None:
    table = OIDC_PROVIDERS
    connection.execute(update(table).where(table.c.account == row.account, table.c.url == row.url).values(**columns))
