"""SAML providers: whose assertions AssumeRoleWithSAML takes, signed and in the clear."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from podid.core.caller import Call, Output
from podid.core.errors import NotImplementedHere
from podid.core.operations import operation
from podid.iam.errors import EntityAlreadyExists, InvalidInput, NoSuchEntity, over_quota
from podid.iam.providers import get_saml, saml_arn
from podid.iam.saml_metadata import BadMetadata, SamlMetadata, parse_metadata
from podid.iam.state import IamState
from podid.iam.tables import SAML_PROVIDERS
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_all_tags, tags_of, with_tags

PER_ACCOUNT = 100
_VALIDITY = timedelta(days=36_500)
"""Metadata that state no end are good for a hundred years, as IAM has it."""


class SamlProviders:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateSAMLProvider")
    def create_saml_provider(
        self,
        call: Call,
        *,
        name: str,
        saml_metadata_document: str,
        tags: WireTags | None = None,
        assertion_encryption_mode: str | None = None,
        add_private_key: str | None = None,
        context_provider: Mapping[str, Any] | None = None,
        identity_center_instance_arn: str | None = None,
    ) -> Output:
        table = SAML_PROVIDERS
        given = read_tags(tags)
        _refuse_encryption(assertion_encryption_mode, add_private_key)
        refuse_identity_center(context_provider, identity_center_instance_arn)
        metadata = _read_metadata(saml_metadata_document)
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
                    valid_until=metadata.valid_until or created_at + _VALIDITY,
                )
            )
            arn = saml_arn(self._state.partition, call.account, name)
            add_tags(connection, arn, given)
            return with_tags({"SAMLProviderArn": arn}, given)

    @operation("GetSAMLProvider")
    def get_saml_provider(self, call: Call, *, saml_provider_arn: str) -> Output:
        with self._state.read() as connection:
            row = get_saml(connection, call.account, saml_provider_arn)
            shown = {"SAMLProviderUUID": _uuid(row), "SAMLMetadataDocument": row.metadata, **_dates(row)}
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
    def update_saml_provider(
        self,
        call: Call,
        *,
        saml_provider_arn: str,
        saml_metadata_document: str | None = None,
        assertion_encryption_mode: str | None = None,
        add_private_key: str | None = None,
        remove_private_key: str | None = None,
        context_provider: Mapping[str, Any] | None = None,
        identity_center_instance_arn: str | None = None,
        remove_context_provider: bool | None = None,
        remove_identity_center_instance: bool | None = None,
    ) -> Output:
        table = SAML_PROVIDERS
        _refuse_encryption(assertion_encryption_mode, add_private_key)
        refuse_identity_center(context_provider, identity_center_instance_arn)
        if remove_private_key is not None:
            raise NoSuchEntity(f"The private key {remove_private_key} cannot be found.")
        if remove_context_provider or remove_identity_center_instance:
            raise InvalidInput("There is no trusted identity propagation on this provider that could be removed.")
        if saml_metadata_document is None:
            raise InvalidInput(
                "Unable to update identity provider. No updates are defined for metadata or encryption assertion."
            )
        metadata = _read_metadata(saml_metadata_document)
        until = metadata.valid_until or call.now.replace(microsecond=0) + _VALIDITY
        with self._state.write() as connection:
            row = get_saml(connection, call.account, saml_provider_arn)
            connection.execute(
                update(table)
                .where(table.c.account == row.account, table.c.name == row.name)
                .values(metadata=saml_metadata_document, valid_until=until)
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


def _read_metadata(document: str) -> SamlMetadata:
    try:
        return parse_metadata(document)
    except BadMetadata as problem:
        raise InvalidInput("Could not parse metadata", private=str(problem)) from problem


def _refuse_encryption(mode: str | None, key: str | None) -> None:
    if mode is not None or key is not None:
        raise NotImplementedHere(
            "podid does not decrypt SAML assertions: have the identity provider send them in the clear."
        )


def refuse_identity_center(provider: object, instance: object) -> None:
    """Raise NotImplementedHere for what trusted identity propagation needs."""
    if provider is not None or instance is not None:
        raise NotImplementedHere("podid has no IAM Identity Center, and no trusted identity propagation.")


def _uuid(row: Any) -> str:
    """32 capitals and digits that name this provider and not a later one of the same name."""
    digest = hashlib.sha256(f"{row.account}/{row.name}/{row.created_at.isoformat()}".encode()).digest()
    return base64.b32encode(digest).decode()[:32]


def _dates(row: Any) -> Output:
    return {"ValidUntil": row.valid_until, "CreateDate": row.created_at}
