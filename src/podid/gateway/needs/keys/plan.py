"""The readers of a call's condition keys, chosen once for each operation and then kept.

A key that is written down here (`written.py`) is read as written there; any other from the member it is named for; and one that neither
knows is left out: a policy that tests it must see that it is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from podid.core.wire import load_service
from podid.gateway.needs.keys import by_name, written
from podid.gateway.needs.keys.reference import Key, keys_of
from podid.gateway.needs.keys.values import Reader, Values, texts
from podid.gateway.needs.need import Asked, Need
from podid.gateway.needs.reference import kinds_of

Context = Mapping[str, Values]


class _Planned(Struct, frozen=True):
    name: str
    kinds: frozenset[str]
    read: Reader


class Plan(Struct, frozen=True):
    """How the keys of one action are read from the calls of one operation."""

    single: tuple[_Planned, ...]
    families: tuple[written.Family, ...]
    """Keys whose names go on with something of the call's: `kms:EncryptionContext:NAME`."""
    has_kinds: bool


_NONE = Plan((), (), has_kinds=False)


def with_keys(asked: Asked, need: Need) -> Need:
    """The same need with the condition keys of its action; what its rule said of them stays."""
    prefix, _, action = need.action.partition(":")
    plan = plan_of(asked.service.model, asked.operation, prefix, action)
    found: dict[str, Values] = {}
    if plan.single or plan.families:
        kinds = kinds_of(prefix, action, need.resource) if plan.has_kinds else frozenset()
        for planned in plan.single:
            if not planned.kinds or planned.kinds & kinds:
                values = planned.read(asked, need)
                if values:
                    found[planned.name] = values
        for family in plan.families:
            found.update(family(asked, need))
    owner = need.resource_account or (need.resource.split(":", 5)[4] if need.resource.startswith("arn:") else "")
    found["aws:ResourceAccount"] = (owner or asked.call.account,)
    if prefix == "s3":
        found["s3:ResourceAccount"] = found["aws:ResourceAccount"]
    return Need(
        action=need.action,
        resource=need.resource,
        resource_account=need.resource_account,
        context={**found, **need.context},
    )


@cache
def plan_of(service: str, operation: str, prefix: str, action: str) -> Plan:
    """The plan for an action that an operation of a service (by its model) needs."""
    if service == "s3":
        return _NONE  # its rules fill its keys: see s3_conditions
    single: list[_Planned] = []
    families: list[written.Family] = []
    for key in keys_of(prefix, action):
        family = written.family_of(key)
        if family is not None:
            families.append(family)
            continue
        read = reader_of(service, operation, key)
        if read is not None:
            single.append(_Planned(key.name, key.kinds, read))
    return Plan(tuple(single), tuple(dict.fromkeys(families)), any(planned.kinds for planned in single))


def reader_of(service: str, operation: str, key: Key) -> Reader | None:
    """How a key is read from calls of an operation; None where nobody knows."""
    if key.of_resource and not written.is_creating(operation) and key.service != "ec2":
        return None  # what exists is not what a request says
    if written.knows(key):
        return written.reader_of(key)
    if "${" in key.name or "<" in key.name or not written.by_name_too(key, operation):
        return None
    paths = by_name.paths_for(load_service(service), operation, key.tail, several=key.several)
    return _reader(paths) if paths else None


def _reader(paths: tuple[by_name.Path, ...]) -> Reader:
    def read(asked: Asked, _need: Need) -> Values:
        return texts(asked.members, *paths)

    return read
