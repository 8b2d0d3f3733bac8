"""moto's IAM, made to show ours.

Services of moto ask moto's own IAM whether a role or an instance profile exists (Lambda, Batch, EC2, SES, CodePipeline), and Organizations makes
a role in each new account. There is one truth: what they see is what podid's IAM holds, read through its API at the time of asking, and
what they make is made there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from podid.core.caller import Input, Output
from podid.core.errors import AwsError

AskIam = Callable[[str, str, Input], Output]
"""Calls an operation of podid's IAM for an account: (account, operation, members)."""


class _Roles(dict[str, Any]):
    """Roles by their ids; a role's ARN is said to be in it too, which SES asks."""

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or any(role.arn == key for role in self.values())


_shown: list[AskIam] = []
"""Whose roles moto shows now: moto's IAM is one for the whole process."""


def shows(ask: AskIam) -> bool:
    """Whether moto's IAM answers with what `ask` tells."""
    return bool(_shown) and _shown[-1] is ask


def show(ask: AskIam) -> None:
    """Have moto's IAM answer with podid's roles and instance profiles, from now on, in every account."""
    _shown[:] = [ask]
    import moto.iam.models
    from moto.iam.exceptions import EntityAlreadyExists, NotFoundException

    models: Any = moto.iam.models

    def role_of(backend: Any, told: Output) -> Any:
        return models.Role(
            account_id=backend.account_id,
            partition=backend.partition,
            role_id=told["RoleId"],
            name=told["RoleName"],
            assume_role_policy_document=unquote(told["AssumeRolePolicyDocument"]),
            path=told["Path"],
            permissions_boundary=(told.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
            description=told.get("Description") or "",
            tags=list(told.get("Tags") or ()),
            max_session_duration=str(told.get("MaxSessionDuration") or 3600),
        )

    def profile_of(backend: Any, told: Output) -> Any:
        return models.InstanceProfile(
            account_id=backend.account_id,
            region_name="us-east-1",
            instance_profile_id=told["InstanceProfileId"],
            name=told["InstanceProfileName"],
            path=told["Path"],
            roles=[role_of(backend, role) for role in told.get("Roles") or ()],
        )

    def roles(backend: Any) -> dict[str, Any]:
        return _Roles((role["RoleId"], role_of(backend, role)) for role in _pages(ask, backend, "ListRoles", "Roles"))

    def profiles(backend: Any) -> dict[str, Any]:
        return {
            profile["InstanceProfileName"]: profile_of(backend, profile)
            for profile in _pages(ask, backend, "ListInstanceProfiles", "InstanceProfiles")
        }

    def get_role(backend: Any, role_name: str) -> Any:
        try:
            return role_of(backend, ask(backend.account_id, "GetRole", {"RoleName": role_name})["Role"])
        except AwsError as error:
            raise NotFoundException(f"Role {role_name} not found") from error

    def get_role_by_arn(backend: Any, arn: str) -> Any:
        role = get_role(backend, arn.rpartition("/")[2])
        if role.arn != arn:
            raise NotFoundException(f"Role {arn} not found")
        return role

    def create_role(backend: Any, role_name: str, assume_role_policy_document: str, path: str, **_named: Any) -> Any:
        members = {"RoleName": role_name, "AssumeRolePolicyDocument": assume_role_policy_document, "Path": path or "/"}
        try:
            return role_of(backend, ask(backend.account_id, "CreateRole", members)["Role"])
        except AwsError as error:
            if error.code == "EntityAlreadyExists":
                raise EntityAlreadyExists(error.public) from error
            raise

    def keep_nothing(_backend: Any, _value: Any) -> None:
        """moto's own dictionaries stay unused."""

    backend: Any = models.IAMBackend
    backend.roles = property(roles, keep_nothing)
    backend.instance_profiles = property(profiles, keep_nothing)
    backend.get_role = get_role
    backend.get_role_by_arn = get_role_by_arn
    backend.create_role = create_role


def _pages(ask: AskIam, backend: Any, operation: str, member: str) -> list[Output]:
    found: list[Output] = []
    asked: Input = {"MaxItems": 1000}
    while True:
        told = ask(backend.account_id, operation, asked)
        found += told[member]
        if not told.get("IsTruncated"):
            return found
        asked = {"MaxItems": 1000, "Marker": told["Marker"]}
