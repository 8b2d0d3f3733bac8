"""The tables of EKS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_eks"
down_revision = "0001_iam"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "eks_clusters",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("platform_version", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("role_arn", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("ca_data", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("key_source", sa.Text(), nullable=False),
        sa.Column("kubeconfig", sa.Text(), nullable=False),
        sa.Column("creator_arn", sa.Text(), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_eks_clusters")),
    )
    op.create_table(
        "eks_associations",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("cluster", sa.String(length=100), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("service_account", sa.String(length=253), nullable=False),
        sa.Column("role_arn", sa.Text(), nullable=False),
        sa.Column("target_role_arn", sa.Text(), nullable=False),
        sa.Column("disable_session_tags", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("owner_arn", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "id", name=op.f("pk_eks_associations")),
        sa.UniqueConstraint(
            "account", "region", "cluster", "namespace", "service_account", name=op.f("uq_eks_associations_subject")
        ),
        sa.ForeignKeyConstraint(
            ["account", "region", "cluster"],
            ["eks_clusters.account", "eks_clusters.region", "eks_clusters.name"],
            name=op.f("fk_eks_associations_cluster"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_eks_associations_order", "eks_associations", ["account", "region", "cluster", "created_at", "id"]
    )
    op.create_table(
        "eks_addons",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.Column("cluster", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_since", sa.BigInteger(), nullable=False),
        sa.Column("issues", sa.Text(), nullable=False),
        sa.Column("service_account_role_arn", sa.Text(), nullable=False),
        sa.Column("configuration_values", sa.Text(), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("resolve_conflicts", sa.String(length=16), nullable=False),
        sa.Column("preserve", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("update_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "cluster", "name", name=op.f("pk_eks_addons")),
        sa.ForeignKeyConstraint(
            ["account", "region", "cluster"],
            ["eks_clusters.account", "eks_clusters.region", "eks_clusters.name"],
            name=op.f("fk_eks_addons_cluster"),
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "eks_updates",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.Column("cluster", sa.String(length=100), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("addon", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("errors", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "cluster", "id", name=op.f("pk_eks_updates")),
        sa.ForeignKeyConstraint(
            ["account", "region", "cluster"],
            ["eks_clusters.account", "eks_clusters.region", "eks_clusters.name"],
            name=op.f("fk_eks_updates_cluster"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_eks_updates_order", "eks_updates", ["account", "region", "cluster", "created_at", "id"])
    op.create_table(
        "eks_requests",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "operation", "token", name=op.f("pk_eks_requests")),
    )
    op.create_index("ix_eks_requests_created_at", "eks_requests", ["created_at"])
