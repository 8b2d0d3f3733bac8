"""IAM: roles, users, groups, policies, access keys, instance profiles, identity providers; and the authorizer that decides by them.

Everything is kept in the store, keyed by account. It knows the policy engine and the store, and nothing of STS, EKS or HTTP.
"""

from __future__ import annotations

from podid.iam.authorizer import Authorizer, request_of, why
from podid.iam.key import Key
from podid.iam.principal_context import principal_context, time_context
from podid.iam.role import Role
from podid.iam.sealed_columns import unreadable_secrets
from podid.iam.service import Iam

__all__ = [
    "Authorizer",
    "Iam",
    "Key",
    "Role",
    "principal_context",
    "request_of",
    "time_context",
    "unreadable_secrets",
    "why",
]
