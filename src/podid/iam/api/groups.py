"""Groups and who is in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.users import shown_user
from podid.iam.entities import GROUP, USER
from podid.iam.errors import DeleteConflict, over_quota
from podid.iam.owned import refuse_owned
from podid.iam.paging import page, select_page, under_path
from podid.iam.state import IamState
from podid.iam.tables import GROUPS, MEMBERSHIPS, USERS

GROUPS_PER_USER = 10


class Groups:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateGroup")
    def create_group(self, call: Call, *, group_name: str, path: str = "/") -> Output:
        with self._state.write() as connection:
            row = entities.create(
                connection, self._state, GROUP, account=call.account, name=group_name, path=path, now=call.now
            )
            return {"Group": shown_group(self._state.partition, row)}

    @operation("GetGroup")
    def get_group(
        self, call: Call, *, group_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        with self._state.read() as connection:
            group = entities.get(connection, GROUP, call.account, group_name)
            query = (
                select(USERS)
                .join(MEMBERSHIPS, MEMBERSHIPS.c.user_id == USERS.c.id)
                .where(MEMBERSHIPS.c.group_id == group.id)
            )
            rows, more = select_page(connection, page("GetGroup", marker, max_items), query, USERS.c.name_key)
            return {
                "Group": shown_group(self._state.partition, group),
                "Users": [shown_user(self._state.partition, row) for row in rows],
                **more,
            }

    @operation("ListGroups")
    def list_groups(
        self, call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
    ) -> Output:
        with self._state.read() as connection:
            query = select(GROUPS).where(GROUPS.c.account == call.account, under_path(GROUPS.c.path, path_prefix))
            rows, more = select_page(connection, page("ListGroups", marker, max_items), query, GROUPS.c.name_key)
            return {"Groups": [shown_group(self._state.partition, row) for row in rows], **more}

    @operation("ListGroupsForUser")
    def list_groups_for_user(
        self, call: Call, *, user_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        with self._state.read() as connection:
            user = entities.get(connection, USER, call.account, user_name)
            query = (
                select(GROUPS)
                .join(MEMBERSHIPS, MEMBERSHIPS.c.group_id == GROUPS.c.id)
                .where(MEMBERSHIPS.c.user_id == user.id)
            )
            rows, more = select_page(connection, page("ListGroupsForUser", marker, max_items), query, GROUPS.c.name_key)
            return {"Groups": [shown_group(self._state.partition, row) for row in rows], **more}

    @operation("UpdateGroup")
    def update_group(
        self, call: Call, *, group_name: str, new_path: str | None = None, new_group_name: str | None = None
    ) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, GROUP, call.account, group_name)
            columns: dict[str, object] = {}
            if new_path is not None:
                columns["path"] = new_path
            if new_group_name is not None:
                entities.refuse_taken(connection, GROUP, call.account, new_group_name, but=row.id)
                columns.update(name=new_group_name, name_key=new_group_name.lower())
            entities.change(connection, GROUP, row.id, columns)
            return {}

    @operation("DeleteGroup")
    def delete_group(self, call: Call, *, group_name: str) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, GROUP, call.account, group_name)
            if connection.execute(
                select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.group_id == row.id).limit(1)
            ).first():
                raise DeleteConflict("Cannot delete entity, must remove users from group first.")
            refuse_owned(connection, row.id)
            connection.execute(delete(GROUPS).where(GROUPS.c.id == row.id))
            return {}

    @operation("AddUserToGroup")
    def add_user_to_group(self, call: Call, *, group_name: str, user_name: str) -> Output:
        with self._state.write() as connection:
            group = entities.get(connection, GROUP, call.account, group_name)
            user = entities.get(connection, USER, call.account, user_name)
            groups = set(
                connection.execute(select(MEMBERSHIPS.c.group_id).where(MEMBERSHIPS.c.user_id == user.id)).scalars()
            )
            if group.id in groups:
                return {}
            if len(groups) >= GROUPS_PER_USER:
                raise over_quota("GroupsPerUser", GROUPS_PER_USER)
            connection.execute(insert(MEMBERSHIPS).values(group_id=group.id, user_id=user.id, joined_at=call.now))
            return {}

    @operation("RemoveUserFromGroup")
    def remove_user_from_group(self, call: Call, *, group_name: str, user_name: str) -> Output:
        """Somebody who is not in the group is no error."""
        with self._state.write() as connection:
            group = entities.get(connection, GROUP, call.account, group_name)
            user = entities.get(connection, USER, call.account, user_name)
            connection.execute(
                delete(MEMBERSHIPS).where(MEMBERSHIPS.c.group_id == group.id, MEMBERSHIPS.c.user_id == user.id)
            )
            return {}


def shown_group(partition: str, row: Any) -> Output:
    """A group as answers show it."""
    return {
        "Path": row.path,
        "GroupName": row.name,
        "GroupId": row.id,
        "Arn": GROUP.arn(partition, row),
        "CreateDate": row.created_at,
    }
