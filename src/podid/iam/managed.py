"""Managed policies, an account's own and AWS's, seen through one window."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, func, select

from podid.iam.aws_managed import AwsManagedPolicy
from podid.iam.entities import POLICY, by_arn
from podid.iam.errors import NoSuchEntity
from podid.iam.state import IamState
from podid.iam.tables import ATTACHMENTS, POLICY_VERSIONS, ROLES, USERS


class ManagedPolicy(Struct, frozen=True, kw_only=True):
    """What is known of a managed policy without its document. `aws` is set for one that AWS manages, `id` is its unique id."""

    arn: str
    name: str
    path: str
    id: str
    version: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    aws: AwsManagedPolicy | None = None


def find_policy(connection: Connection, state: IamState, arn: str) -> ManagedPolicy | None:
    """The policy with that ARN, or None."""
    if state.catalog.is_one(arn):
        policy = state.catalog.find(arn)
        return None if policy is None else of_aws(policy)
    row = by_arn(connection, POLICY, arn)
    return None if row is None else of_row(row, state.partition)


def get_policy(connection: Connection, state: IamState, arn: str) -> ManagedPolicy:
    """The policy with that ARN. Raises NoSuchEntity."""
    policy = find_policy(connection, state, arn)
    if policy is None:
        raise NoSuchEntity(POLICY.missing.format(arn))
    return policy


def of_aws(policy: AwsManagedPolicy) -> ManagedPolicy:
    return ManagedPolicy(
        arn=policy.arn,
        name=policy.name,
        path=policy.path,
        id=policy.id,
        version=policy.version,
        created_at=policy.created_at,
        updated_at=policy.updated_at,
        aws=policy,
    )


def of_row(row: Any, partition: str) -> ManagedPolicy:
    return ManagedPolicy(
        arn=POLICY.arn(partition, row),
        name=row.name,
        path=row.path,
        id=row.id,
        version=f"v{row.default_version}",
        created_at=row.created_at,
        updated_at=row.updated_at,
        description=row.description,
    )


def default_documents(connection: Connection, state: IamState, arns: Collection[str]) -> dict[str, str]:
    """The text of the default version of each of these policies that exists."""
    texts = {}
    for arn in arns:
        if state.catalog.is_one(arn):
            policy = state.catalog.find(arn)
            if policy is not None:
                texts[arn] = state.catalog.document(policy)
            continue
        row = by_arn(connection, POLICY, arn)
        if row is not None:
            texts[arn] = version_document(connection, row.id, row.default_version) or ""
    return texts


def version_document(connection: Connection, policy_id: str, version: int) -> str | None:
    """The text of one version of an account's own policy, or None."""
    table = POLICY_VERSIONS
    return connection.execute(
        select(table.c.document).where(table.c.policy_id == policy_id, table.c.version == version)
    ).scalar_one_or_none()


def attachment_counts(connection: Connection, account: str) -> dict[str, int]:
    """How many users, groups and roles of an account each policy is attached to, by ARN."""
    table = ATTACHMENTS
    rows = connection.execute(
        select(table.c.policy_arn, func.count()).where(table.c.account == account).group_by(table.c.policy_arn)
    )
    return {row[0]: row[1] for row in rows}


def boundary_counts(connection: Connection, account: str) -> dict[str, int]:
    """How many users and roles of an account each policy bounds, by ARN."""
    counts: dict[str, int] = {}
    for table in (ROLES, USERS):
        rows = connection.execute(
            select(table.c.boundary_arn, func.count())
            .where(table.c.account == account, table.c.boundary_arn != "")
            .group_by(table.c.boundary_arn)
        )
        for arn, number in rows:
            counts[arn] = counts.get(arn, 0) + number
    return counts
