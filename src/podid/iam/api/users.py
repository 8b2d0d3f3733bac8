"""Users: create, read, change, delete."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.boundaries import check_boundary, shown_boundary
from podid.iam.entities import USER
from podid.iam.errors import DeleteConflict, ValidationError
from podid.iam.owned import forget_uses, refuse_held, refuse_owned
from podid.iam.paging import page, select_page, under_path
from podid.iam.state import IamState
from podid.iam.tables import MEMBERSHIPS, USERS
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_all_tags, tags_of, with_tags


class Users:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateUser")
    def create_user(
        self,
        call: Call,
        *,
        user_name: str,
        path: str = "/",
        permissions_boundary: str = "",
        tags: WireTags | None = None,
    ) -> Output:
        given = read_tags(tags)
        with self._state.write() as connection:
            entities.refuse_taken(connection, USER, call.account, user_name)
            if permissions_boundary:
                check_boundary(connection, self._state, call.account, permissions_boundary)
            row = entities.create(
                connection,
                self._state,
                USER,
                account=call.account,
                name=user_name,
                path=path,
                now=call.now,
                boundary_arn=permissions_boundary,
            )
            add_tags(connection, row.id, given)
            return {"User": self._full(row, given)}

    @operation("GetUser")
    def get_user(self, call: Call, *, user_name: str | None = None) -> Output:
        with self._state.read() as connection:
            row = entities.get(connection, USER, call.account, name_or_own(call, user_name))
            return {"User": self._full(row, tags_of(connection, row.id))}

    @operation("ListUsers")
    def list_users(
        self, call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
    ) -> Output:
        with self._state.read() as connection:
            query = select(USERS).where(USERS.c.account == call.account, under_path(USERS.c.path, path_prefix))
            rows, more = select_page(connection, page("ListUsers", marker, max_items), query, USERS.c.name_key)
            return {"Users": [shown_user(self._state.partition, row) for row in rows], **more}

    @operation("UpdateUser")
    def update_user(
        self, call: Call, *, user_name: str, new_path: str | None = None, new_user_name: str | None = None
    ) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, USER, call.account, user_name)
            columns: dict[str, object] = {}
            if new_path is not None:
                columns["path"] = new_path
            if new_user_name is not None:
                entities.refuse_taken(connection, USER, call.account, new_user_name, but=row.id)
                columns.update(name=new_user_name, name_key=new_user_name.lower())
            entities.change(connection, USER, row.id, columns)
            return {}

    @operation("DeleteUser")
    def delete_user(self, call: Call, *, user_name: str) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, USER, call.account, user_name)
            refuse_held(connection, row.id)
            refuse_owned(connection, row.id)
            if connection.execute(
                select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.user_id == row.id).limit(1)
            ).first():
                raise DeleteConflict("Cannot delete entity, must remove users from group first.")
            remove_all_tags(connection, row.id)
            forget_uses(connection, row.id)
            connection.execute(delete(USERS).where(USERS.c.id == row.id))
            return {}

    @operation("PutUserPermissionsBoundary")
    def put_user_permissions_boundary(self, call: Call, *, user_name: str, permissions_boundary: str) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, USER, call.account, user_name)
            check_boundary(connection, self._state, call.account, permissions_boundary)
            entities.change(connection, USER, row.id, {"boundary_arn": permissions_boundary})
            return {}

    @operation("DeleteUserPermissionsBoundary")
    def delete_user_permissions_boundary(self, call: Call, *, user_name: str) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, USER, call.account, user_name)
            entities.change(connection, USER, row.id, {"boundary_arn": ""})
            return {}

    def _full(self, row: Any, tags: dict[str, str]) -> Output:
        return with_tags({**shown_user(self._state.partition, row), **shown_boundary(row.boundary_arn)}, tags)


def shown_user(partition: str, row: Any) -> Output:
    """A user as lists show it."""
    return {
        "Path": row.path,
        "UserName": row.name,
        "UserId": row.id,
        "Arn": USER.arn(partition, row),
        "CreateDate": row.created_at,
    }


def name_or_own(call: Call, user_name: str | None) -> str:
    """The user that is meant where the request may leave it out: the one whose key signed. Raises ValidationError for other callers."""
    if user_name:
        return user_name
    if call.caller.kind != "user":
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return call.caller.user_name
