"""The IAM roles and users that access entries name: whether they are there, and as who."""

from __future__ import annotations

from sqlalchemy import Connection

from podid.eks.access_entry import read_principal
from podid.iam.entities import ROLE, USER, by_arn


def principal_id(connection: Connection, principal_arn: str) -> str | None:
    """The unique id of a role or user (AROA…, AIDA…), the account for its root; None where there is no such principal."""
    identity = read_principal(principal_arn)
    if identity is None:
        return None
    if identity.kind == "root":
        return identity.account
    kind = ROLE if identity.kind == "role" else USER
    row = by_arn(connection, kind, principal_arn)
    # Names are looked up without regard to case, and ARNs have it.
    return str(row.id) if row is not None and kind.arn(identity.partition, row) == principal_arn else None
