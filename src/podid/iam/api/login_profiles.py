"""Login profiles: a user's password for the console, which podid does not have. It keeps and checks them as IAM does.

A password is derived outside of any transaction; where the profile changed meanwhile, ConcurrentModification says so.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from podid.core.caller import Call, Output
from podid.core.errors import AccessDenied
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.accounts import account_row, password_policy
from podid.iam.api.users import name_or_own
from podid.iam.entities import USER
from podid.iam.errors import (
    ConcurrentModification,
    EntityAlreadyExists,
    InvalidInput,
    InvalidUserType,
    NoSuchEntity,
    PasswordPolicyViolation,
    ValidationError,
)
from podid.iam.passwords import check_password, hash_password, same_hash
from podid.iam.state import IamState
from podid.iam.tables import LOGIN_PROFILES

_KEPT = 24
"""Earlier passwords: the most that a policy may forbid to come back."""


class LoginProfiles:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateLoginProfile")
    def create_login_profile(
        self,
        call: Call,
        *,
        user_name: str | None = None,
        password: str | None = None,
        password_reset_required: bool = False,
        max_signin_session_duration: int | None = None,
    ) -> Output:
        name = name_or_own(call, user_name)
        if password is None:
            raise ValidationError("A password must be given: there is no root user here whose old one could come back.")
        with self._state.read() as connection:
            user = entities.get(connection, USER, call.account, name)
            _refuse_profile(connection, user)
            self._check(connection, call, password)
        kept = hash_password(password, self._state.random)
        now = call.now.replace(microsecond=0)
        with self._state.write() as connection:
            user = entities.get(connection, USER, call.account, name)
            _refuse_profile(connection, user)
            connection.execute(
                insert(LOGIN_PROFILES).values(
                    user_id=user.id,
                    password_hash=kept,
                    earlier_hashes="[]",
                    reset_required=password_reset_required,
                    max_signin_seconds=max_signin_session_duration,
                    created_at=now,
                    changed_at=now,
                )
            )
            return {"LoginProfile": _shown(user.name, _profile(connection, user))}

    @operation("GetLoginProfile")
    def get_login_profile(self, call: Call, *, user_name: str | None = None) -> Output:
        with self._state.read() as connection:
            user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
            return {"LoginProfile": _shown(user.name, _profile(connection, user))}

    @operation("UpdateLoginProfile")
    def update_login_profile(
        self,
        call: Call,
        *,
        user_name: str,
        password: str | None = None,
        password_reset_required: bool | None = None,
        max_signin_session_duration: int | None = None,
        reset_max_signin_session_duration: bool | None = None,
    ) -> Output:
        if max_signin_session_duration is not None and reset_max_signin_session_duration:
            raise InvalidInput("MaxSigninSessionDuration and ResetMaxSigninSessionDuration cannot be given together.")
        columns: dict[str, object] = {}
        if password_reset_required is not None:
            columns["reset_required"] = password_reset_required
        if max_signin_session_duration is not None or reset_max_signin_session_duration:
            columns["max_signin_seconds"] = max_signin_session_duration
        self._change(call, user_name, password, columns)
        return {}

    @operation("DeleteLoginProfile")
    def delete_login_profile(self, call: Call, *, user_name: str | None = None) -> Output:
        with self._state.write() as connection:
            user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
            _profile(connection, user)
            connection.execute(delete(LOGIN_PROFILES).where(LOGIN_PROFILES.c.user_id == user.id))
            return {}

    @operation("ChangePassword")
    def change_password(self, call: Call, *, old_password: str, new_password: str) -> Output:
        if call.caller.kind != "user":
            raise InvalidUserType("Only IAM users can change their own password.")
        self._change(call, call.caller.user_name, new_password, {"reset_required": False}, old_password)
        return {}

    def _change(
        self, call: Call, name: str, password: str | None, columns: dict[str, object], old: str | None = None
    ) -> None:
        with self._state.read() as connection:
            user = entities.get(connection, USER, call.account, name)
            profile = _profile(connection, user)
            if password is not None:
                self._check(connection, call, password)
            policy = password_policy(connection, call.account)
        if old is not None and not same_hash(
            hash_password(old, self._state.random, like=profile.password_hash), profile.password_hash
        ):
            raise AccessDenied("The old password is not correct.")
        if password is not None:
            kept = hash_password(password, self._state.random, like=profile.password_hash)
            earlier = [profile.password_hash, *json.loads(profile.earlier_hashes)]
            forbidden = earlier[: int((policy or {}).get("PasswordReusePrevention", 0))]
            if any(same_hash(kept, one) for one in forbidden):
                raise PasswordPolicyViolation("Password should not be one of the passwords used before")
            columns = {
                **columns,
                "password_hash": kept,
                "earlier_hashes": json.dumps(earlier[:_KEPT]),
                "changed_at": call.now.replace(microsecond=0),
            }
        if not columns:
            return
        table = LOGIN_PROFILES
        with self._state.write() as connection:
            changed = connection.execute(
                update(table)
                .where(table.c.user_id == user.id, table.c.password_hash == profile.password_hash)
                .values(**columns)
            )
            if not changed.rowcount:
                raise ConcurrentModification("The login profile was changed by another request: try again.")

    def _check(self, connection: Connection, call: Call, password: str) -> None:
        row = account_row(connection, call.account)
        names = (call.account, row.alias or "") if row is not None else (call.account,)
        check_password(password, password_policy(connection, call.account), account_names=names)


def _profile(connection: Connection, user: Any) -> Any:
    row = connection.execute(select(LOGIN_PROFILES).where(LOGIN_PROFILES.c.user_id == user.id)).one_or_none()
    if row is None:
        raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")
    return row


def _refuse_profile(connection: Connection, user: Any) -> None:
    held = select(LOGIN_PROFILES.c.user_id).where(LOGIN_PROFILES.c.user_id == user.id)
    if connection.execute(held).first() is not None:
        raise EntityAlreadyExists(f"Login Profile for user {user.name} already exists.")


def _shown(name: str, row: Any) -> Output:
    shown: Output = {"UserName": name, "CreateDate": row.created_at, "PasswordResetRequired": row.reset_required}
    if row.max_signin_seconds is not None:
        shown["MaxSigninSessionDuration"] = row.max_signin_seconds
    return shown
