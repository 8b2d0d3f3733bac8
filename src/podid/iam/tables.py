"""The tables of IAM.

Roles, users and groups are *owners*: policies, tags and attachments hang on their unique ids (AROA…, AIDA…, AGPA…), which never come
back once deleted. `name_key` is the lower-cased name: IAM's names are unique without regard to case and keep their case.
Documents are kept as texts, as they were given.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from podid.store import Instant, metadata


def _named() -> tuple[Any, ...]:
    """The columns that everything with a unique id, a name and a path has."""
    return (
        Column("id", String(32), primary_key=True),
        Column("account", String(12), nullable=False),
        Column("name", String(128), nullable=False),
        Column("name_key", String(128), nullable=False),
        Column("path", String(512), nullable=False),
        Column("created_at", Instant, nullable=False),
        UniqueConstraint("account", "name_key"),
    )


ROLES = Table(
    "iam_roles",
    metadata,
    *_named(),
    Column("trust", Text, nullable=False),
    # Which unique id each role or user ARN in `trust` stood for when it was stored: {arn: id}.
    Column("trust_ids", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("max_session_duration", Integer, nullable=False),
    Column("boundary_arn", Text, nullable=False),
    Column("service", String(128), nullable=False),  # the service a service-linked role belongs to
    Column("last_used_at", Instant),
    Column("last_used_region", String(32)),
    Column("max_signin_seconds", Integer),  # of a console session
)

USERS = Table("iam_users", metadata, *_named(), Column("boundary_arn", Text, nullable=False))

GROUPS = Table("iam_groups", metadata, *_named())

MEMBERSHIPS = Table(
    "iam_memberships",
    metadata,
    Column("group_id", String(32), ForeignKey("iam_groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", String(32), ForeignKey("iam_users.id", ondelete="CASCADE"), primary_key=True),
    Column("joined_at", Instant, nullable=False),
    Index("ix_iam_memberships_user_id", "user_id"),
)

POLICIES = Table(
    "iam_policies",
    metadata,
    *_named(),
    Column("description", Text, nullable=False),
    Column("default_version", Integer, nullable=False),
    Column("last_version", Integer, nullable=False),  # version numbers are not used again
    Column("updated_at", Instant, nullable=False),
)

POLICY_VERSIONS = Table(
    "iam_policy_versions",
    metadata,
    Column("policy_id", String(32), ForeignKey("iam_policies.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

INLINE_POLICIES = Table(
    "iam_inline_policies",
    metadata,
    Column("owner_id", String(32), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("document", Text, nullable=False),
)

ATTACHMENTS = Table(
    "iam_attachments",
    metadata,
    Column("owner_id", String(32), primary_key=True),
    Column("policy_arn", String(700), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("attached_at", Instant, nullable=False),
    Index("ix_iam_attachments_account_policy_arn", "account", "policy_arn"),
)

TAGS = Table(
    "iam_tags",
    metadata,
    Column("owner_id", String(700), primary_key=True),  # a unique id, or the ARN of an identity provider
    Column("tag_key_folded", String(128), primary_key=True),  # keys are compared without case and keep it
    Column("tag_key", String(128), nullable=False),
    Column("tag_value", String(256), nullable=False),
)

INSTANCE_PROFILES = Table(
    "iam_instance_profiles",
    metadata,
    *_named(),
    Column("role_id", String(32), ForeignKey("iam_roles.id"), index=True),
)

ACCESS_KEYS = Table(
    "iam_access_keys",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("user_id", String(32), ForeignKey("iam_users.id"), nullable=False, index=True),
    Column("secret", LargeBinary, nullable=False),  # encrypted with the master key
    Column("active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("last_used_service", String(64)),
    Column("last_used_region", String(32)),
)

OIDC_PROVIDERS = Table(
    "iam_oidc_providers",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("url", String(255), primary_key=True),  # without https://
    Column("client_ids", Text, nullable=False),
    Column("thumbprints", Text, nullable=False),
    Column("jwks", Text, nullable=False),  # keys given at registration (an extension); empty: they are fetched
    Column("created_at", Instant, nullable=False),
)

SAML_PROVIDERS = Table(
    "iam_saml_providers",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("metadata", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("valid_until", Instant, nullable=False),
)

ACCOUNTS = Table(
    "iam_accounts",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("alias", String(63), unique=True),
    Column("password_policy", Text, nullable=False),
    Column("credential_report", Text, nullable=False),
    Column("credential_report_at", Instant),
)

ACCOUNT_SETTINGS = Table(
    "iam_account_settings",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("name", String(300), primary_key=True),
    Column("value", Text, nullable=False),
)

LOGIN_PROFILES = Table(
    "iam_login_profiles",
    metadata,
    Column("user_id", String(32), ForeignKey("iam_users.id"), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("earlier_hashes", Text, nullable=False),  # a JSON list, the newest first
    Column("reset_required", Boolean, nullable=False),
    Column("max_signin_seconds", Integer),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

MFA_DEVICES = Table(
    "iam_mfa_devices",
    metadata,
    Column("serial", String(700), primary_key=True),  # its ARN
    Column("account", String(12), nullable=False, index=True),
    Column("seed", LargeBinary, nullable=False),  # encrypted with the master key
    Column("created_at", Instant, nullable=False),
    Column("user_id", String(32), ForeignKey("iam_users.id"), index=True),  # whom it was enabled for
    Column("enabled_at", Instant),
    Column("drift", Integer, nullable=False),  # steps that its clock is ahead of ours
    Column("last_step", BigInteger, nullable=False),  # no code of this step or an earlier one is taken again
    Column("failures", Integer, nullable=False),  # wrong codes since the last right one
    Column("failed_at", Instant),
)

SSH_PUBLIC_KEYS = Table(
    "iam_ssh_public_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", String(32), ForeignKey("iam_users.id"), nullable=False, index=True),
    Column("body", Text, nullable=False),  # as OpenSSH writes it
    Column("fingerprint", String(48), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("uploaded_at", Instant, nullable=False),
)

SIGNING_CERTIFICATES = Table(
    "iam_signing_certificates",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("user_id", String(32), ForeignKey("iam_users.id"), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("uploaded_at", Instant, nullable=False),
    UniqueConstraint("account", "digest"),
)

SERVER_CERTIFICATES = Table(
    "iam_server_certificates",
    metadata,
    *_named(),
    Column("body", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Column("private_key", LargeBinary, nullable=False),  # encrypted with the master key
    Column("expires_at", Instant, nullable=False),
)

SERVICE_CREDENTIALS = Table(
    "iam_service_credentials",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", String(32), ForeignKey("iam_users.id"), nullable=False, index=True),
    Column("service", String(128), nullable=False),
    Column("alias", String(200), nullable=False),  # the user name to give to that service
    Column("secret_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
)

SERVICE_USES = Table(
    "iam_service_uses",
    metadata,
    Column("owner_id", String(32), primary_key=True),
    Column("service", String(64), primary_key=True),
    Column("used_at", Instant, nullable=False),
    Column("region", String(32), nullable=False),
)

ACCESS_REPORTS = Table(
    "iam_access_reports",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("asked_by", Text, nullable=False),  # only whoever asked for a report may read it
    Column("arn", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("report", Text, nullable=False),
)
