"""Instance profiles: a name under which an instance gets one role."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.roles import changeable_role, list_of_roles
from podid.iam.entities import INSTANCE_PROFILE, ROLE
from podid.iam.errors import DeleteConflict, NoSuchEntity, over_quota
from podid.iam.paging import page, select_page, under_path
from podid.iam.state import IamState
from podid.iam.tables import INSTANCE_PROFILES
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_all_tags, tags_of, with_tags


class InstanceProfiles:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateInstanceProfile")
    def create_instance_profile(
        self, call: Call, *, instance_profile_name: str, path: str = "/", tags: WireTags | None = None
    ) -> Output:
        given = read_tags(tags)
        with self._state.write() as connection:
            row = entities.create(
                connection,
                self._state,
                INSTANCE_PROFILE,
                account=call.account,
                name=instance_profile_name,
                path=path,
                now=call.now,
                role_id=None,
            )
            add_tags(connection, row.id, given)
            return {"InstanceProfile": with_tags(shown_profile(connection, self._state, row), given)}

    @operation("GetInstanceProfile")
    def get_instance_profile(self, call: Call, *, instance_profile_name: str) -> Output:
        with self._state.read() as connection:
            row = entities.get(connection, INSTANCE_PROFILE, call.account, instance_profile_name)
            shown = shown_profile(connection, self._state, row)
            return {"InstanceProfile": with_tags(shown, tags_of(connection, row.id))}

    @operation("ListInstanceProfiles")
    def list_instance_profiles(
        self, call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
    ) -> Output:
        table = INSTANCE_PROFILES
        with self._state.read() as connection:
            query = select(table).where(table.c.account == call.account, under_path(table.c.path, path_prefix))
            rows, more = select_page(
                connection, page("ListInstanceProfiles", marker, max_items), query, table.c.name_key
            )
            return {"InstanceProfiles": [shown_profile(connection, self._state, row) for row in rows], **more}

    @operation("ListInstanceProfilesForRole")
    def list_instance_profiles_for_role(
        self, call: Call, *, role_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        table = INSTANCE_PROFILES
        with self._state.read() as connection:
            role = entities.get(connection, ROLE, call.account, role_name)
            query = select(table).where(table.c.role_id == role.id)
            asked = page("ListInstanceProfilesForRole", marker, max_items)
            rows, more = select_page(connection, asked, query, table.c.name_key)
            return {"InstanceProfiles": [shown_profile(connection, self._state, row) for row in rows], **more}

    @operation("DeleteInstanceProfile")
    def delete_instance_profile(self, call: Call, *, instance_profile_name: str) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, INSTANCE_PROFILE, call.account, instance_profile_name)
            if row.role_id:
                raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
            remove_all_tags(connection, row.id)
            connection.execute(delete(INSTANCE_PROFILES).where(INSTANCE_PROFILES.c.id == row.id))
            return {}

    @operation("AddRoleToInstanceProfile")
    def add_role_to_instance_profile(self, call: Call, *, instance_profile_name: str, role_name: str) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, INSTANCE_PROFILE, call.account, instance_profile_name)
            role = changeable_role(connection, call.account, role_name)
            if row.role_id:
                raise over_quota("InstanceSessionsPerInstanceProfile", 1)
            entities.change(connection, INSTANCE_PROFILE, row.id, {"role_id": role.id})
            return {}

    @operation("RemoveRoleFromInstanceProfile")
    def remove_role_from_instance_profile(self, call: Call, *, instance_profile_name: str, role_name: str) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, INSTANCE_PROFILE, call.account, instance_profile_name)
            role = entities.get(connection, ROLE, call.account, role_name)
            if row.role_id != role.id:
                raise NoSuchEntity(ROLE.missing.format(role_name))
            entities.change(connection, INSTANCE_PROFILE, row.id, {"role_id": None})
            return {}


def shown_profile(connection: Connection, state: IamState, row: Any) -> Output:
    """An instance profile as lists show it, with its role."""
    role = entities.by_id(connection, ROLE, row.role_id) if row.role_id else None
    return {
        "Path": row.path,
        "InstanceProfileName": row.name,
        "InstanceProfileId": row.id,
        "Arn": INSTANCE_PROFILE.arn(state.partition, row),
        "CreateDate": row.created_at,
        "Roles": [] if role is None else list_of_roles(connection, state, [role]),
    }
