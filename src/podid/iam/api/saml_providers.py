"""SAML providers, kept as registered. Their assertions are not taken yet: AssumeRoleWithSAML says so."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam.errors import EntityAlreadyExists, InvalidInput, over_quota
from podid.iam.providers import get_saml, saml_arn
from podid.iam.state import IamState
from podid.iam.tables import SAML_PROVIDERS
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_all_tags, tags_of, with_tags

PER_ACCOUNT = 100
_VALIDITY = timedelta(days=36_500)
"""Metadata that state no end are good for a hundred years, as IAM has it."""

_DESCRIPTOR = re.compile(r"<(?:[\w.-]+:)?EntityDescriptor\b[^>]*\bentityID\s*=\s*[\"'][^\"']+[\"']")


class SamlProviders:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateSAMLProvider")
    def create_saml_provider(
        self, call: Call, *, name: str, saml_metadata_document: str, tags: WireTags | None = None
    ) -> Output:
        table = SAML_PROVIDERS
        given = read_tags(tags)
        _check_metadata(saml_metadata_document)
        with self._state.write() as connection:
            taken = select(table.c.name).where(table.c.account == call.account, table.c.name == name)
            if connection.execute(taken).first() is not None:
                raise EntityAlreadyExists(f"SAML provider {name} already exists.")
            held = select(func.count()).select_from(table).where(table.c.account == call.account)
            if connection.execute(held).scalar_one() >= PER_ACCOUNT:
                raise over_quota("SAMLProvidersPerAccount", PER_ACCOUNT)
            created_at = call.now.replace(microsecond=0)
            connection.execute(
                insert(table).values(
                    account=call.account,
                    name=name,
                    metadata=saml_metadata_document,
                    created_at=created_at,
                    valid_until=_valid_until(created_at),
                )
            )
            arn = saml_arn(self._state.partition, call.account, name)
            add_tags(connection, arn, given)
            return with_tags({"SAMLProviderArn": arn}, given)

    @operation("GetSAMLProvider")
    def get_saml_provider(self, call: Call, *, saml_provider_arn: str) -> Output:
        with self._state.read() as connection:
            row = get_saml(connection, call.account, saml_provider_arn)
            shown = {"SAMLMetadataDocument": row.metadata, **_dates(row)}
            return with_tags(shown, tags_of(connection, saml_provider_arn))

    @operation("ListSAMLProviders")
    def list_saml_providers(self, call: Call) -> Output:
        table = SAML_PROVIDERS
        with self._state.read() as connection:
            rows = connection.execute(select(table).where(table.c.account == call.account).order_by(table.c.name)).all()
        return {
            "SAMLProviderList": [
                {"Arn": saml_arn(self._state.partition, call.account, row.name), **_dates(row)} for row in rows
            ]
        }

    @operation("UpdateSAMLProvider")
    def update_saml_provider(self, call: Call, *, saml_provider_arn: str, saml_metadata_document: str = "") -> Output:
        table = SAML_PROVIDERS
        if saml_metadata_document:
            _check_metadata(saml_metadata_document)
        with self._state.write() as connection:
            row = get_saml(connection, call.account, saml_provider_arn)
            if saml_metadata_document:
                connection.execute(
                    update(table)
                    .where(table.c.account == row.account, table.c.name == row.name)
                    .values(metadata=saml_metadata_document, valid_until=_valid_until(call.now.replace(microsecond=0)))
                )
            return {"SAMLProviderArn": saml_provider_arn}

    @operation("DeleteSAMLProvider")
    def delete_saml_provider(self, call: Call, *, saml_provider_arn: str) -> Output:
        table = SAML_PROVIDERS
        with self._state.write() as connection:
            row = get_saml(connection, call.account, saml_provider_arn)
            remove_all_tags(connection, saml_provider_arn)
            connection.execute(delete(table).where(table.c.account == row.account, table.c.name == row.name))
            return {}


def _check_metadata(document: str) -> None:
    if not _DESCRIPTOR.search(document):
        raise InvalidInput("Could not parse metadata")


def _valid_until(now: datetime) -> datetime:
    return now + _VALIDITY


def _dates(row: Any) -> Output:
    return {"ValidUntil": row.valid_until, "CreateDate": row.created_at}
