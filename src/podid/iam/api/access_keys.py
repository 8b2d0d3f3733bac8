"""Access keys of users: two a user, secrets shown once and kept encrypted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from podid.core.caller import Call, Output
from podid.core.ids import secret_access_key
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.users import name_or_own
from podid.iam.entities import USER
from podid.iam.errors import InvalidInput, NoSuchEntity, over_quota
from podid.iam.key_ids import new_access_key_id
from podid.iam.key_uses import KeyUses
from podid.iam.paging import page, select_page
from podid.iam.sealed_columns import ACCESS_KEY_SECRET
from podid.iam.state import IamState
from podid.iam.tables import ACCESS_KEYS

PER_USER = 2


class AccessKeys:
    def __init__(self, state: IamState, uses: KeyUses) -> None:
        self._state = state
        self._uses = uses

    @operation("CreateAccessKey")
    def create_access_key(self, call: Call, *, user_name: str | None = None) -> Output:
        with self._state.write() as connection:
            user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
            key_id, secret = create_key_row(connection, self._state, user, call.now)
            return {
                "AccessKey": {
                    "UserName": user.name,
                    "AccessKeyId": key_id,
                    "Status": "Active",
                    "SecretAccessKey": secret,
                    "CreateDate": call.now.replace(microsecond=0),
                }
            }

    @operation("ListAccessKeys")
    def list_access_keys(
        self, call: Call, *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        table = ACCESS_KEYS
        with self._state.read() as connection:
            user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
            query = select(table).where(table.c.user_id == user.id)
            rows, more = select_page(connection, page("ListAccessKeys", marker, max_items), query, table.c.id)
            return {
                "AccessKeyMetadata": [
                    {
                        "UserName": user.name,
                        "AccessKeyId": row.id,
                        "Status": _status(row.active),
                        "CreateDate": row.created_at,
                    }
                    for row in rows
                ],
                **more,
            }

    @operation("UpdateAccessKey")
    def update_access_key(self, call: Call, *, access_key_id: str, status: str, user_name: str | None = None) -> Output:
        if status not in ("Active", "Inactive"):
            raise InvalidInput(f"The status of an access key is Active or Inactive, not {status[:20]!r}.")
        with self._state.write() as connection:
            row = self._of_user(connection, call, user_name, access_key_id)
            table = ACCESS_KEYS
            connection.execute(update(table).where(table.c.id == row.id).values(active=status == "Active"))
            return {}

    @operation("DeleteAccessKey")
    def delete_access_key(self, call: Call, *, access_key_id: str, user_name: str | None = None) -> Output:
        with self._state.write() as connection:
            row = self._of_user(connection, call, user_name, access_key_id)
            connection.execute(delete(ACCESS_KEYS).where(ACCESS_KEYS.c.id == row.id))
            return {}

    @operation("GetAccessKeyLastUsed")
    def get_access_key_last_used(self, call: Call, *, access_key_id: str) -> Output:
        self._uses.flush()
        with self._state.read() as connection:
            table = ACCESS_KEYS
            row = connection.execute(
                select(table).where(table.c.id == access_key_id, table.c.account == call.account)
            ).one_or_none()
            if row is None:
                raise _missing(access_key_id)
            user = entities.by_id(connection, USER, row.user_id)
            assert user is not None  # a foreign key
            return {"UserName": user.name, "AccessKeyLastUsed": shown_use(row)}

    def _of_user(self, connection: Connection, call: Call, user_name: str | None, access_key_id: str) -> Row[Any]:
        user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
        table = ACCESS_KEYS
        row = connection.execute(
            select(table).where(table.c.id == access_key_id, table.c.user_id == user.id)
        ).one_or_none()
        if row is None:
            raise _missing(access_key_id)
        return row


def create_key_row(connection: Connection, state: IamState, user: Any, now: datetime) -> tuple[str, str]:
    """Make a key for a user: its id and its secret. Raises LimitExceeded at two."""
    table = ACCESS_KEYS
    held = connection.execute(select(table.c.id).where(table.c.user_id == user.id)).all()
    if len(held) >= PER_USER:
        raise over_quota("AccessKeysPerUser", PER_USER)
    key_id = new_access_key_id("AKIA", user.account, state.random)
    secret = secret_access_key(state.random)
    connection.execute(
        insert(table).values(
            id=key_id,
            account=user.account,
            user_id=user.id,
            secret=ACCESS_KEY_SECRET.encrypt(state.store.master_key, secret.encode(), key_id),
            active=True,
            created_at=now.replace(microsecond=0),
        )
    )
    return key_id, secret


def shown_use(row: Any) -> Output:
    """When and where a key was last used; N/A where it never was."""
    if row.last_used_at is None:
        return {"ServiceName": "N/A", "Region": "N/A"}
    return {"LastUsedDate": row.last_used_at, "ServiceName": row.last_used_service, "Region": row.last_used_region}


def _status(active: bool) -> str:
    return "Active" if active else "Inactive"


def _missing(access_key_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"The Access Key with id {access_key_id} cannot be found.")
