"""The tables of EKS. Columns of JSON are Text and hold small values of ours, never searched."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, String, Table, Text, UniqueConstraint

from podid.store import Instant, metadata

ROOM: Final = "eks"
"""The name under which the store counts our writes."""

CLUSTERS = Table(
    "eks_clusters",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("version", String(16), nullable=False),
    Column("platform_version", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("role_arn", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("ca_data", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("key_source", Text, nullable=False),
    Column("kubeconfig", Text, nullable=False),
    Column("creator_arn", Text, nullable=False),
    Column("registered", Boolean, nullable=False),
    Column("config", Text, nullable=False),
    Column("tags", Text, nullable=False),
)

ASSOCIATIONS = Table(
    "eks_associations",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("cluster", String(100), nullable=False),
    Column("namespace", String(63), nullable=False),
    Column("service_account", String(253), nullable=False),
    Column("role_arn", Text, nullable=False),
    Column("target_role_arn", Text, nullable=False),
    Column("disable_session_tags", Boolean, nullable=False),
    Column("policy", Text, nullable=False),
    Column("owner_arn", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("tags", Text, nullable=False),
    # One role for each service account: kept by the database, so that of many who create at once one wins.
    UniqueConstraint(
        "account", "region", "cluster", "namespace", "service_account", name="uq_eks_associations_subject"
    ),
    ForeignKeyConstraint(
        ["account", "region", "cluster"],
        ["eks_clusters.account", "eks_clusters.region", "eks_clusters.name"],
        name="fk_eks_associations_cluster",
        ondelete="CASCADE",
    ),
    # The order of lists.
    Index("ix_eks_associations_order", "account", "region", "cluster", "created_at", "id"),
)

ADDONS = Table(
    "eks_addons",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("cluster", String(100), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("uuid", String(36), nullable=False),
    Column("version", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_since", Instant, nullable=False),
    Column("issues", Text, nullable=False),
    Column("service_account_role_arn", Text, nullable=False),
    Column("configuration_values", Text, nullable=False),
    Column("namespace", String(63), nullable=False),
    Column("resolve_conflicts", String(16), nullable=False),
    Column("preserve", Boolean, nullable=False),
    Column("applied", Boolean, nullable=False),
    Column("update_id", String(36), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("tags", Text, nullable=False),
    ForeignKeyConstraint(
        ["account", "region", "cluster"],
        ["eks_clusters.account", "eks_clusters.region", "eks_clusters.name"],
        name="fk_eks_addons_cluster",
        ondelete="CASCADE",
    ),
)

ACCESS_ENTRIES = Table(
    "eks_access_entries",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("cluster", String(100), primary_key=True),
    Column("principal_arn", String(700), primary_key=True),
    Column("principal_id", String(128), nullable=False),
    Column("uuid", String(36), nullable=False),
    Column("type", String(32), nullable=False),
    Column("username", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("policies", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("tags", Text, nullable=False),
    ForeignKeyConstraint(
        ["account", "region", "cluster"],
        ["eks_clusters.account", "eks_clusters.region", "eks_clusters.name"],
        name="fk_eks_access_entries_cluster",
        ondelete="CASCADE",
    ),
)

UPDATES = Table(
    "eks_updates",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("cluster", String(100), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("addon", String(100), nullable=False),
    Column("type", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("params", Text, nullable=False),
    Column("errors", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    ForeignKeyConstraint(
        ["account", "region", "cluster"],
        ["eks_clusters.account", "eks_clusters.region", "eks_clusters.name"],
        name="fk_eks_updates_cluster",
        ondelete="CASCADE",
    ),
    Index("ix_eks_updates_order", "account", "region", "cluster", "created_at", "id"),
)

REQUESTS = Table(
    "eks_requests",
    metadata,
    # Client request tokens: what was asked with each, and what was answered.
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("operation", String(64), primary_key=True),
    Column("token", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_eks_requests_created_at", "created_at"),
)
