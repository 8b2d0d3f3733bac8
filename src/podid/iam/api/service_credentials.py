"""Service-specific credentials: user names and passwords, or API keys, for the few services that want such.

The secret is made here, shown once and kept as a hash; with 256 random bits in it a plain one is enough. No service here takes one.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from podid.core.caller import Call, Output
from podid.core.ids import RandomBytes, unique_id
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.users import name_or_own
from podid.iam.entities import USER
from podid.iam.errors import InvalidInput, NoSuchEntity, NotSupportedService, over_quota
from podid.iam.paging import page, select_page
from podid.iam.state import IamState
from podid.iam.statuses import is_active, shown_status
from podid.iam.tables import SERVICE_CREDENTIALS, USERS

PER_SERVICE = 2
_PASSWORDS: Final = frozenset({"cassandra.amazonaws.com", "codecommit.amazonaws.com"})
_API_KEYS: Final = frozenset({"bedrock.amazonaws.com"})
_BYTES = 32


class ServiceCredentials:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateServiceSpecificCredential")
    def create_service_specific_credential(
        self, call: Call, *, user_name: str, service_name: str, credential_age_days: int | None = None
    ) -> Output:
        _check_service(service_name)
        if credential_age_days is not None and service_name not in _API_KEYS:
            raise InvalidInput(f"Credentials of {service_name} do not expire: CredentialAgeDays cannot be given.")
        table = SERVICE_CREDENTIALS
        now = call.now.replace(microsecond=0)
        secret = _secret(self._state.random)
        with self._state.write() as connection:
            user = entities.get(connection, USER, call.account, user_name)
            held = connection.execute(
                select(table.c.alias).where(table.c.user_id == user.id, table.c.service == service_name)
            ).scalars()
            taken = set(held)
            if len(taken) >= PER_SERVICE:
                raise over_quota("ServiceSpecificCredentialsPerUser", PER_SERVICE)
            names = (f"{user.name}{middle}-at-{call.account}" for middle in ("", "+1"))
            identity = unique_id("ACCA", self._state.random)
            connection.execute(
                insert(table).values(
                    id=identity,
                    user_id=user.id,
                    service=service_name,
                    alias=next(name for name in names if name not in taken),
                    secret_hash=_hash(secret),
                    active=True,
                    created_at=now,
                    expires_at=None if credential_age_days is None else now + timedelta(days=credential_age_days),
                )
            )
            row = connection.execute(select(table).where(table.c.id == identity)).one()
            return {"ServiceSpecificCredential": _with_secret(user.name, row, secret, call.now)}

    @operation("ListServiceSpecificCredentials")
    def list_service_specific_credentials(
        self,
        call: Call,
        *,
        user_name: str | None = None,
        service_name: str | None = None,
        all_users: bool = False,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        if service_name is not None:
            _check_service(service_name)
        if all_users and user_name is not None:
            raise InvalidInput("UserName and AllUsers cannot be given together.")
        table = SERVICE_CREDENTIALS
        with self._state.read() as connection:
            query = select(table, USERS.c.name).join(USERS, USERS.c.id == table.c.user_id)
            if all_users:
                query = query.where(USERS.c.account == call.account)
            else:
                user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
                query = query.where(table.c.user_id == user.id)
            if service_name is not None:
                query = query.where(table.c.service == service_name)
            position = page("ListServiceSpecificCredentials", marker, max_items)
            rows, more = select_page(connection, position, query, table.c.id)
        return {"ServiceSpecificCredentials": [_shown(row.name, row, call.now) for row in rows], **more}

    @operation("UpdateServiceSpecificCredential")
    def update_service_specific_credential(
        self, call: Call, *, service_specific_credential_id: str, status: str, user_name: str | None = None
    ) -> Output:
        active = is_active(status)
        with self._state.write() as connection:
            _, row = _of_user(connection, call, user_name, service_specific_credential_id)
            _change(connection, row, active=active)
            return {}

    @operation("ResetServiceSpecificCredential")
    def reset_service_specific_credential(
        self, call: Call, *, service_specific_credential_id: str, user_name: str | None = None
    ) -> Output:
        secret = _secret(self._state.random)
        with self._state.write() as connection:
            user, row = _of_user(connection, call, user_name, service_specific_credential_id)
            _change(connection, row, secret_hash=_hash(secret))
            return {"ServiceSpecificCredential": _with_secret(user.name, row, secret, call.now)}

    @operation("DeleteServiceSpecificCredential")
    def delete_service_specific_credential(
        self, call: Call, *, service_specific_credential_id: str, user_name: str | None = None
    ) -> Output:
        with self._state.write() as connection:
            _, row = _of_user(connection, call, user_name, service_specific_credential_id)
            connection.execute(delete(SERVICE_CREDENTIALS).where(SERVICE_CREDENTIALS.c.id == row.id))
            return {}


def _check_service(name: str) -> None:
    if name not in _PASSWORDS | _API_KEYS:
        raise NotSupportedService(f"The service {name[:100]} does not support service-specific credentials.")


def _of_user(connection: Connection, call: Call, user_name: str | None, identity: str) -> tuple[Any, Any]:
    user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
    table = SERVICE_CREDENTIALS
    row = connection.execute(select(table).where(table.c.id == identity, table.c.user_id == user.id)).one_or_none()
    if row is None:
        raise NoSuchEntity(f"No such credential {identity} exists")
    return user, row


def _change(connection: Connection, row: Any, **columns: object) -> None:
    connection.execute(update(SERVICE_CREDENTIALS).where(SERVICE_CREDENTIALS.c.id == row.id).values(**columns))


def _secret(random: RandomBytes) -> str:
    return base64.b64encode(random(_BYTES)).decode()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _shown(name: str, row: Any, now: datetime) -> Output:
    expired = row.expires_at is not None and now >= row.expires_at
    shown: Output = {
        "UserName": name,
        "Status": "Expired" if expired else shown_status(row.active),
        "CreateDate": row.created_at,
        "ServiceSpecificCredentialId": row.id,
        "ServiceName": row.service,
        "ServiceCredentialAlias" if row.service in _API_KEYS else "ServiceUserName": row.alias,
    }
    if row.expires_at is not None:
        shown["ExpirationDate"] = row.expires_at
    return shown


def _with_secret(name: str, row: Any, secret: str, now: datetime) -> Output:
    member = "ServiceCredentialSecret" if row.service in _API_KEYS else "ServicePassword"
    return {**_shown(name, row, now), member: secret}
