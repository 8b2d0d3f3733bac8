"""Tags on what IAM holds: at most 50, keys compared without case.

Source: IAM user guide, "Tags for AWS Identity and Access Management resources", and the service model's tagKeyType and tagValueType.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from podid.core.caller import Output
from podid.iam.errors import InvalidInput, LimitExceeded, ValidationError
from podid.iam.tables import TAGS

MAX_TAGS = 50
_ALLOWED = re.compile(r"[\w\s_.:/=+\-@]*")
"""The model's [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@], as near as `re` comes: \\w has letters and digits of all scripts, \\s the blanks."""

WireTags = Sequence[Mapping[str, Any]]


def read_tags(tags: WireTags | None) -> dict[str, str]:
    """Tags of a request. Raises InvalidInput for doubled keys, LimitExceeded for more than 50, ValidationError for bad characters."""
    read: dict[str, str] = {}
    folded = set()
    for tag in tags or ():
        key, value = str(tag["Key"]), str(tag["Value"])
        if (
            not key
            or len(key) > 128
            or len(value) > 256
            or not _ALLOWED.fullmatch(key)
            or not _ALLOWED.fullmatch(value)
        ):
            raise ValidationError(f"The tag {key[:128]!r} has characters or a length that tags may not have.")
        if key.lower().startswith("aws:"):
            raise InvalidInput("The tag key prefix aws: is reserved.")
        if key.lower() in folded:
            raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        folded.add(key.lower())
        read[key] = value
    if len(read) > MAX_TAGS:
        raise _too_many()
    return read


def add_tags(connection: Connection, owner: str, tags: Mapping[str, str]) -> None:
    """Set tags of one owner; those of the same key, in any case, are replaced. Raises LimitExceeded."""
    if not tags:
        return
    kept = {key.lower() for key in tags_of(connection, owner)} | {key.lower() for key in tags}
    if len(kept) > MAX_TAGS:
        raise _too_many()
    remove_tags(connection, owner, tags)
    connection.execute(
        insert(TAGS),
        [
            {"owner_id": owner, "tag_key_folded": key.lower(), "tag_key": key, "tag_value": value}
            for key, value in tags.items()
        ],
    )


def remove_tags(connection: Connection, owner: str, keys: Iterable[str]) -> None:
    folded = [key.lower() for key in keys]
    connection.execute(delete(TAGS).where(TAGS.c.owner_id == owner, TAGS.c.tag_key_folded.in_(folded)))


def remove_all_tags(connection: Connection, owner: str) -> None:
    connection.execute(delete(TAGS).where(TAGS.c.owner_id == owner))


def tags_of(connection: Connection, owner: str) -> dict[str, str]:
    """The tags of one owner, by key."""
    rows = connection.execute(select(TAGS).where(TAGS.c.owner_id == owner).order_by(TAGS.c.tag_key_folded))
    return {row.tag_key: row.tag_value for row in rows}


def shown(tags: Mapping[str, str]) -> list[Output]:
    """Tags as answers carry them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def with_tags(members: Output, tags: Mapping[str, str]) -> Output:
    """An answer's members with `Tags`, which IAM leaves out where there are none."""
    return {**members, "Tags": shown(tags)} if tags else members


def _too_many() -> LimitExceeded:
    return LimitExceeded("The number of tags has reached the maximum limit.")
