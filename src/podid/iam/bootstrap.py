"""What a new installation needs, made once and left alone when it is there.

These do not pass the authorizer: they run before there is anybody who could be allowed. What is missing is added; nothing that a person
added is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from podid.core.caller import Call, Caller
from podid.core.clock import Clock
from podid.core.sigv4 import Credentials
from podid.iam import entities
from podid.iam.api.access_keys import create_key_row
from podid.iam.api.attachments import attach, attached_policies
from podid.iam.api.inline_policies import put_inline
from podid.iam.api.oidc_providers import create_oidc_row, issuer_of
from podid.iam.api.roles import create_role_row
from podid.iam.entities import INSTANCE_PROFILE, ROLE, USER, Kind
from podid.iam.providers import oidc_arn
from podid.iam.sealed_columns import ACCESS_KEY_SECRET
from podid.iam.state import IamState
from podid.iam.tables import ACCESS_KEYS, INLINE_POLICIES, OIDC_PROVIDERS
from podid.iam.trust import check_trust


class Bootstrap:
    def __init__(self, state: IamState, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def ensure_user(self, account: str, name: str, *, policy_arns: tuple[str, ...], inline: Mapping[str, str]) -> str:
        call = self._call(account)
        with self._state.write() as connection:
            row = entities.find(connection, USER, account, name)
            if row is None:
                row = entities.create(
                    connection, self._state, USER, account=account, name=name, path="/", now=call.now, boundary_arn=""
                )
            self._ensure_policies(connection, USER, row, policy_arns, inline, call)
            return USER.arn(self._state.partition, row)

    def ensure_access_key(self, account: str, user_name: str) -> Credentials:
        table = ACCESS_KEYS
        with self._state.write() as connection:
            user = entities.get(connection, USER, account, user_name)
            held = connection.execute(
                select(table)
                .where(table.c.user_id == user.id, table.c.active.is_(True))
                .order_by(table.c.created_at, table.c.id)
                .limit(1)
            ).one_or_none()
            if held is not None:
                secret = ACCESS_KEY_SECRET.decrypt(self._state.store.master_key, held.secret, held.id).decode()
                return Credentials(held.id, secret)
            return Credentials(*create_key_row(connection, self._state, user, self._clock()))

    def ensure_role(
        self,
        account: str,
        name: str,
        *,
        trust: str,
        policy_arns: tuple[str, ...],
        inline: Mapping[str, str],
        path: str,
        description: str,
    ) -> str:
        call = self._call(account)
        with self._state.write() as connection:
            row = entities.find(connection, ROLE, account, name)
            if row is None:
                row = create_role_row(
                    connection, self._state, call, name=name, trust=trust, path=path, description=description
                )
            else:
                text, ids = check_trust(connection, trust, self._state.partition)
                entities.change(connection, ROLE, row.id, {"trust": text, "trust_ids": ids})
            self._ensure_policies(connection, ROLE, row, policy_arns, inline, call)
            return ROLE.arn(self._state.partition, row)

    def ensure_instance_profile(self, account: str, name: str, *, role_name: str) -> str:
        with self._state.write() as connection:
            role = entities.get(connection, ROLE, account, role_name)
            row = entities.find(connection, INSTANCE_PROFILE, account, name)
            if row is None:
                row = entities.create(
                    connection,
                    self._state,
                    INSTANCE_PROFILE,
                    account=account,
                    name=name,
                    path="/",
                    now=self._clock(),
                    role_id=role.id,
                )
            elif row.role_id != role.id:
                entities.change(connection, INSTANCE_PROFILE, row.id, {"role_id": role.id})
            return INSTANCE_PROFILE.arn(self._state.partition, row)

    def ensure_oidc_provider(self, account: str, url: str, *, client_ids: tuple[str, ...], jwks: str) -> str:
        table = OIDC_PROVIDERS
        issuer = issuer_of(url)
        with self._state.write() as connection:
            held = select(table.c.url).where(table.c.account == account, table.c.url == issuer)
            if connection.execute(held).first() is None:
                return create_oidc_row(
                    connection, self._state, account, url, client_ids, (), jwks=jwks, now=self._clock()
                )
            connection.execute(update(table).where(table.c.account == account, table.c.url == issuer).values(jwks=jwks))
            return oidc_arn(self._state.partition, account, issuer)

    def _ensure_policies(
        self,
        connection: Connection,
        kind: Kind,
        owner: Any,
        policy_arns: tuple[str, ...],
        inline: Mapping[str, str],
        call: Call,
    ) -> None:
        attached = {item["PolicyArn"] for item in attached_policies(connection, owner.id)}
        for arn in policy_arns:
            if arn not in attached:
                attach(connection, self._state, kind, owner, arn, call)
        table = INLINE_POLICIES
        held = {row.name: row.document for row in connection.execute(select(table).where(table.c.owner_id == owner.id))}
        for name, document in inline.items():
            if held.get(name) != document:
                put_inline(connection, kind, owner, name, document)

    def _call(self, account: str) -> Call:
        """A call of podid's own: only its account and time are looked at."""
        return Call(
            caller=Caller(kind="service", service="podid"),
            account=account,
            region="us-east-1",
            partition=self._state.partition,
            now=self._clock(),
            request_id="",
            service="iam",
            operation="",
        )
