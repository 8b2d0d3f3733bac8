"""The tables of IAM.

Roles, users and groups are *owners*: policies, tags and attachments hang on their unique ids (AROA…, AIDA…, AGPA…), which never come
back once deleted. `name_key` is the lower-cased name: IAM's names are unique without regard to case and keep their case.
Documents are kept as texts, as they were given.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

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
