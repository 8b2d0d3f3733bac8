"""How a stack's resources are changed: add, modify, then take away; and, where one of these fails, all of it undone.

moto takes away first and adds after, and stops where it fails. Taking away last (as AWS does, in its clean-up) is what makes a change
undoable: until everything new is there, everything old still is.
"""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger("podid.gateway.moto")

_PASSES = 5
"""How often a change is tried whose resources depend on each other in an order nobody wrote down."""


def change(resources: Any, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
    """Bring a stack's resources (a `ResourceMap` of moto's) to a template. Raises what a resource raised, with all undone."""
    difference = resources.build_resource_diff(template, parameters)
    before = _Before(resources)
    _take_up(resources, template, parameters or None)
    resources._resource_json_map = {**before.described, **template["Resources"]}
    added: list[str] = []
    modified: list[str] = []
    try:
        for name in difference["Add"]:
            known = set(resources._parsed_resources)
            try:
                _ = resources[name]  # making it makes what it refers to
            finally:
                added += [other for other in resources._parsed_resources if other not in known]
        _modify(resources, difference["Modify"], modified)
    except Exception:
        before.restore(resources, added, modified)
        raise
    for name in difference["Remove"]:
        made = resources._parsed_resources.pop(name, None)
        if made is not None:
            try:
                resources._delete_resource(made, before.described[name])
            except Exception as error:  # the change is done; what could not be taken away is left, as AWS leaves it
                log.warning("a resource that left its stack could not be deleted: %r", error)
    resources._resource_json_map = template["Resources"]


class _Before:
    """Resources as they were before a change."""

    def __init__(self, resources: Any) -> None:
        self.described: dict[str, Any] = dict(resources._resource_json_map)
        self._template = resources._template
        self._parameters = dict(resources.input_parameters)

    def restore(self, resources: Any, added: list[str], modified: list[str]) -> None:
        """Take away what was added, change back what was modified."""
        for name in reversed(added):
            made = resources._parsed_resources.pop(name, None)
            if made is not None and name in resources._resource_json_map:
                try:
                    resources._delete_resource(made, resources._resource_json_map[name])
                except Exception as error:
                    log.warning("a resource of a failed change could not be deleted: %r", error)
        _take_up(resources, self._template, self._parameters)
        resources._resource_json_map = self.described
        try:
            _modify(resources, modified, [])
        except Exception as error:
            log.warning("a resource of a failed change could not be changed back: %r", error)


def _take_up(resources: Any, template: dict[str, Any], parameters: dict[str, Any] | None) -> None:
    resources._template = template
    if parameters is not None:
        resources.input_parameters = parameters
    resources.load_mapping()
    resources.load_parameters()
    resources.load_conditions()


def _modify(resources: Any, names: list[str], done: list[str]) -> None:
    from moto.cloudformation.parsing import parse_and_update_resource

    left = list(names)
    for attempt in range(_PASSES):
        failure: Exception | None = None
        for name in list(left):
            try:
                changed = parse_and_update_resource(
                    name,
                    resources._resource_json_map[name],
                    resources,
                    account_id=resources._account_id,
                    region_name=resources._region_name,
                )
            except Exception as error:
                failure = error
                continue
            if changed is not None:
                resources._parsed_resources[name] = changed
            left.remove(name)
            done.append(name)
        if not left:
            return
        if attempt == _PASSES - 1 or len(left) == len(names):
            assert failure is not None
            raise failure
        names = list(left)
