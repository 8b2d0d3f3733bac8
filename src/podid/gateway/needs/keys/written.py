"""The condition keys that are read otherwise than from the member of the same name, by service."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from podid.gateway.needs.keys import dynamodb, ec2, kms, others
from podid.gateway.needs.keys.reference import Key
from podid.gateway.needs.keys.values import Reader, Values
from podid.gateway.needs.need import Asked, Need

Family = Callable[[Asked, Need], Mapping[str, Values]]
"""From a call, and what it needs, to the keys of a family, each with its values."""

_READERS: Mapping[str, Mapping[str, Reader]] = {
    "dynamodb": dynamodb.READERS,
    "ec2": ec2.READERS,
    "kms": kms.READERS,
    **others.READERS,
}
_FAMILIES: Mapping[str, Family] = {**ec2.FAMILIES, **kms.FAMILIES, **dynamodb.FAMILIES, **others.FAMILIES}

_CREATING = ("Create", "Run", "Request", "Allocate", "Import", "Register", "Copy", "Provision", "Purchase", "Restore")
_ABSENT = (
    "bedrock-agentcore:inboundjwtclaim/",
    "cognito-identity-auth:",
    "cognito-identity-unauth:",
    "ec2:managedresourceoperator",
    "ec2:productcode",
    "glue:lakeformationpermissions",
    "iam:fido-",
    "kms:recipientattestation:",
    "kms:viaservice",
    "ssm:sourceinstancearn",
)
"""How keys begin that no call of podid's has: they tell of enclaves, security keys, products, or services that act for others."""

OF_RULES = frozenset(
    {
        "dynamodb:enclosingoperation",
        "ec2:createaction",
        "ecs:createaction",
        "elasticfilesystem:createaction",
        "elasticloadbalancing:createaction",
        "iam:associatedresourcearn",
        "iam:passedtoservice",
    }
)
"""Keys that come with the need itself, from the rule that made it."""


def knows(key: Key) -> bool:
    """Whether a key is written down here, as one to be read or as one that is never there."""
    return is_absent(key) or key.tail.lower() in _READERS.get(key.service, {})


def is_absent(key: Key) -> bool:
    """Whether no call of podid's can have the key."""
    return key.name.lower().startswith(_ABSENT)


def reader_of(key: Key) -> Reader | None:
    """How a key that is written down is read; None where it is never there."""
    return _READERS.get(key.service, {}).get(key.tail.lower())


def is_creating(operation: str) -> bool:
    """Whether an operation makes something, so that its input says what that will be."""
    return operation.startswith(_CREATING)


def by_name_too(key: Key, operation: str) -> bool:
    """Whether the member a key is named for tells it. EC2's keys of what exists tell what it is, not what is asked for."""
    return key.service != "ec2" or is_creating(operation)


def family_of(key: Key) -> Family | None:
    """The reader of a family of keys."""
    return _FAMILIES.get(key.name.lower())
