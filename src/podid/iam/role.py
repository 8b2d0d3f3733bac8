"""A role as decisions need it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection

from podid.core.policy import Policy, PolicyKind
from podid.iam import documents
from podid.iam.entities import ROLE
from podid.iam.tagging import tags_of
from podid.iam.trust import current_arns, trust_today


class Role(Struct, frozen=True, kw_only=True):
    """One role. `trust` is its trust policy with principals as they are called today; `service` is set for a service-linked role."""

    account: str
    name: str
    path: str
    arn: str
    id: str
    trust: Policy
    trust_text: str
    max_session_duration: int
    """Seconds, 3600 to 43200. It does not bound sessions that AWS services start."""
    tags: Mapping[str, str]
    created_at: datetime
    description: str = ""
    boundary_arn: str = ""
    service: str = ""


def role_of_row(connection: Connection, row: Any, partition: str) -> Role:
    """The role of a row of the roles' table."""
    ids = json.loads(row.trust_ids)
    trust_text = trust_today(row.trust, ids, current_arns(connection, ids.values(), partition))
    return Role(
        account=row.account,
        name=row.name,
        path=row.path,
        arn=ROLE.arn(partition, row),
        id=row.id,
        trust=documents.stored(trust_text, PolicyKind.TRUST),
        trust_text=trust_text,
        max_session_duration=row.max_session_duration,
        tags=tags_of(connection, row.id),
        created_at=row.created_at,
        description=row.description,
        boundary_arn=row.boundary_arn,
        service=row.service,
    )
