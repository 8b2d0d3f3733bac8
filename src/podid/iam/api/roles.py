"""Roles: create, read, change, delete, and whom they trust."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import documents, entities
from podid.iam.boundaries import check_boundary, shown_boundary
from podid.iam.entities import ROLE
from podid.iam.errors import DeleteConflict, InvalidInput, UnmodifiableEntity, ValidationError
from podid.iam.owned import forget_uses, refuse_owned
from podid.iam.paging import page, select_page, under_path
from podid.iam.state import IamState
from podid.iam.tables import INSTANCE_PROFILES, ROLES
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_all_tags, tags_of, with_tags
from podid.iam.trust import check_trust, current_arns, trust_today

MIN_SESSION = 3600
MAX_SESSION = 43_200


class Roles:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateRole")
    def create_role(
        self,
        call: Call,
        *,
        role_name: str,
        assume_role_policy_document: str,
        path: str = "/",
        description: str = "",
        max_session_duration: int = MIN_SESSION,
        permissions_boundary: str = "",
        tags: WireTags | None = None,
        max_signin_session_duration: int | None = None,
    ) -> Output:
        if path.startswith("/aws-service-role/"):
            raise ValidationError(
                "The path /aws-service-role/ is for service-linked roles: use CreateServiceLinkedRole."
            )
        with self._state.write() as connection:
            row = create_role_row(
                connection,
                self._state,
                call,
                name=role_name,
                trust=assume_role_policy_document,
                path=path,
                description=description,
                max_session_duration=max_session_duration,
                boundary_arn=permissions_boundary,
                tags=read_tags(tags),
                max_signin_seconds=max_signin_session_duration,
            )
            return {"Role": full_role(connection, self._state, row)}

    @operation("GetRole")
    def get_role(self, call: Call, *, role_name: str) -> Output:
        with self._state.read() as connection:
            row = entities.get(connection, ROLE, call.account, role_name)
            role = full_role(connection, self._state, row)
            used = (
                {} if row.last_used_at is None else {"LastUsedDate": row.last_used_at, "Region": row.last_used_region}
            )
            return {"Role": {**role, "RoleLastUsed": used}}

    @operation("ListRoles")
    def list_roles(
        self, call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
    ) -> Output:
        with self._state.read() as connection:
            query = select(ROLES).where(ROLES.c.account == call.account, under_path(ROLES.c.path, path_prefix))
            rows, more = select_page(connection, page("ListRoles", marker, max_items), query, ROLES.c.name_key)
            return {"Roles": list_of_roles(connection, self._state, rows), **more}

    @operation("UpdateRole")
    def update_role(
        self,
        call: Call,
        *,
        role_name: str,
        description: str | None = None,
        max_session_duration: int | None = None,
        max_signin_session_duration: int | None = None,
        reset_max_signin_session_duration: bool | None = None,
    ) -> Output:
        if max_signin_session_duration is not None and reset_max_signin_session_duration:
            raise InvalidInput("MaxSigninSessionDuration and ResetMaxSigninSessionDuration cannot be given together.")
        with self._state.write() as connection:
            row = changeable_role(connection, call.account, role_name)
            columns: dict[str, object] = {}
            if description is not None:
                columns["description"] = description
            if max_session_duration is not None:
                columns["max_session_duration"] = _session(max_session_duration)
            if max_signin_session_duration is not None or reset_max_signin_session_duration:
                columns["max_signin_seconds"] = max_signin_session_duration
            entities.change(connection, ROLE, row.id, columns)
            return {}

    @operation("UpdateRoleDescription")
    def update_role_description(self, call: Call, *, role_name: str, description: str) -> Output:
        with self._state.write() as connection:
            row = changeable_role(connection, call.account, role_name)
            entities.change(connection, ROLE, row.id, {"description": description})
            row = entities.get(connection, ROLE, call.account, role_name)
            return {"Role": full_role(connection, self._state, row)}

    @operation("UpdateAssumeRolePolicy")
    def update_assume_role_policy(self, call: Call, *, role_name: str, policy_document: str) -> Output:
        with self._state.write() as connection:
            row = changeable_role(connection, call.account, role_name)
            trust, ids = check_trust(connection, policy_document, self._state.partition)
            entities.change(connection, ROLE, row.id, {"trust": trust, "trust_ids": ids})
            return {}

    @operation("DeleteRole")
    def delete_role(self, call: Call, *, role_name: str) -> Output:
        with self._state.write() as connection:
            row = changeable_role(connection, call.account, role_name)
            if connection.execute(
                select(INSTANCE_PROFILES.c.id).where(INSTANCE_PROFILES.c.role_id == row.id).limit(1)
            ).first():
                raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
            refuse_owned(connection, row.id)
            delete_role_row(connection, row.id)
            return {}

    @operation("PutRolePermissionsBoundary")
    def put_role_permissions_boundary(self, call: Call, *, role_name: str, permissions_boundary: str) -> Output:
        with self._state.write() as connection:
            row = changeable_role(connection, call.account, role_name)
            check_boundary(connection, self._state, call.account, permissions_boundary)
            entities.change(connection, ROLE, row.id, {"boundary_arn": permissions_boundary})
            return {}

    @operation("DeleteRolePermissionsBoundary")
    def delete_role_permissions_boundary(self, call: Call, *, role_name: str) -> Output:
        with self._state.write() as connection:
            row = changeable_role(connection, call.account, role_name)
            entities.change(connection, ROLE, row.id, {"boundary_arn": ""})
            return {}


def create_role_row(
    connection: Connection,
    state: IamState,
    call: Call,
    *,
    name: str,
    trust: str,
    path: str = "/",
    description: str = "",
    max_session_duration: int = MIN_SESSION,
    boundary_arn: str = "",
    tags: dict[str, str] | None = None,
    service: str = "",
    max_signin_seconds: int | None = None,
) -> Row[Any]:
    """Check and insert a role. Raises what CreateRole does."""
    entities.refuse_taken(connection, ROLE, call.account, name)
    text, ids = check_trust(connection, trust, state.partition)
    if boundary_arn:
        check_boundary(connection, state, call.account, boundary_arn)
    row = entities.create(
        connection,
        state,
        ROLE,
        account=call.account,
        name=name,
        path=path,
        now=call.now,
        trust=text,
        trust_ids=ids,
        description=description,
        max_session_duration=_session(max_session_duration),
        boundary_arn=boundary_arn,
        service=service,
        max_signin_seconds=max_signin_seconds,
    )
    add_tags(connection, row.id, tags or {})
    return row


def delete_role_row(connection: Connection, role_id: str) -> None:
    """Delete a role that nothing hangs on any more."""
    remove_all_tags(connection, role_id)
    forget_uses(connection, role_id)
    connection.execute(delete(ROLES).where(ROLES.c.id == role_id))


def changeable_role(connection: Connection, account: str, name: str) -> Row[Any]:
    """The role, unless it is service-linked. Raises NoSuchEntity or UnmodifiableEntity."""
    row = entities.get(connection, ROLE, account, name)
    if row.service:
        raise UnmodifiableEntity(
            f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        )
    return row


def full_role(connection: Connection, state: IamState, row: Any) -> Output:
    """A role as the operations on a single one show it."""
    (role,) = list_of_roles(connection, state, [row])
    return with_tags({**role, **shown_boundary(row.boundary_arn)}, tags_of(connection, row.id))


def list_of_roles(connection: Connection, state: IamState, rows: Sequence[Any]) -> list[Output]:
    """Roles as lists show them: without tags, boundary and last use."""
    named = {row.id: json.loads(row.trust_ids) for row in rows}
    arns = current_arns(connection, (identity for ids in named.values() for identity in ids.values()), state.partition)
    return [
        {
            "Path": row.path,
            "RoleName": row.name,
            "RoleId": row.id,
            "Arn": ROLE.arn(state.partition, row),
            "CreateDate": row.created_at,
            "AssumeRolePolicyDocument": documents.shown(trust_today(row.trust, named[row.id], arns)),
            **({"Description": row.description} if row.description else {}),
            "MaxSessionDuration": row.max_session_duration,
            **({} if row.max_signin_seconds is None else {"MaxSigninSessionDuration": row.max_signin_seconds}),
        }
        for row in rows
    ]


def _session(seconds: int) -> int:
    if not MIN_SESSION <= seconds <= MAX_SESSION:
        raise ValidationError(
            f"Value {seconds} at 'maxSessionDuration' must be between {MIN_SESSION} and {MAX_SESSION} seconds."
        )
    return seconds
