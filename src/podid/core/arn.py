"""Amazon Resource Names: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.

Source: the IAM user guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct


class Arn(Struct, frozen=True):
    """The six parts of an ARN. `region` and `account` may be empty; `resource` is everything after the fifth colon."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn:
    """Split an ARN into its parts.

    Raises ValueError, quoting the text, where it has fewer than six parts, does not begin with `arn`, or names no partition,
    service or resource.
    """
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
        raise ValueError(f"{text[:200]!r} is not an ARN: expected arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE")
    return Arn(*parts[1:])


def is_arn(text: str) -> bool:
    """Whether `text` has the form of an ARN."""
    try:
        parse_arn(text)
    except ValueError:
        return False
    return True


@lru_cache(256)
def partition_of(region: str) -> str:
    """The partition a region belongs to."""
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"
