"""What a resource type says of itself, and how moto's CloudFormation is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from podid.core.errors import NotImplementedHere

Properties = Mapping[str, Any]


class Made(Struct, frozen=True, kw_only=True):
    """A resource that is there: what `Ref` gives (`id`), what `Fn::GetAtt` gives, and the properties it was made with."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    properties: Properties = field(default_factory=dict)


class Kind(Protocol):
    """One resource type. `name` is the property that names a resource, empty where the service names it."""

    type: str
    name: str
    attributes: frozenset[str]

    def create(self, name: str, properties: Properties) -> Made:
        """Make the resource. What fails leaves nothing behind."""

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        """Change the resource to these properties, by replacing it where it must be replaced."""

    def delete(self, made: Made) -> None:
        """Take the resource away."""


def teach(kinds: Iterable[Kind]) -> None:
    """Have moto's CloudFormation use these kinds for their types."""
    from moto.cloudformation import parsing

    for kind in kinds:
        _model_of(kind)
    _refuse_others(parsing)
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def _refuse_others(parsing: Any) -> None:
    """Fail a stack at a type that nobody here makes: moto would leave the resource out and call the stack complete."""
    find = parsing.resource_class_from_type

    def find_or_refuse(type_: str) -> Any:
        found = find(type_)
        if found is None and type_ not in parsing.NULL_MODELS:
            raise NotImplementedHere(f"podid does not implement resources of type {type_[:200]} in a stack.")
        return found

    parsing.resource_class_from_type = find_or_refuse


def _model_of(kind: Kind) -> None:
    from moto.core.common_models import CloudFormationModel

    base: Any = CloudFormationModel

    class Model(base):  # type: ignore[misc]
        """A resource of podid's in a stack of moto's. Among moto's models the one defined last counts for its type."""

        def __init__(self, made: Made) -> None:
            self.made = made

        @property
        def physical_resource_id(self) -> str:
            return self.made.id

        @property
        def name(self) -> str:
            return self.made.id

        def is_created(self) -> bool:
            return True

        def delete(self, _account_id: str, _region_name: str) -> None:
            kind.delete(self.made)

        def get_cfn_attribute(self, attribute: str) -> Any:
            from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

            if attribute not in self.made.attributes:
                raise UnformattedGetAttTemplateException()
            return self.made.attributes[attribute]

        @staticmethod
        def cloudformation_name_type() -> str:
            return kind.name

        @staticmethod
        def cloudformation_type() -> str:
            return kind.type

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr in kind.attributes

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
        ) -> Any:
            properties = cloudformation_json["Properties"]
            return cls(kind.create(_name(kind, properties, resource_name), properties))

        @classmethod
        def update_from_cloudformation_json(
            cls,
            original_resource: Any,
            new_resource_name: str,
            cloudformation_json: Any,
            account_id: str,
            region_name: str,
        ) -> Any:
            properties = cloudformation_json["Properties"]
            name = _name(kind, properties, new_resource_name)
            return cls(kind.update(original_resource.made, name, properties))

        @classmethod
        def delete_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
        ) -> None:
            kind.delete(Made(id=resource_name, properties=cloudformation_json["Properties"]))

    _MODELS.append(Model)


_LONGEST_NAME = 64
"""What the shortest of IAM's names may have (roles, users); CloudFormation shortens the names it makes up."""


def _name(kind: Kind, properties: Properties, made_up: str) -> str:
    """The name a template gives, else the one made up. moto goes by its own models' name properties, which are not all AWS's."""
    return str((kind.name and properties.get(kind.name)) or shortened(made_up))


def shortened(made_up: str) -> str:
    """STACK-RESOURCE-RANDOM, with less of the stack's name and, where that does not do, of the resource's."""
    stack, _, rest = made_up.rpartition("-")[0].rpartition("-")
    unique = made_up.rpartition("-")[2]
    if len(made_up) <= _LONGEST_NAME or not stack:
        return made_up
    resource = rest[: _LONGEST_NAME - len(unique) - 3]
    return f"{stack[: max(1, _LONGEST_NAME - len(unique) - len(resource) - 2)]}-{resource}-{unique}"


_MODELS: list[Any] = []
"""Keeps the classes alive: moto finds them among the subclasses of its own, which are only referred to weakly."""


def document(value: Any) -> str | None:
    """A policy document of a template as the API takes it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str)


def boolean(value: Any) -> bool | None:
    """A boolean of a template, which may be written as text."""
    return value if value is None or isinstance(value, bool) else str(value).lower() == "true"


def tags_map(tags: Any) -> dict[str, str] | None:
    """Tags of a template as EKS takes them."""
    if not tags:
        return None
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags}


def tags_list(tags: Any) -> list[dict[str, str]] | None:
    """Tags of a template as IAM takes them."""
    found = tags_map(tags)
    return None if found is None else [{"Key": key, "Value": value} for key, value in found.items()]


def changed(old: Properties, new: Properties, *names: str) -> bool:
    """Whether any of these properties differs."""
    return any(old.get(name) != new.get(name) for name in names)
