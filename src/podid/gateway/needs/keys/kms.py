"""Condition keys of KMS that a request tells. Those that tell what a key is are read from the key (`resource_keys`).

Source: KMS developer guide, "AWS KMS condition keys".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podid.gateway.needs.keys.values import Reader, Values, always, as_flag, first_of, member, texts
from podid.gateway.needs.need import Asked, Need


def _encryption_context(asked: Asked, need: Need) -> Mapping[str, Any]:
    member_of = {"kms:ReEncryptFrom": "SourceEncryptionContext", "kms:ReEncryptTo": "DestinationEncryptionContext"}
    found = asked.members.get(member_of.get(need.action, "EncryptionContext"))
    if found is None and asked.operation == "CreateGrant":
        constraints = asked.members.get("Constraints") or {}
        found = constraints.get("EncryptionContextEquals") or constraints.get("EncryptionContextSubset")
    return found if isinstance(found, Mapping) else {}


def _context_pairs(asked: Asked, need: Need) -> dict[str, Values]:
    return {f"kms:EncryptionContext:{name}": (str(value),) for name, value in _encryption_context(asked, need).items()}


def _context_keys(asked: Asked, need: Need) -> Values:
    return tuple(map(str, _encryption_context(asked, need)))


def _caller_account(asked: Asked, _need: Need) -> Values:
    return (asked.call.account,)


def _algorithm(asked: Asked, need: Need) -> Values:
    name = {"kms:ReEncryptFrom": "SourceEncryptionAlgorithm", "kms:ReEncryptTo": "DestinationEncryptionAlgorithm"}
    return texts(asked.members, (name.get(need.action, "EncryptionAlgorithm"),)) or ("SYMMETRIC_DEFAULT",)


def _alias(asked: Asked, need: Need) -> Values:
    name = {"kms:ReEncryptFrom": "SourceKeyId", "kms:ReEncryptTo": "DestinationKeyId"}.get(need.action, "KeyId")
    key = asked.text(name)
    return ("alias/" + key.partition("alias/")[2],) if "alias/" in key else ()


def _grant_constraint(asked: Asked, _need: Need) -> Values:
    constraints = asked.members.get("Constraints")
    kinds = ("EncryptionContextEquals", "EncryptionContextSubset")
    return tuple(kind for kind in kinds if isinstance(constraints, Mapping) and constraints.get(kind))


def _on_same_key(asked: Asked, _need: Need) -> Values:
    source, destination = asked.text("SourceKeyId"), asked.text("DestinationKeyId")
    return as_flag(source and source == destination)


def _multi_region_kind(asked: Asked, _need: Need) -> Values:
    return ("PRIMARY",) if asked.members.get("MultiRegion") else ()


READERS: Mapping[str, Reader] = {
    "bypasspolicylockoutsafetycheck": member("BypassPolicyLockoutSafetyCheck", default="false"),
    "calleraccount": _caller_account,
    "datakeypairspec": member("KeyPairSpec"),
    "encryptionalgorithm": _algorithm,
    "encryptioncontextkeys": _context_keys,
    "grantconstrainttype": _grant_constraint,
    "grantisforawsresource": always(
        "false"
    ),  # podid's callers are people and programs, not services acting for their own resources
    "grantoperations": member("Operations"),
    "keyorigin": member("Origin", default="AWS_KMS"),
    "keyspec": first_of("KeySpec", "CustomerMasterKeySpec", default="SYMMETRIC_DEFAULT"),
    "keyusage": member("KeyUsage", default="ENCRYPT_DECRYPT"),
    "messagetype": member("MessageType", default="RAW"),
    "multiregion": member("MultiRegion", default="false"),
    "multiregionkeytype": _multi_region_kind,
    "reencryptonsamekey": _on_same_key,
    "requestalias": _alias,
    "schedulekeydeletionpendingwindowindays": member("PendingWindowInDays", default="30"),
}
FAMILIES = {"kms:encryptioncontext:${encryptioncontextkey}": _context_pairs}
ABSENT = frozenset({"viaservice"})
"""kms:ViaService is there only where a service asks for its caller, which moto's services do not do."""
