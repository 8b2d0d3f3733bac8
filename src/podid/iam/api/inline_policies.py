"""Inline policies of roles, users and groups: put, get, list, delete.

The three differ in names and limits; `_Owner` says how.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.core.policy import PolicyKind, size_of
from podid.iam import documents, entities
from podid.iam.api.roles import changeable_role
from podid.iam.entities import GROUP, ROLE, USER, Kind
from podid.iam.errors import LimitExceeded, NoSuchEntity
from podid.iam.paging import page, select_page
from podid.iam.state import IamState
from podid.iam.tables import INLINE_POLICIES


class _Owner(Struct, frozen=True):
    kind: Kind
    member: str


_ROLE: Final = _Owner(ROLE, "RoleName")
_USER: Final = _Owner(USER, "UserName")
_GROUP: Final = _Owner(GROUP, "GroupName")


class InlinePolicies:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("PutRolePolicy")
    def put_role_policy(self, call: Call, *, role_name: str, policy_name: str, policy_document: str) -> Output:
        return self._put(_ROLE, call, role_name, policy_name, policy_document)

    @operation("PutUserPolicy")
    def put_user_policy(self, call: Call, *, user_name: str, policy_name: str, policy_document: str) -> Output:
        return self._put(_USER, call, user_name, policy_name, policy_document)

    @operation("PutGroupPolicy")
    def put_group_policy(self, call: Call, *, group_name: str, policy_name: str, policy_document: str) -> Output:
        return self._put(_GROUP, call, group_name, policy_name, policy_document)

    @operation("GetRolePolicy")
    def get_role_policy(self, call: Call, *, role_name: str, policy_name: str) -> Output:
        return self._get(_ROLE, call, role_name, policy_name)

    @operation("GetUserPolicy")
    def get_user_policy(self, call: Call, *, user_name: str, policy_name: str) -> Output:
        return self._get(_USER, call, user_name, policy_name)

    @operation("GetGroupPolicy")
    def get_group_policy(self, call: Call, *, group_name: str, policy_name: str) -> Output:
        return self._get(_GROUP, call, group_name, policy_name)

    @operation("ListRolePolicies")
    def list_role_policies(
        self, call: Call, *, role_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_ROLE, call, role_name, marker, max_items)

    @operation("ListUserPolicies")
    def list_user_policies(
        self, call: Call, *, user_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_USER, call, user_name, marker, max_items)

    @operation("ListGroupPolicies")
    def list_group_policies(
        self, call: Call, *, group_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return self._list(_GROUP, call, group_name, marker, max_items)

    @operation("DeleteRolePolicy")
    def delete_role_policy(self, call: Call, *, role_name: str, policy_name: str) -> Output:
        return self._delete(_ROLE, call, role_name, policy_name)

    @operation("DeleteUserPolicy")
    def delete_user_policy(self, call: Call, *, user_name: str, policy_name: str) -> Output:
        return self._delete(_USER, call, user_name, policy_name)

    @operation("DeleteGroupPolicy")
    def delete_group_policy(self, call: Call, *, group_name: str, policy_name: str) -> Output:
        return self._delete(_GROUP, call, group_name, policy_name)

    def _put(self, owner: _Owner, call: Call, name: str, policy_name: str, document: str) -> Output:
        with self._state.write() as connection:
            row = changeable_owner(connection, owner.kind, call.account, name)
            put_inline(connection, owner.kind, row, policy_name, document)
            return {}

    def _get(self, owner: _Owner, call: Call, name: str, policy_name: str) -> Output:
        table = INLINE_POLICIES
        with self._state.read() as connection:
            row = entities.get(connection, owner.kind, call.account, name)
            document = connection.execute(
                select(table.c.document).where(table.c.owner_id == row.id, table.c.name == policy_name)
            ).scalar_one_or_none()
        if document is None:
            raise _missing(owner, policy_name)
        return {owner.member: row.name, "PolicyName": policy_name, "PolicyDocument": documents.shown(document)}

    def _list(self, owner: _Owner, call: Call, name: str, marker: str | None, max_items: int | None) -> Output:
        table = INLINE_POLICIES
        operation_name = f"List{owner.member.removesuffix('Name')}Policies"
        with self._state.read() as connection:
            row = entities.get(connection, owner.kind, call.account, name)
            query = select(table).where(table.c.owner_id == row.id)
            rows, more = select_page(connection, page(operation_name, marker, max_items), query, table.c.name)
            return {"PolicyNames": [policy.name for policy in rows], **more}

    def _delete(self, owner: _Owner, call: Call, name: str, policy_name: str) -> Output:
        table = INLINE_POLICIES
        with self._state.write() as connection:
            row = changeable_owner(connection, owner.kind, call.account, name)
            removed = connection.execute(delete(table).where(table.c.owner_id == row.id, table.c.name == policy_name))
            if not removed.rowcount:
                raise _missing(owner, policy_name)
            return {}


def changeable_owner(connection: Connection, kind: Kind, account: str, name: str) -> Row[Any]:
    """The owner, unless it is a service-linked role. Raises NoSuchEntity or UnmodifiableEntity."""
    return changeable_role(connection, account, name) if kind is ROLE else entities.get(connection, kind, account, name)


def put_inline(connection: Connection, kind: Kind, owner: Any, policy_name: str, document: str) -> None:
    """Add or replace an inline policy. Raises MalformedPolicyDocument, LimitExceeded."""
    table = INLINE_POLICIES
    documents.check(document, PolicyKind.IDENTITY)
    others = connection.execute(
        select(table.c.document).where(table.c.owner_id == owner.id, table.c.name != policy_name)
    ).scalars()
    quota = documents.INLINE_QUOTAS[kind.resource]
    if size_of(document) + sum(size_of(other) for other in others) > quota.limit:
        raise LimitExceeded(quota.message.format(owner.name))
    connection.execute(delete(table).where(table.c.owner_id == owner.id, table.c.name == policy_name))
    connection.execute(insert(table).values(owner_id=owner.id, name=policy_name, document=document))


def _missing(owner: _Owner, policy_name: str) -> NoSuchEntity:
    return NoSuchEntity(f"The {owner.kind.resource} policy with name {policy_name} cannot be found.")
