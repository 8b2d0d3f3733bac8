"""An account's own managed policies; AWS's can be read here too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import documents, entities
from podid.iam.entities import POLICY, by_arn, parse_entity_arn
from podid.iam.errors import (
    DeleteConflict,
    InvalidInput,
    NoSuchEntity,
    ValidationError,
)
from podid.iam.managed import ManagedPolicy, attachment_counts, boundary_counts, get_policy, of_aws, of_row
from podid.iam.paging import cut_page, page
from podid.iam.state import IamState
from podid.iam.tables import ATTACHMENTS, POLICIES, POLICY_VERSIONS, ROLES, USERS
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_all_tags, tags_of, with_tags


class Policies:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreatePolicy")
    def create_policy(
        self,
        call: Call,
        *,
        policy_name: str,
        policy_document: str,
        path: str = "/",
        description: str = "",
        tags: WireTags | None = None,
    ) -> Output:
        given = read_tags(tags)
        with self._state.write() as connection:
            row = create_policy_row(
                connection,
                self._state,
                call,
                name=policy_name,
                document=policy_document,
                path=path,
                description=description,
            )
            add_tags(connection, row.id, given)
            return {"Policy": with_tags(shown_policy(of_row(row, self._state.partition), {}, {}), given)}

    @operation("GetPolicy")
    def get_policy(self, call: Call, *, policy_arn: str) -> Output:
        with self._state.read() as connection:
            policy = get_policy(connection, self._state, check_policy_arn(policy_arn))
            counts = attachment_counts(connection, call.account), boundary_counts(connection, call.account)
            shown = shown_policy(policy, *counts)
            if policy.description:
                shown["Description"] = policy.description
            return {"Policy": with_tags(shown, tags_of(connection, policy.id))}

    @operation("ListPolicies")
    def list_policies(
        self,
        call: Call,
        *,
        scope: str = "All",
        only_attached: bool = False,
        path_prefix: str = "/",
        policy_usage_filter: str | None = None,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        policies: list[ManagedPolicy] = []
        with self._state.read() as connection:
            attached, bounding = attachment_counts(connection, call.account), boundary_counts(connection, call.account)
            if scope in ("All", "Local"):
                rows = connection.execute(select(POLICIES).where(POLICIES.c.account == call.account))
                policies += [of_row(row, self._state.partition) for row in rows]
        if scope in ("All", "AWS"):
            policies += [of_aws(policy) for policy in self._state.catalog.all()]
        used = {"PermissionsPolicy": attached, "PermissionsBoundary": bounding}.get(policy_usage_filter or "")
        wanted = [
            policy
            for policy in policies
            if policy.path.startswith(path_prefix)
            and (used is None or policy.arn in used)
            and (not only_attached or policy.arn in attached or policy.arn in bounding)
        ]
        wanted.sort(key=_list_key)
        pieces, more = cut_page(page("ListPolicies", marker, max_items), wanted, _list_key)
        return {"Policies": [shown_policy(policy, attached, bounding) for policy in pieces], **more}

    @operation("DeletePolicy")
    def delete_policy(self, call: Call, *, policy_arn: str) -> Output:
        with self._state.write() as connection:
            row = own_policy(connection, call, policy_arn)
            if _is_used(connection, policy_arn):
                raise DeleteConflict("Cannot delete a policy attached to entities.")
            versions = select(func.count()).select_from(POLICY_VERSIONS).where(POLICY_VERSIONS.c.policy_id == row.id)
            if connection.execute(versions).scalar_one() > 1:
                raise DeleteConflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
                    "The default version is deleted with the policy."
                )
            connection.execute(delete(POLICY_VERSIONS).where(POLICY_VERSIONS.c.policy_id == row.id))
            remove_all_tags(connection, row.id)
            connection.execute(delete(POLICIES).where(POLICIES.c.id == row.id))
            return {}


def own_policy(connection: Connection, call: Call, arn: str) -> Row[Any]:
    """The policy of the caller's own account; AWS's cannot be changed. Raises InvalidInput, ValidationError, NoSuchEntity."""
    parsed = parse_entity_arn(POLICY, check_policy_arn(arn))
    assert parsed is not None
    if parsed[0] != call.account:
        raise ValidationError(f"Policy {arn} is not one of this account's own policies and cannot be changed by it.")
    row = by_arn(connection, POLICY, arn)
    if row is None:
        raise NoSuchEntity(POLICY.missing.format(arn))
    return row


def create_policy_row(
    connection: Connection,
    state: IamState,
    call: Call,
    *,
    name: str,
    document: str,
    path: str = "/",
    description: str = "",
) -> Row[Any]:
    """Check and insert a policy with its first version. Raises what CreatePolicy does."""
    documents.check_managed(document)
    row = entities.create(
        connection,
        state,
        POLICY,
        account=call.account,
        name=name,
        path=path,
        now=call.now,
        description=description,
        default_version=1,
        last_version=1,
        updated_at=call.now.replace(microsecond=0),
    )
    insert_version(connection, row.id, 1, document, call.now)
    return row


def shown_policy(policy: ManagedPolicy, attached: Mapping[str, int], bounding: Mapping[str, int]) -> Output:
    """A managed policy as lists show it."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.version,
        "AttachmentCount": attached.get(policy.arn, 0),
        "PermissionsBoundaryUsageCount": bounding.get(policy.arn, 0),
        "IsAttachable": True,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.updated_at,
    }


def insert_version(connection: Connection, policy_id: str, version: int, document: str, now: datetime) -> None:
    """Insert a version of a policy."""
    connection.execute(
        insert(POLICY_VERSIONS).values(
            policy_id=policy_id, version=version, document=document, created_at=now.replace(microsecond=0)
        )
    )


def _list_key(policy: ManagedPolicy) -> str:
    return f"{policy.name.lower()}\n{policy.arn}"


def _is_used(connection: Connection, arn: str) -> bool:
    queries = [select(ATTACHMENTS.c.owner_id).where(ATTACHMENTS.c.policy_arn == arn)]
    queries += [select(table.c.id).where(table.c.boundary_arn == arn) for table in (ROLES, USERS)]
    return any(connection.execute(query.limit(1)).first() is not None for query in queries)


def check_policy_arn(arn: str) -> str:
    """The ARN, if it has the form of a policy's. Raises InvalidInput."""
    if parse_entity_arn(POLICY, arn) is None:
        raise InvalidInput(f"ARN {arn} is not valid.")
    return arn
