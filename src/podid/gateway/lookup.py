"""What rules ask about things that exist: their owners and full ARNs, from IAM's tables and from moto's state."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from podid.iam import Iam
from podid.iam.entities import GROUP, INSTANCE_PROFILE, ROLE, USER, Kind, find
from podid.store import Store

_KINDS: Mapping[str, Kind] = {
    "role": ROLE,
    "user": USER,
    "group": GROUP,
    "instance-profile": INSTANCE_PROFILE,
}


class Existing:
    """The `Lookup` of a running installation."""

    def __init__(self, store: Store, iam: Iam, *, buckets: bool) -> None:
        self._store = store
        self._iam = iam
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

    def bucket_owner(self, bucket: str) -> str | None:
        """The account of a bucket. Where moto's S3 was never asked anything, there is none; where S3 is not served, nobody can know."""
        if not self._buckets:
            return ""
        s3 = sys.modules.get("moto.s3.models")
        if s3 is None or not bucket:
            return None
        owner = s3.s3_backends.bucket_accounts.get(bucket)
        return None if owner is None else str(owner[1])

    def full_arn(self, service: str, account: str, region: str, kind: str, name: str) -> str | None:
        """The ARN behind a name; None where there is no such thing, or the ARN can be written from its name."""
        return None
