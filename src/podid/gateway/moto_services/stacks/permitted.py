"""Whether a stack may make, change and take away what moto makes for it: each resource is asked for as the call it stands for.

podid's own kinds are not asked for here; they call podid's APIs, which ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podid.core.errors import AccessDenied
from podid.gateway.moto_services.acting import perform
from podid.gateway.needs.stack_resources import UnknownType, call_for


def install() -> None:
    """Ask before moto makes, changes or takes away a resource of a stack."""
    from moto.cloudformation import parsing

    module: Any = parsing
    resources: Any = parsing.ResourceMap
    parse, delete = parsing.parse_resource_and_generate_name, resources._delete_resource

    def parse_and_ask(logical_id: str, described: dict[str, Any], stack: Any) -> Any:
        found: Any = parse(logical_id, described, stack)
        if found:
            _, resource, name = found
            made = stack._parsed_resources.get(logical_id)
            change = "create" if made is None else "update"
            _ask(resource["Type"], change, str(name) if made is None else _id(made), resource.get("Properties") or {})
        return found

    def ask_and_delete(stack: Any, made: Any, described: dict[str, Any]) -> None:
        _ask(described["Type"], "delete", _id(made), described.get("Properties") or {})
        delete(stack, made, described)

    module.parse_resource_and_generate_name = parse_and_ask
    resources._delete_resource = ask_and_delete


def _id(made: Any) -> str:
    """The physical id of a resource; empty for the few of moto's that have none."""
    try:
        return str(made.physical_resource_id)
    except (AttributeError, NotImplementedError):
        return ""


def _ask(type_: str, change: str, name: str, properties: Mapping[str, Any]) -> None:
    try:
        call = call_for(type_, change, name, properties)
    except UnknownType as error:
        raise AccessDenied(f"podid does not know which permissions {type_} needs, so no stack may have it.") from error
    if call is not None:
        perform(call.service, call.operation, **call.members)
