"""Tags of roles, users, managed policies, instance profiles, identity providers, MFA devices and server certificates: tag, untag, list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.mfa_devices import get_device
from podid.iam.entities import INSTANCE_PROFILE, POLICY, ROLE, SERVER_CERTIFICATE, USER, Kind, by_arn
from podid.iam.errors import InvalidInput, NoSuchEntity
from podid.iam.paging import page, select_page
from podid.iam.providers import get_oidc, get_saml
from podid.iam.state import IamState
from podid.iam.tables import TAGS
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_tags, shown

_Find = Callable[[Connection], str]
"""Finds the owner of the tags, or raises NoSuchEntity."""


class Tags:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("TagRole")
    def tag_role(self, call: Call, *, role_name: str, tags: WireTags) -> Output:
        return self._tag(_named(ROLE, call, role_name), tags)

    @operation("UntagRole")
    def untag_role(self, call: Call, *, role_name: str, tag_keys: Sequence[str]) -> Output:
        return self._untag(_named(ROLE, call, role_name), tag_keys)

    @operation("ListRoleTags")
    def list_role_tags(
        self, call: Call, *, role_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_named(ROLE, call, role_name), call, marker, max_items)

    @operation("TagUser")
    def tag_user(self, call: Call, *, user_name: str, tags: WireTags) -> Output:
        return self._tag(_named(USER, call, user_name), tags)

    @operation("UntagUser")
    def untag_user(self, call: Call, *, user_name: str, tag_keys: Sequence[str]) -> Output:
        return self._untag(_named(USER, call, user_name), tag_keys)

    @operation("ListUserTags")
    def list_user_tags(
        self, call: Call, *, user_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_named(USER, call, user_name), call, marker, max_items)

    @operation("TagInstanceProfile")
    def tag_instance_profile(self, call: Call, *, instance_profile_name: str, tags: WireTags) -> Output:
        return self._tag(_named(INSTANCE_PROFILE, call, instance_profile_name), tags)

    @operation("UntagInstanceProfile")
    def untag_instance_profile(self, call: Call, *, instance_profile_name: str, tag_keys: Sequence[str]) -> Output:
        return self._untag(_named(INSTANCE_PROFILE, call, instance_profile_name), tag_keys)

    @operation("ListInstanceProfileTags")
    def list_instance_profile_tags(
        self, call: Call, *, instance_profile_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_named(INSTANCE_PROFILE, call, instance_profile_name), call, marker, max_items)

    @operation("TagPolicy")
    def tag_policy(self, call: Call, *, policy_arn: str, tags: WireTags) -> Output:
        return self._tag(_policy(call, policy_arn), tags)

    @operation("UntagPolicy")
    def untag_policy(self, call: Call, *, policy_arn: str, tag_keys: Sequence[str]) -> Output:
        return self._untag(_policy(call, policy_arn), tag_keys)

    @operation("ListPolicyTags")
    def list_policy_tags(
        self, call: Call, *, policy_arn: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_policy(call, policy_arn), call, marker, max_items)

    @operation("TagOpenIDConnectProvider")
    def tag_open_id_connect_provider(self, call: Call, *, open_id_connect_provider_arn: str, tags: WireTags) -> Output:
        return self._tag(_oidc(call, open_id_connect_provider_arn), tags)

    @operation("UntagOpenIDConnectProvider")
    def untag_open_id_connect_provider(
        self, call: Call, *, open_id_connect_provider_arn: str, tag_keys: Sequence[str]
    ) -> Output:
        return self._untag(_oidc(call, open_id_connect_provider_arn), tag_keys)

    @operation("ListOpenIDConnectProviderTags")
    def list_open_id_connect_provider_tags(
        self,
        call: Call,
        *,
        open_id_connect_provider_arn: str,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        return self._list(_oidc(call, open_id_connect_provider_arn), call, marker, max_items)

    @operation("TagSAMLProvider")
    def tag_saml_provider(self, call: Call, *, saml_provider_arn: str, tags: WireTags) -> Output:
        return self._tag(_saml(call, saml_provider_arn), tags)

    @operation("UntagSAMLProvider")
    def untag_saml_provider(self, call: Call, *, saml_provider_arn: str, tag_keys: Sequence[str]) -> Output:
        return self._untag(_saml(call, saml_provider_arn), tag_keys)

    @operation("ListSAMLProviderTags")
    def list_saml_provider_tags(
        self, call: Call, *, saml_provider_arn: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_saml(call, saml_provider_arn), call, marker, max_items)

    @operation("TagMFADevice")
    def tag_mfa_device(self, call: Call, *, serial_number: str, tags: WireTags) -> Output:
        return self._tag(_mfa_device(call, serial_number), tags)

    @operation("UntagMFADevice")
    def untag_mfa_device(self, call: Call, *, serial_number: str, tag_keys: Sequence[str]) -> Output:
        return self._untag(_mfa_device(call, serial_number), tag_keys)

    @operation("ListMFADeviceTags")
    def list_mfa_device_tags(
        self, call: Call, *, serial_number: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_mfa_device(call, serial_number), call, marker, max_items)

    @operation("TagServerCertificate")
    def tag_server_certificate(self, call: Call, *, server_certificate_name: str, tags: WireTags) -> Output:
        return self._tag(_named(SERVER_CERTIFICATE, call, server_certificate_name), tags)

    @operation("UntagServerCertificate")
    def untag_server_certificate(self, call: Call, *, server_certificate_name: str, tag_keys: Sequence[str]) -> Output:
        return self._untag(_named(SERVER_CERTIFICATE, call, server_certificate_name), tag_keys)

    @operation("ListServerCertificateTags")
    def list_server_certificate_tags(
        self, call: Call, *, server_certificate_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_named(SERVER_CERTIFICATE, call, server_certificate_name), call, marker, max_items)

    def _tag(self, find: _Find, tags: WireTags) -> Output:
        given = read_tags(tags)
        with self._state.write() as connection:
            add_tags(connection, find(connection), given)
            return {}

    def _untag(self, find: _Find, keys: Sequence[str]) -> Output:
        with self._state.write() as connection:
            remove_tags(connection, find(connection), keys)
            return {}

    def _list(self, find: _Find, call: Call, marker: str | None, max_items: int | None) -> Output:
        with self._state.read() as connection:
            query = select(TAGS).where(TAGS.c.owner_id == find(connection))
            rows, more = select_page(connection, page(call.operation, marker, max_items), query, TAGS.c.tag_key_folded)
            return {"Tags": shown({row.tag_key: row.tag_value for row in rows}), **more}


def _named(kind: Kind, call: Call, name: str) -> _Find:
    return lambda connection: str(entities.get(connection, kind, call.account, name).id)


def _policy(call: Call, arn: str) -> _Find:
    def find(connection: Connection) -> str:
        parsed = entities.parse_entity_arn(POLICY, arn)
        if parsed is None:
            raise InvalidInput(f"ARN {arn} is not valid.")
        row = by_arn(connection, POLICY, arn) if parsed[0] == call.account else None
        if row is None:
            raise NoSuchEntity(POLICY.missing.format(arn))
        return str(row.id)

    return find


def _mfa_device(call: Call, serial: str) -> _Find:
    return lambda connection: str(get_device(connection, call.account, serial).serial)


def _oidc(call: Call, arn: str) -> _Find:
    def find(connection: Connection) -> str:
        get_oidc(connection, call.account, arn)
        return arn

    return find


def _saml(call: Call, arn: str) -> _Find:
    def find(connection: Connection) -> str:
        get_saml(connection, call.account, arn)
        return arn

    return find
