"""What KMS's operations need: keys are named by id, alias or ARN of either; and what was encrypted says itself with which key.

Source: KMS developer guide, "AWS KMS permissions" and "Controlling access to aliases".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from podid.gateway.needs import request_tags
from podid.gateway.needs.need import Asked, Need, Rule
from podid.gateway.needs.reference import find_action, needs_of_action

_KEY_ID = re.compile(rb"mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@cache
def rule_of(operation: str) -> Rule | None:
    """The rule of an operation: on the key, and for operations on aliases on the alias as well."""
    if operation in _RULES:
        return _RULES[operation]
    action = find_action("kms", operation)
    if action is None:
        return None
    name = action.name

    def rule(asked: Asked) -> Iterator[Need]:
        key = asked.text("KeyId")
        if not key:
            yield from needs_of_action(asked, name) or ()
            return
        yield Need(action=f"kms:{name}", resource=key_arn(asked, key), context=request_tags.conditions(asked.members))

    return rule


def _on_alias(asked: Asked) -> Iterator[Need]:
    """The alias, the key that it stands for, and the one that it shall stand for."""
    alias = asked.text("AliasName")
    action = f"kms:{asked.operation}"
    yield Need(action=action, resource=asked.arn(alias))
    target = asked.text("TargetKeyId")
    keys = [key_arn(asked, target)] if target else []
    if asked.operation != "CreateAlias":
        keys.append(key_arn(asked, alias))
    for key in dict.fromkeys(keys):
        yield Need(action=action, resource=key)


def _decrypt(asked: Asked) -> Iterator[Need]:
    for key in _keys_of(asked, "KeyId"):
        yield Need(action="kms:Decrypt", resource=key)


def _re_encrypt(asked: Asked) -> Iterator[Need]:
    for key in _keys_of(asked, "SourceKeyId"):
        yield Need(action="kms:ReEncryptFrom", resource=key)
    key = asked.text("DestinationKeyId")
    yield Need(action="kms:ReEncryptTo", resource=key_arn(asked, key) if key else asked.arn("key/*"))


def _keys_of(asked: Asked, member: str) -> tuple[str, ...]:
    """The key in the ciphertext, which is the one that will be used, and the key that the call names, if it is another."""
    blob = asked.members.get("CiphertextBlob")
    found = _KEY_ID.match(blob) if isinstance(blob, bytes) else None
    used = found[0].decode() if found else ""
    named = key_arn(asked, asked.text(member)) if asked.text(member) else ""
    keys = [named] if named else []
    if used and not named.endswith(f":key/{used}"):
        keys.append(asked.arn(f"key/{used}"))
    return tuple(keys) or (asked.arn("key/*"),)


def key_arn(asked: Asked, key: str) -> str:
    """The ARN of the key that a key id, an alias or an ARN of either means."""
    account, region = asked.call.account, asked.call.region
    if key.startswith("arn:"):
        if ":alias/" not in key:
            return key
        _, _, _, region, account, key = (key.split(":", 5) + [""] * 6)[:6]
    if key.startswith("alias/"):
        return asked.lookup.full_arn("kms", account, region, "alias", key) or asked.arn("key/*")
    return asked.arn(f"key/{key}")


_RULES: dict[str, Rule] = {
    "CreateAlias": _on_alias,
    "Decrypt": _decrypt,
    "DeleteAlias": _on_alias,
    "ReEncrypt": _re_encrypt,
    "UpdateAlias": _on_alias,
}
