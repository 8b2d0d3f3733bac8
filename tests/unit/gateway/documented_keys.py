"""Which condition keys of the service authorization reference the gateway fills, of everything that it serves.

`python -m tests.unit.gateway.documented_keys` writes the list of them anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from podid.core.wire import load_service
from podid.gateway.catalog import SERVICES
from podid.gateway.needs import renamed
from podid.gateway.needs.keys import written
from podid.gateway.needs.keys.plan import reader_of
from podid.gateway.needs.keys.reference import Key, keys_of
from podid.gateway.needs.reference import find_action
from podid.gateway.needs.s3_conditions import KEYS as OF_S3
from podid.gateway.resource_keys import KEYS as OF_WHAT_EXISTS

LIST = Path(__file__).parent / "documented_condition_keys.txt"
_ROOMS = frozenset({"sts", "eks-auth"})
"""Services whose rooms decide themselves, with keys of their own: STS's are not the gateway's to fill."""


class Documented(Struct, frozen=True):
    """A key that the reference has for the action of an operation."""

    service: str
    operation: str
    key: Key
    filled: bool


def documented() -> Iterator[Documented]:
    """Every key of every action of every service, and whether it is filled."""
    for service in SERVICES.values():
        if service.model in _ROOMS:
            continue
        for operation in load_service(service.model).operations:
            for name in renamed.actions_of(service.model, operation):
                action = find_action(service.action_prefix, name)
                if action is None:
                    continue
                for key in keys_of(service.action_prefix, action.name):
                    yield Documented(service.action_prefix, operation, key, _is_filled(service.model, operation, key))


def _is_filled(model: str, operation: str, key: Key) -> bool:
    name = key.name.lower()
    return (
        name in written.OF_RULES
        or name in OF_WHAT_EXISTS.get(key.service, ())
        or name.partition("/")[0].endswith(("resourcetag", "-tag", "existingobjecttag", "buckettag"))
        or (key.service == "s3" and name in OF_S3)
        or written.family_of(key) is not None
        or reader_of(model, operation, key) is not None
    )


def table() -> list[str]:
    """One line a service: how many of its keys are filled for every operation that has them, and which are not, for how many operations."""
    asked: dict[str, dict[str, int]] = {}
    missing: dict[str, dict[str, int]] = {}
    for one in documented():
        if not written.is_absent(one.key):
            asked.setdefault(one.service, {}).setdefault(one.key.name, 0)
            asked[one.service][one.key.name] += 1
            if not one.filled:
                missing.setdefault(one.service, {}).setdefault(one.key.name, 0)
                missing[one.service][one.key.name] += 1
    lines = []
    for service, keys in sorted(asked.items()):
        gaps = missing.get(service, {})
        rest = " ".join(f"{key.partition(':')[2]}({count}/{keys[key]})" for key, count in sorted(gaps.items()))
        lines.append(f"{service} {len(keys) - len(gaps)}/{len(keys)} {rest}".rstrip())
    whole, partly = sum(map(len, asked.values())), sum(map(len, missing.values()))
    pairs = sum(sum(keys.values()) for keys in asked.values())
    unfilled = sum(sum(keys.values()) for keys in missing.values())
    return [f"all {whole - partly}/{whole} keys, {pairs - unfilled}/{pairs} keys of operations", *lines]


if __name__ == "__main__":
    LIST.write_text("\n".join(table()) + "\n")
