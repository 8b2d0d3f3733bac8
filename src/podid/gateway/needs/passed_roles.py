"""iam:PassRole: who gives a role to a service must be allowed to, role by role.

A role is given where a call that changes something has its ARN in a member named for a role (`RoleArn`, `serviceRole`, …), at whatever depth,
or starts an instance with a profile that holds one. Source: IAM user guide, "Grant a user permissions to pass a role to an AWS service".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from podid.gateway.needs.need import Asked, Need

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/(?!aws-service-role/).+")
_MEMBER = re.compile(r"role(?:arn)?", re.IGNORECASE)
_READS = re.compile(r"(?:List|Get|Describe|BatchGet|Search|Query|Scan|Delete|Disassociate|Untag|Tag)[A-Z]")
_DEEPEST = 6
_MOST = 50

_PRINCIPALS: Mapping[str, str] = {
    "stepfunctions": "states.amazonaws.com",
    "efs": "elasticfilesystem.amazonaws.com",
    "ecs": "ecs-tasks.amazonaws.com",
    "cloudwatch": "monitoring.amazonaws.com",
    "iot-data": "iot.amazonaws.com",
    "pinpoint": "pinpoint.amazonaws.com",
    "memorydb": "memorydb.amazonaws.com",
}
"""Services whose principal is not their signing name."""


def passed_roles(asked: Asked) -> Iterator[Need]:
    """The needs of every role that a call gives away."""
    if _READS.match(asked.operation):
        return
    service = _PRINCIPALS.get(asked.service.model, f"{asked.service.signing_name}.amazonaws.com")
    for arn in dict.fromkeys(_roles(asked.members, given=False, depth=0)):
        yield Need(action="iam:PassRole", resource=arn, context={"iam:PassedToService": (service,)})
    if asked.service.model == "ec2":
        for arn in _roles_of_profile(asked):
            yield Need(action="iam:PassRole", resource=arn, context={"iam:PassedToService": ("ec2.amazonaws.com",)})


def _roles(value: Any, *, given: bool, depth: int) -> Iterator[str]:
    """The role ARNs below a value; `given` says whether the member it stands in is named for a role."""
    if isinstance(value, str):
        if given and _ROLE.fullmatch(value):
            yield value
    elif depth < _DEEPEST:
        if isinstance(value, dict):
            for name, inner in list(value.items())[:_MOST]:
                yield from _roles(inner, given=bool(_MEMBER.search(str(name))), depth=depth + 1)
        elif isinstance(value, list | tuple):
            for inner in value[:_MOST]:
                yield from _roles(inner, given=given, depth=depth + 1)


def _roles_of_profile(asked: Asked) -> tuple[str, ...]:
    profile = asked.members.get("IamInstanceProfile")
    data = asked.members.get("LaunchTemplateData") or asked.members.get("LaunchSpecification")
    if profile is None and isinstance(data, dict):
        profile = data.get("IamInstanceProfile")
    if not isinstance(profile, dict):
        return ()
    name = str(profile.get("Name") or profile.get("Arn") or "").rpartition("/")[2]
    return asked.lookup.roles_of_profile(asked.call.account, name) if name else ()
