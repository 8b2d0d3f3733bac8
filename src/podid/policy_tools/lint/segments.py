"""ARNs whose author seems to have counted on wildcards that reach over colons: `arn:aws:sqs:u*3333:queue` has five fields, and stays so.

Source: the IAM user guide, "IAM JSON policy elements: Resource", on wildcards in segments.
"""

from __future__ import annotations

from collections.abc import Iterator

from podid.core.policy.syntax import Variable, Wild, is_incomplete, resource_template
from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.look import Look


def check(look: Look) -> Iterator[Remark]:
    for part in look.parts:
        for value, path in part.resources:
            if is_incomplete(value) and _stops(value):
                yield Remark(
                    "wildcard-stops-at-colon",
                    path,
                    f"{value} has fewer than six fields, and its wildcards reach over no colon",
                    "write all fields, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or end a field with *",
                )


def _stops(value: str) -> bool:
    """Whether every wildcard stays within its segment, and there is one."""
    wilds = [part for part in resource_template(value, variables=False) if not isinstance(part, str | Variable)]
    return bool(wilds) and Wild.ANY not in wilds
