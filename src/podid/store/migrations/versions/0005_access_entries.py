"""Access entries of EKS clusters. The clusters that were made before get the entry of their creator, which was implied until now."""

from __future__ import annotations

import json
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0005_access_entries"
down_revision = "0004_iam_credentials"
branch_labels = None
depends_on = None


def upgrade() -> None:
    entries = op.create_table(
        "eks_access_entries",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.Column("cluster", sa.String(length=100), nullable=False),
        sa.Column("principal_arn", sa.String(length=700), nullable=False),
        sa.Column("principal_id", sa.String(length=128), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("policies", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "cluster", "principal_arn", name=op.f("pk_eks_access_entries")),
        sa.ForeignKeyConstraint(
            ["account", "region", "cluster"],
            ["eks_clusters.account", "eks_clusters.region", "eks_clusters.name"],
            name=op.f("fk_eks_access_entries_cluster"),
            ondelete="CASCADE",
        ),
    )
    clusters = sa.table(
        "eks_clusters",
        *(sa.column(name) for name in ("account", "region", "name", "creator_arn", "created_at")),
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(clusters).where(clusters.c.creator_arn != "")).all():
        connection.execute(sa.insert(entries).values(_of_creator(row)))


def _of_creator(row: sa.Row) -> dict[str, object]:  # type: ignore[type-arg]
    partition = row.creator_arn.split(":")[1]
    cluster_arn = f"arn:{partition}:eks:{row.region}:{row.account}:cluster/{row.name}"
    kind, _, name = row.creator_arn.rpartition(":")[2].partition("/")
    username = row.creator_arn
    if kind == "role":
        account = row.creator_arn.split(":")[4]
        username = f"arn:{partition}:sts::{account}:assumed-role/{name.rpartition('/')[2]}/{{{{SessionName}}}}"
    at = _iso(row.created_at)
    policy = {
        "arn": f"arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "namespaces": [],
        "associated_at": at,
        "modified_at": at,
    }
    return {
        "account": row.account,
        "region": row.region,
        "cluster": row.name,
        "principal_arn": row.creator_arn,
        # Not known here: such an entry is for whoever has the ARN, as it was.
        "principal_id": "",
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{cluster_arn} {row.creator_arn}")),
        "type": "STANDARD",
        "username": username,
        "groups": "[]",
        "policies": json.dumps([policy]),
        "created_at": row.created_at,
        "modified_at": row.created_at,
        "tags": "{}",
    }


def _iso(microseconds: int) -> str:
    from datetime import UTC, datetime, timedelta

    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).isoformat()
