"""What rules ask about things that exist: their owners and full ARNs, from IAM's tables and from moto's state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from podid.eks import Eks
from podid.gateway import names, resource_keys, resource_tags
from podid.gateway.loaded import loaded
from podid.iam import Iam
from podid.iam.entities import (
    GROUP,
    INSTANCE_PROFILE,
    ROLE,
    SERVER_CERTIFICATE,
    USER,
    Kind,
    by_id,
    find,
    parse_entity_arn,
)
from podid.iam.tagging import tags_of
from podid.store import Store

_OF_EKS = re.compile(r"arn:[^:]+:eks:")

_KINDS: Mapping[str, Kind] = {
    "role": ROLE,
    "user": USER,
    "group": GROUP,
    "instance-profile": INSTANCE_PROFILE,
    "server-certificate": SERVER_CERTIFICATE,
}


class Existing:
    """The `Lookup` of a running installation."""

    def __init__(self, store: Store, iam: Iam, eks: Eks, *, buckets: bool) -> None:
        self._store = store
        self._iam = iam
        self._eks = eks
        self._buckets = buckets

    def iam_arn(self, account: str, kind: str, name: str) -> str | None:
        """The ARN, with its path, of something IAM holds."""
        if kind == "role":
            role = self._iam.role(account, name)
            return None if role is None else role.arn
        found = _KINDS.get(kind)
        if found is None:
            return None
        with self._store.read() as connection:
            row = find(connection, found, account, name)
        return None if row is None else found.arn(self._iam.partition, row)

    def roles_of_profile(self, account: str, name: str) -> tuple[str, ...]:
        """The ARN of the role in an instance profile."""
        with self._store.read() as connection:
            profile = find(connection, INSTANCE_PROFILE, account, name)
            role = by_id(connection, ROLE, profile.role_id) if profile is not None and profile.role_id else None
        return () if role is None else (ROLE.arn(self._iam.partition, role),)

    def bucket_owner(self, bucket: str) -> str | None:
        """The account of a bucket. Where moto's S3 was never asked anything, there is none; where S3 is not served, nobody can know."""
        if not self._buckets:
            return ""
        s3 = loaded("moto.s3.models")
        if s3 is None or not bucket:
            return None
        owner = s3.s3_backends.bucket_accounts.get(bucket)
        return None if owner is None else str(owner[1])

    def full_arn(self, service: str, account: str, region: str, kind: str, name: str) -> str | None:
        """The ARN behind a name; None where there is no such thing, or the ARN can be written from its name."""
        finder = names.FINDERS.get((service, kind))
        return None if finder is None else finder(account, region, name)

    def launch_template(self, account: str, region: str, name: str, version: str) -> Mapping[str, Any]:
        """What a version of a launch template gives an instance."""
        return names.template_data(account, region, name, version)

    def tags_of(self, resource: str) -> Mapping[str, str]:
        """The tags of a resource as it is now."""
        if _OF_EKS.match(resource):
            return self._eks.tags_of(resource) or {}
        if ":iam::" in resource:
            return self._tags_in_iam(resource)
        return resource_tags.of_moto(resource)

    def keys_of(self, resource: str) -> Mapping[str, tuple[str, ...]]:
        """What a resource is, as condition keys have it."""
        if _OF_EKS.match(resource):
            return self._eks.keys_of(resource)
        if ":iam::" not in resource:
            return resource_keys.of_moto(resource)
        role = self._iam.role_by_arn(resource)
        boundary = role.boundary_arn if role is not None else self._boundary_of_user(resource)
        return {"iam:PermissionsBoundary": (boundary,)} if boundary else {}

    def _boundary_of_user(self, resource: str) -> str:
        user = parse_entity_arn(USER, resource)
        if user is None:
            return ""
        account, _, name = user
        with self._store.read() as connection:
            row = find(connection, USER, account, name)
        return "" if row is None else str(row.boundary_arn or "")

    def _tags_in_iam(self, resource: str) -> Mapping[str, str]:
        role = self._iam.role_by_arn(resource)
        if role is not None:
            return role.tags
        user = parse_entity_arn(USER, resource)
        if user is None:
            return {}
        account, _, name = user
        with self._store.read() as connection:
            row = find(connection, USER, account, name)
            return {} if row is None else tags_of(connection, row.id)
