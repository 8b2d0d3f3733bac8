"""GetAccountAuthorizationDetails: everything that bears on who may do what in an account, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import documents
from podid.iam.api.attachments import attached_policies
from podid.iam.api.groups import shown_group
from podid.iam.api.instance_profiles import shown_profile
from podid.iam.api.policies import shown_policy
from podid.iam.api.roles import list_of_roles
from podid.iam.api.users import shown_user
from podid.iam.boundaries import shown_boundary
from podid.iam.entities import GROUP, POLICY, ROLE, USER, Kind
from podid.iam.managed import attachment_counts, boundary_counts, of_aws, of_row
from podid.iam.paging import cut_page, page
from podid.iam.state import IamState
from podid.iam.tables import GROUPS, INLINE_POLICIES, INSTANCE_PROFILES, MEMBERSHIPS, POLICY_VERSIONS
from podid.iam.tagging import tags_of, with_tags

_SECTIONS: Final = (
    ("1", "User", USER),
    ("2", "Group", GROUP),
    ("3", "Role", ROLE),
    ("4", "LocalManagedPolicy", POLICY),
)
"""In which order the lists are paged through, by a key that sorts so; AWS's own policies come last."""

_AWS_SECTION: Final = "5"


class AuthorizationDetails:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("GetAccountAuthorizationDetails")
    def get_account_authorization_details(
        self,
        call: Call,
        *,
        filter: Sequence[str] | None = None,
        max_items: int | None = None,
        marker: str | None = None,
    ) -> Output:
        with self._state.read() as connection:
            attached, bounding = attachment_counts(connection, call.account), boundary_counts(connection, call.account)
            keys = self._keys(connection, call.account, filter, attached.keys() | bounding.keys())
            shown, more = cut_page(
                page("GetAccountAuthorizationDetails", marker, max_items), keys, lambda item: item[0]
            )
            details: dict[str, list[Output]] = {"User": [], "Group": [], "Role": [], "Policy": []}
            for key, item in shown:
                section = key[0]
                if section == "1":
                    details["User"].append(self._user(connection, item))
                elif section == "2":
                    details["Group"].append(self._group(connection, item))
                elif section == "3":
                    details["Role"].append(self._role(connection, item))
                elif section == "4":
                    details["Policy"].append(self._own_policy(connection, item, attached, bounding))
                else:
                    details["Policy"].append(self._aws_policy(item, attached, bounding))
        return {
            "UserDetailList": details["User"],
            "GroupDetailList": details["Group"],
            "RoleDetailList": details["Role"],
            "Policies": details["Policy"],
            **more,
        }

    def _keys(
        self, connection: Connection, account: str, wanted: Sequence[str] | None, used: set[str]
    ) -> list[tuple[str, Any]]:
        """Sort key and row of everything asked for. Of AWS's policies only those in use are shown."""
        keys: list[tuple[str, Any]] = []
        for section, name, kind in _SECTIONS:
            if not wanted or name in wanted:
                rows = connection.execute(select(kind.table).where(kind.table.c.account == account))
                keys += [(f"{section}{row.name_key}", row) for row in rows]
        if not wanted or "AWSManagedPolicy" in wanted:
            found = (self._state.catalog.find(arn) for arn in used)
            keys += [(f"{_AWS_SECTION}{policy.arn}", policy) for policy in found if policy is not None]
        return sorted(keys, key=lambda item: item[0])

    def _user(self, connection: Connection, row: Any) -> Output:
        groups = connection.execute(
            select(GROUPS.c.name)
            .join(MEMBERSHIPS, MEMBERSHIPS.c.group_id == GROUPS.c.id)
            .where(MEMBERSHIPS.c.user_id == row.id)
            .order_by(GROUPS.c.name_key)
        ).scalars()
        shown: Output = {
            **shown_user(self._state.partition, row),
            "GroupList": list(groups),
            **self._policies(connection, USER, row),
            **shown_boundary(row.boundary_arn),
        }
        return with_tags(shown, tags_of(connection, row.id))

    def _group(self, connection: Connection, row: Any) -> Output:
        return {**shown_group(self._state.partition, row), **self._policies(connection, GROUP, row)}

    def _role(self, connection: Connection, row: Any) -> Output:
        (role,) = list_of_roles(connection, self._state, [row])
        profiles = connection.execute(select(INSTANCE_PROFILES).where(INSTANCE_PROFILES.c.role_id == row.id)).all()
        names = ("Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument")
        used = {} if row.last_used_at is None else {"LastUsedDate": row.last_used_at, "Region": row.last_used_region}
        shown: Output = {
            **{name: role[name] for name in names},
            "InstanceProfileList": [shown_profile(connection, self._state, profile) for profile in profiles],
            **self._policies(connection, ROLE, row),
            **shown_boundary(row.boundary_arn),
            "RoleLastUsed": used,
        }
        return with_tags(shown, tags_of(connection, row.id))

    def _policies(self, connection: Connection, kind: Kind, row: Any) -> Output:
        table = INLINE_POLICIES
        rows = connection.execute(select(table).where(table.c.owner_id == row.id).order_by(table.c.name))
        inline = [{"PolicyName": policy.name, "PolicyDocument": documents.shown(policy.document)} for policy in rows]
        return {
            f"{kind.resource.title()}PolicyList": inline,
            "AttachedManagedPolicies": attached_policies(connection, row.id),
        }

    def _own_policy(
        self, connection: Connection, row: Any, attached: dict[str, int], bounding: dict[str, int]
    ) -> Output:
        table = POLICY_VERSIONS
        versions = connection.execute(select(table).where(table.c.policy_id == row.id).order_by(table.c.version.desc()))
        shown = {
            **shown_policy(of_row(row, self._state.partition), attached, bounding),
            "PolicyVersionList": [
                {
                    "Document": documents.shown(version.document),
                    "VersionId": f"v{version.version}",
                    "IsDefaultVersion": version.version == row.default_version,
                    "CreateDate": version.created_at,
                }
                for version in versions
            ],
        }
        return {**shown, "Description": row.description} if row.description else shown

    def _aws_policy(self, policy: Any, attached: dict[str, int], bounding: dict[str, int]) -> Output:
        document = self._state.catalog.document(policy)
        return {
            **shown_policy(of_aws(policy), attached, bounding),
            "PolicyVersionList": [
                {
                    "Document": documents.shown(document),
                    "VersionId": policy.version,
                    "IsDefaultVersion": True,
                    "CreateDate": policy.updated_at,
                }
            ],
        }
