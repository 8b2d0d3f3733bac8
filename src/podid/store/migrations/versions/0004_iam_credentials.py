"""What users prove themselves with beside access keys, what servers do, when services were last used, and settings of an account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_iam_credentials"
down_revision = "0003_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("iam_roles", sa.Column("max_signin_seconds", sa.Integer(), nullable=True))
    op.create_table(
        "iam_account_settings",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_iam_account_settings")),
    )
    op.create_table(
        "iam_login_profiles",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("earlier_hashes", sa.Text(), nullable=False),
        sa.Column("reset_required", sa.Boolean(), nullable=False),
        sa.Column("max_signin_seconds", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["iam_users.id"], name=op.f("fk_iam_login_profiles_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_iam_login_profiles")),
    )
    op.create_table(
        "iam_mfa_devices",
        sa.Column("serial", sa.String(length=700), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.Column("enabled_at", sa.BigInteger(), nullable=True),
        sa.Column("drift", sa.Integer(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["iam_users.id"], name=op.f("fk_iam_mfa_devices_user_id")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_iam_mfa_devices")),
    )
    op.create_index("ix_iam_mfa_devices_account", "iam_mfa_devices", ["account"])
    op.create_index("ix_iam_mfa_devices_user_id", "iam_mfa_devices", ["user_id"])
    op.create_table(
        "iam_ssh_public_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=48), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["iam_users.id"], name=op.f("fk_iam_ssh_public_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_ssh_public_keys")),
    )
    op.create_index("ix_iam_ssh_public_keys_user_id", "iam_ssh_public_keys", ["user_id"])
    op.create_table(
        "iam_signing_certificates",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["iam_users.id"], name=op.f("fk_iam_signing_certificates_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_signing_certificates")),
        sa.UniqueConstraint("account", "digest", name=op.f("uq_iam_signing_certificates_account_digest")),
    )
    op.create_index("ix_iam_signing_certificates_user_id", "iam_signing_certificates", ["user_id"])
    op.create_table(
        "iam_server_certificates",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_server_certificates")),
        sa.UniqueConstraint("account", "name_key", name=op.f("uq_iam_server_certificates_account_name_key")),
    )
    op.create_table(
        "iam_service_credentials",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("service", sa.String(length=128), nullable=False),
        sa.Column("alias", sa.String(length=200), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["iam_users.id"], name=op.f("fk_iam_service_credentials_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_service_credentials")),
    )
    op.create_index("ix_iam_service_credentials_user_id", "iam_service_credentials", ["user_id"])
    op.create_table(
        "iam_service_uses",
        sa.Column("owner_id", sa.String(length=32), nullable=False),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "service", name=op.f("pk_iam_service_uses")),
    )
    op.create_table(
        "iam_access_reports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("arn", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_access_reports")),
    )
