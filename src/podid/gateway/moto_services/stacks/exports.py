"""What stacks export, and import from each other.

moto works exports out before a stack is made, which makes its resources; forgets those of change sets; and shows a stack that was made first of
all none of the later ones. Here a stack's exports are published once all of it is there, and are gone with it.
"""

from __future__ import annotations

from typing import Any

from podid.gateway.refusals import Said


def install() -> None:
    """Have a stack's exports be those that were published."""
    from moto.cloudformation import models

    stacks: Any = models.Stack
    stacks.exports = property(lambda stack: list(_published(stack).values()))


def show(stack: Any) -> None:
    """Let the resources of a stack see what others export."""
    stack.cross_stack_resources = stack.resource_map.cross_stack_resources = _all(stack)


def publish(stack: Any) -> None:
    """Publish what a stack exports now, in place of what it did. Raises Said for a name that another stack has."""
    known = _all(stack)
    exports = {export.name: export for export in stack.output_map.exports}
    for name in exports:
        owner = known[name].exporting_stack_id if name in known else stack.stack_id
        if owner != stack.stack_id:
            text = f"Export with name {name} is already exported by stack {owner.split('/')[-2]}. Rollback requested by user."
            raise Said("ValidationError", 400, text)
    for name in _published(stack):
        del known[name]
    known.update(exports)


def _published(stack: Any) -> dict[str, Any]:
    return {name: export for name, export in _all(stack).items() if export.exporting_stack_id == stack.stack_id}


def _all(stack: Any) -> dict[str, Any]:
    from moto.cloudformation.models import cloudformation_backends

    exports: dict[str, Any] = cloudformation_backends[stack.account_id][stack.region_name].exports
    return exports
