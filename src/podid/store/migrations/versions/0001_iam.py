"""The revision numbers of the store, and the tables of IAM."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_iam"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "iam_accounts",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("alias", sa.String(length=63), nullable=True),
        sa.Column("password_policy", sa.Text(), nullable=False),
        sa.Column("credential_report", sa.Text(), nullable=False),
        sa.Column("credential_report_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_iam_accounts")),
        sa.UniqueConstraint("alias", name=op.f("uq_iam_accounts_alias")),
    )
    op.create_table(
        "iam_attachments",
        sa.Column("owner_id", sa.String(length=32), nullable=False),
        sa.Column("policy_arn", sa.String(length=700), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("attached_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "policy_arn", name=op.f("pk_iam_attachments")),
    )
    op.create_index("ix_iam_attachments_account_policy_arn", "iam_attachments", ["account", "policy_arn"])
    op.create_table(
        "iam_groups",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_groups")),
        sa.UniqueConstraint("account", "name_key", name=op.f("uq_iam_groups_account_name_key")),
    )
    op.create_table(
        "iam_inline_policies",
        sa.Column("owner_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "name", name=op.f("pk_iam_inline_policies")),
    )
    op.create_table(
        "iam_oidc_providers",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("url", sa.String(length=255), nullable=False),
        sa.Column("client_ids", sa.Text(), nullable=False),
        sa.Column("thumbprints", sa.Text(), nullable=False),
        sa.Column("jwks", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "url", name=op.f("pk_iam_oidc_providers")),
    )
    op.create_table(
        "iam_policies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("default_version", sa.Integer(), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_policies")),
        sa.UniqueConstraint("account", "name_key", name=op.f("uq_iam_policies_account_name_key")),
    )
    op.create_table(
        "iam_roles",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("trust", sa.Text(), nullable=False),
        sa.Column("trust_ids", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("max_session_duration", sa.Integer(), nullable=False),
        sa.Column("boundary_arn", sa.Text(), nullable=False),
        sa.Column("service", sa.String(length=128), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_region", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_roles")),
        sa.UniqueConstraint("account", "name_key", name=op.f("uq_iam_roles_account_name_key")),
    )
    op.create_table(
        "iam_saml_providers",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_iam_saml_providers")),
    )
    op.create_table(
        "iam_tags",
        sa.Column("owner_id", sa.String(length=700), nullable=False),
        sa.Column("tag_key_folded", sa.String(length=128), nullable=False),
        sa.Column("tag_key", sa.String(length=128), nullable=False),
        sa.Column("tag_value", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "tag_key_folded", name=op.f("pk_iam_tags")),
    )
    op.create_table(
        "iam_users",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("boundary_arn", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_users")),
        sa.UniqueConstraint("account", "name_key", name=op.f("uq_iam_users_account_name_key")),
    )
    op.create_table(
        "store_revisions",
        sa.Column("room", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("room", name=op.f("pk_store_revisions")),
    )
    op.create_table(
        "iam_access_keys",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_service", sa.String(length=64), nullable=True),
        sa.Column("last_used_region", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["iam_users.id"], name=op.f("fk_iam_access_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_access_keys")),
    )
    op.create_index(op.f("ix_iam_access_keys_user_id"), "iam_access_keys", ["user_id"])
    op.create_table(
        "iam_instance_profiles",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("role_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["role_id"], ["iam_roles.id"], name=op.f("fk_iam_instance_profiles_role_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_instance_profiles")),
        sa.UniqueConstraint("account", "name_key", name=op.f("uq_iam_instance_profiles_account_name_key")),
    )
    op.create_index(op.f("ix_iam_instance_profiles_role_id"), "iam_instance_profiles", ["role_id"])
    op.create_table(
        "iam_memberships",
        sa.Column("group_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["iam_groups.id"], name=op.f("fk_iam_memberships_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["iam_users.id"], name=op.f("fk_iam_memberships_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_iam_memberships")),
    )
    op.create_index("ix_iam_memberships_user_id", "iam_memberships", ["user_id"])
    op.create_table(
        "iam_policy_versions",
        sa.Column("policy_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["iam_policies.id"], name=op.f("fk_iam_policy_versions_policy_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("policy_id", "version", name=op.f("pk_iam_policy_versions")),
    )
