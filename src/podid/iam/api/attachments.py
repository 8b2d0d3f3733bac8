"""Managed policies on roles, users and groups: attach, detach, list, and who has one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.inline_policies import changeable_owner
from podid.iam.entities import GROUP, POLICY, ROLE, USER, Kind, parse_entity_arn
from podid.iam.errors import InvalidInput, NoSuchEntity, PolicyNotAttachable, over_quota
from podid.iam.managed import find_policy, get_policy
from podid.iam.paging import cut_page, page
from podid.iam.state import IamState
from podid.iam.tables import ATTACHMENTS

PER_OWNER = 10
_QUOTAS = {"role": "PoliciesPerRole", "user": "PoliciesPerUser", "group": "PoliciesPerGroup"}


class Attachments:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("AttachRolePolicy")
    def attach_role_policy(self, call: Call, *, role_name: str, policy_arn: str) -> Output:
        return self._attach(ROLE, call, role_name, policy_arn)

    @operation("AttachUserPolicy")
    def attach_user_policy(self, call: Call, *, user_name: str, policy_arn: str) -> Output:
        return self._attach(USER, call, user_name, policy_arn)

    @operation("AttachGroupPolicy")
    def attach_group_policy(self, call: Call, *, group_name: str, policy_arn: str) -> Output:
        return self._attach(GROUP, call, group_name, policy_arn)

    @operation("DetachRolePolicy")
    def detach_role_policy(self, call: Call, *, role_name: str, policy_arn: str) -> Output:
        return self._detach(ROLE, call, role_name, policy_arn)

    @operation("DetachUserPolicy")
    def detach_user_policy(self, call: Call, *, user_name: str, policy_arn: str) -> Output:
        return self._detach(USER, call, user_name, policy_arn)

    @operation("DetachGroupPolicy")
    def detach_group_policy(self, call: Call, *, group_name: str, policy_arn: str) -> Output:
        return self._detach(GROUP, call, group_name, policy_arn)

    @operation("ListAttachedRolePolicies")
    def list_attached_role_policies(
        self,
        call: Call,
        *,
        role_name: str,
        path_prefix: str = "/",
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        return self._list(ROLE, call, role_name, path_prefix, marker, max_items)

    @operation("ListAttachedUserPolicies")
    def list_attached_user_policies(
        self,
        call: Call,
        *,
        user_name: str,
        path_prefix: str = "/",
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        return self._list(USER, call, user_name, path_prefix, marker, max_items)

    @operation("ListAttachedGroupPolicies")
    def list_attached_group_policies(
        self,
        call: Call,
        *,
        group_name: str,
        path_prefix: str = "/",
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        return self._list(GROUP, call, group_name, path_prefix, marker, max_items)

    @operation("ListEntitiesForPolicy")
    def list_entities_for_policy(
        self,
        call: Call,
        *,
        policy_arn: str,
        entity_filter: str | None = None,
        path_prefix: str = "/",
        policy_usage_filter: str | None = None,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        shown: list[tuple[str, Any]] = []
        with self._state.read() as connection:
            get_policy(connection, self._state, policy_arn)
            for kind, filter_name in ((GROUP, "Group"), (ROLE, "Role"), (USER, "User")):
                if entity_filter in (None, filter_name):
                    users_of = _users_of_policy(connection, kind, call.account, policy_arn, policy_usage_filter)
                    shown += [(filter_name, row) for row in users_of if row.path.startswith(path_prefix)]
        pieces, more = cut_page(
            page("ListEntitiesForPolicy", marker, max_items), shown, lambda item: f"{item[0]}/{item[1].name_key}"
        )
        return {
            f"Policy{filter_name}s": [
                {f"{filter_name}Name": row.name, f"{filter_name}Id": row.id} for of, row in pieces if of == filter_name
            ]
            for filter_name in ("Group", "User", "Role")
        } | more

    def _attach(self, kind: Kind, call: Call, name: str, policy_arn: str) -> Output:
        with self._state.write() as connection:
            row = changeable_owner(connection, kind, call.account, name)
            attach(connection, self._state, kind, row, policy_arn, call)
            return {}

    def _detach(self, kind: Kind, call: Call, name: str, policy_arn: str) -> Output:
        _check_arn(policy_arn)
        with self._state.write() as connection:
            row = changeable_owner(connection, kind, call.account, name)
            removed = connection.execute(
                delete(ATTACHMENTS).where(ATTACHMENTS.c.owner_id == row.id, ATTACHMENTS.c.policy_arn == policy_arn)
            )
            if not removed.rowcount:
                raise NoSuchEntity(POLICY.missing.format(policy_arn))
            return {}

    def _list(
        self, kind: Kind, call: Call, name: str, path_prefix: str, marker: str | None, max_items: int | None
    ) -> Output:
        with self._state.read() as connection:
            row = entities.get(connection, kind, call.account, name)
            attached = attached_policies(connection, row.id)
        wanted = [item for item in attached if _path(item["PolicyArn"]).startswith(path_prefix)]
        asked = page(f"ListAttached{kind.resource.title()}Policies", marker, max_items)
        pieces, more = cut_page(asked, wanted, lambda item: str(item["PolicyArn"]))
        return {"AttachedPolicies": list(pieces), **more}


def attach(connection: Connection, state: IamState, kind: Kind, owner: Any, policy_arn: str, call: Call) -> None:
    """Attach a managed policy, unless it is attached. Raises NoSuchEntity, InvalidInput, PolicyNotAttachable, LimitExceeded."""
    table = ATTACHMENTS
    parsed = _check_arn(policy_arn)
    if parsed[0] not in ("aws", owner.account):
        raise NoSuchEntity(f"Policy {policy_arn} does not exist or is not attachable.")
    if find_policy(connection, state, policy_arn) is None:
        raise NoSuchEntity(f"Policy {policy_arn} does not exist or is not attachable.")
    if parsed[0] == "aws" and parsed[1] == "/aws-service-role/":
        raise PolicyNotAttachable("Cannot attach a Service Role Policy to a Customer Role.")
    attached = connection.execute(select(table.c.policy_arn).where(table.c.owner_id == owner.id)).scalars().all()
    if policy_arn in attached:
        return
    if len(attached) >= PER_OWNER:
        raise over_quota(_QUOTAS[kind.resource], PER_OWNER)
    attach_row(connection, owner, policy_arn, call.now)


def attach_row(connection: Connection, owner: Any, policy_arn: str, now: datetime) -> None:
    """Attach without a check, as services do to their own roles."""
    connection.execute(
        insert(ATTACHMENTS).values(owner_id=owner.id, policy_arn=policy_arn, account=owner.account, attached_at=now)
    )


def attached_policies(connection: Connection, owner: str) -> list[Output]:
    """The policies attached to one owner, as answers show them, by ARN."""
    table = ATTACHMENTS
    arns = connection.execute(
        select(table.c.policy_arn).where(table.c.owner_id == owner).order_by(table.c.policy_arn)
    ).scalars()
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in arns]


def _users_of_policy(connection: Connection, kind: Kind, account: str, policy_arn: str, usage: str | None) -> list[Any]:
    table = kind.table
    found: dict[str, Any] = {}
    if usage in (None, "PermissionsPolicy"):
        attached = select(ATTACHMENTS.c.owner_id).where(
            ATTACHMENTS.c.account == account, ATTACHMENTS.c.policy_arn == policy_arn
        )
        found.update((row.id, row) for row in connection.execute(select(table).where(table.c.id.in_(attached))))
    if usage in (None, "PermissionsBoundary") and "boundary_arn" in table.c:
        bounded = select(table).where(table.c.account == account, table.c.boundary_arn == policy_arn)
        found.update((row.id, row) for row in connection.execute(bounded))
    return sorted(found.values(), key=lambda row: str(row.name_key))


def _check_arn(arn: str) -> tuple[str, str, str]:
    parsed = parse_entity_arn(POLICY, arn)
    if parsed is None:
        raise InvalidInput(f"ARN {arn} is not valid.")
    return parsed


def _path(arn: str) -> str:
    parsed = parse_entity_arn(POLICY, arn)
    return "/" if parsed is None else parsed[1]
