"""The policies that hang on a role or a user: its own, those attached, those of the user's groups, and its boundary."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from podid.core.policy import NamedPolicy, PolicyKind, PolicySet
from podid.iam import documents
from podid.iam.entities import ROLE, USER, by_id
from podid.iam.managed import default_documents
from podid.iam.state import IamState
from podid.iam.tables import ATTACHMENTS, INLINE_POLICIES, MEMBERSHIPS


def load_policies(connection: Connection, state: IamState, owner: str) -> PolicySet:
    """Every policy that bears on the role or user with that unique id; none where it is gone.

    A boundary whose policy is gone allows nothing: it cannot be deleted while it bounds somebody, so this is a fault, and a fault denies.
    """
    kind = ROLE if owner.startswith(ROLE.prefix) else USER
    row = by_id(connection, kind, owner)
    if row is None:
        return PolicySet()
    owners = [owner]
    if kind is USER:
        groups = connection.execute(select(MEMBERSHIPS.c.group_id).where(MEMBERSHIPS.c.user_id == owner)).scalars()
        owners += groups
    identity = (*_inline(connection, owners), *_attached(connection, state, owners))
    if not row.boundary_arn:
        return PolicySet(identity=identity)
    text = default_documents(connection, state, [row.boundary_arn]).get(row.boundary_arn)
    if text is None:
        return PolicySet()
    return PolicySet(identity=identity, boundary=managed_policy(row.boundary_arn, text, PolicyKind.BOUNDARY))


def managed_policy(arn: str, text: str, kind: PolicyKind = PolicyKind.IDENTITY) -> NamedPolicy:
    """A managed policy's document as decisions take it."""
    return NamedPolicy(arn.rpartition("/")[2], documents.stored(text, kind), arn)


def _inline(connection: Connection, owners: Sequence[str]) -> list[NamedPolicy]:
    table = INLINE_POLICIES
    rows = connection.execute(
        select(table).where(table.c.owner_id.in_(owners)).order_by(table.c.owner_id, table.c.name)
    )
    return [NamedPolicy(row.name, documents.stored(row.document, PolicyKind.IDENTITY)) for row in rows]


def _attached(connection: Connection, state: IamState, owners: Sequence[str]) -> list[NamedPolicy]:
    table = ATTACHMENTS
    arns = connection.execute(
        select(table.c.policy_arn).distinct().where(table.c.owner_id.in_(owners)).order_by(table.c.policy_arn)
    ).scalars()
    return [managed_policy(arn, text) for arn, text in default_documents(connection, state, list(arns)).items()]
