"""Permissions boundaries of users and roles."""

from __future__ import annotations

from sqlalchemy import Connection

from podid.core.caller import Output
from podid.iam.entities import POLICY, parse_entity_arn
from podid.iam.errors import InvalidParameterValue, NoSuchEntity
from podid.iam.managed import find_policy
from podid.iam.state import IamState


def check_boundary(connection: Connection, state: IamState, account: str, arn: str) -> None:
    """Whether a policy may bound somebody of this account. Raises InvalidParameterValue for another account's, NoSuchEntity for a missing one."""
    parsed = parse_entity_arn(POLICY, arn)
    if parsed is None or parsed[0] not in (account, "aws"):
        raise InvalidParameterValue(f"Value ({arn}) for parameter PermissionsBoundary is invalid.")
    if find_policy(connection, state, arn) is None:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")


def shown_boundary(arn: str) -> Output:
    """The member `PermissionsBoundary` of a user or role, left out where there is none."""
    if not arn:
        return {}
    return {
        "PermissionsBoundary": {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    }
