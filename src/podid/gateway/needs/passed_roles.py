"""iam:PassRole: who gives a role to a service must be allowed to, role by role.

A role is given where a call that changes something has its ARN in a member named for a role (`RoleArn`, `serviceRole`, `credentials`, …), at
whatever depth, or its name where a service takes names; or where it starts instances with a profile that holds one. Who only names a role,
or takes it away, passes nothing.

Sources: IAM user guide, "Grant a user permissions to pass a role to an AWS service"; the services' own guides for principals and exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from podid.gateway.needs.bounds import bounded
from podid.gateway.needs.need import Asked, Need
from podid.gateway.needs.role_receivers import receiver

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/(?!aws-service-role/).+")
_NAME = re.compile(r"[\w+=,.@-]{1,64}")
_MEMBER = re.compile(r"role|credentials(?:arn)?$|^snscallerarn$|^deliverlogspermissionarn$", re.IGNORECASE)
_READS = re.compile(r"(?:List|Get|Describe|BatchGet|Search|Query|Scan|Delete|Disassociate|Untag|Tag)[A-Z]")
_READS_NOT = frozenset({("cloudformation", "DeleteStack")})
"""Operations of such a name that give a role all the same."""
_PASS_NOTHING = frozenset(
    {
        ("rds", "RemoveRoleFromDBCluster"),
        ("rds", "RemoveRoleFromDBInstance"),
        ("ec2", "CreateLaunchTemplate"),  # whoever starts an instance from it passes its role
        ("ec2", "CreateLaunchTemplateVersion"),
        ("securityhub", "BatchImportFindings"),
        ("organizations", "CreateAccount"),
        ("organizations", "CreateGovCloudAccount"),
    }
)
_TAKEN_AWAY = frozenset({"RemoveIamRoles"})
_BY_NAME: Mapping[str, frozenset[str]] = {
    # services that take a role by its name: the members
    "batch": frozenset({"serviceRole"}),
    "codebuild": frozenset({"serviceRole"}),
    "ecs": frozenset({"role", "taskRoleArn", "executionRoleArn"}),
    "emr": frozenset({"ServiceRole", "AutoScalingRole"}),
    "glue": frozenset({"Role"}),
    "ssm": frozenset({"IamRole"}),
}
_PROFILES = frozenset({"IamInstanceProfile", "instanceRole", "JobFlowRole"})
"""Members that hold an instance profile: its name, its ARN, or a structure of either."""
_DEEPEST = 16


class _Given(Struct, frozen=True):
    """A role as a call gives it, and the member that it stands in."""

    member: str
    role: str


def passed_roles(asked: Asked, associated: str = "") -> Iterator[Need]:
    """The needs of every role that a call gives away; `associated` is the ARN of what it is given for, where that is known."""
    model, operation = asked.service.model, asked.operation
    if (model, operation) in _PASS_NOTHING:
        return
    if _READS.match(operation) and (model, operation) not in _READS_NOT:
        return
    with_ = (
        {"iam:AssociatedResourceArn": (associated,)} if associated.startswith("arn:") and "*" not in associated else {}
    )
    seen: set[tuple[str, str]] = set()
    for given in _roles(asked, asked.members, "", depth=0):
        service = receiver(asked, given.member)
        if (given.role, service) not in seen:
            seen.add((given.role, service))
            context = {"iam:PassedToService": (service,), **with_}
            yield Need(action="iam:PassRole", resource=given.role, context=context)


def _roles(asked: Asked, value: Any, member: str, *, depth: int) -> Iterator[_Given]:
    """The roles below a value that stands in a member."""
    if isinstance(value, str):
        if member in _PROFILES:
            yield from _of_profile(asked, member, value)
        elif _ROLE.fullmatch(value):
            if _MEMBER.search(member):
                yield _Given(member, value)
        elif depth <= 2 and member in _BY_NAME.get(asked.service.model, ()) and _NAME.fullmatch(value):
            found = asked.lookup.iam_arn(asked.call.account, "role", value)
            yield _Given(member, found or asked.arn(f"role/{value}", service="iam", region=""))
    elif depth < _DEEPEST:
        if isinstance(value, dict):
            yield from _of_structure(asked, value, member, depth)
        elif isinstance(value, list | tuple):
            for inner in bounded(value):
                yield from _roles(asked, inner, member, depth=depth)


def _of_structure(asked: Asked, value: Mapping[str, Any], member: str, depth: int) -> Iterator[_Given]:
    if member in _PROFILES:
        yield from _of_profile(asked, member, str(value.get("Arn") or value.get("Name") or ""))
        return
    if member == "LaunchTemplate":
        yield from _of_launch_template(asked, value)
        return
    # `{"path": "/cloudwatchRoleArn", "value": ARN}` of API Gateway, `{"AttributeName": "…RoleArn", "AttributeValue": ARN}` of SNS
    named = str(value.get("path") or value.get("AttributeName") or "").rpartition("/")[2]
    for name, inner in list(bounded(value).items()):
        if name not in _TAKEN_AWAY:
            inner_member = named if named and name in ("value", "AttributeValue") else str(name)
            yield from _roles(asked, inner, inner_member, depth=depth + 1)


def _of_profile(asked: Asked, member: str, text: str) -> Iterator[_Given]:
    name = text.rpartition("/")[2]
    for arn in asked.lookup.roles_of_profile(asked.call.account, name) if name else ():
        yield _Given(member, arn)


def _of_launch_template(asked: Asked, template: Mapping[str, Any]) -> Iterator[_Given]:
    """The role in the profile that a launch template has, unless the call says another."""
    if asked.members.get("IamInstanceProfile"):
        return
    name = str(template.get("LaunchTemplateId") or template.get("LaunchTemplateName") or "")
    version = str(template.get("Version") or "$Default")
    data = asked.lookup.launch_template(asked.call.account, asked.call.region, name, version)
    profile = data.get("IamInstanceProfile")
    if isinstance(profile, Mapping):
        yield from _of_profile(asked, "IamInstanceProfile", str(profile.get("Arn") or profile.get("Name") or ""))
