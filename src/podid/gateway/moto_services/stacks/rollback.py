"""Stacks that cannot be made or changed: rolled back, as CloudFormation does it.

moto makes a stack within the call and answers with whatever exception a resource raised, leaving what was made. AWS takes the call, and the
stack then ends in ROLLBACK_COMPLETE or UPDATE_ROLLBACK_COMPLETE with nothing left of the attempt. So does podid: what a caller sees
of a failure is the stack's status and its events. `OnFailure` and `DisableRollback` are heeded. A stack that cannot be deleted is there still,
in DELETE_FAILED, with what is left of it.
"""

from __future__ import annotations

import logging
from typing import Any

from podid.core.errors import AwsError
from podid.gateway.moto_services.acting import asked_with
from podid.gateway.moto_services.stacks import exports
from podid.gateway.moto_services.stacks.changing import change

log = logging.getLogger("podid.gateway.moto")


def install() -> None:
    """Put rollback around moto's stacks."""
    from moto.cloudformation import models, parsing

    resources: Any = parsing.ResourceMap
    stacks: Any = models.Stack
    backend: Any = models.CloudFormationBackend
    make, update_stack, execute = stacks.create_resources, stacks.update, backend.execute_change_set
    unmake, forget = stacks.delete, backend.delete_stack

    def create_resources(stack: Any) -> None:
        stack.capabilities = list(asked_with().get("Capabilities") or ())  # what DescribeStacks tells of it
        exports.show(stack)
        try:
            make(stack)
            exports.publish(stack)
        except Exception as error:
            _failed(stack, "CREATE_FAILED", error)
            _unmake(stack)

    def update(stack: Any, template: str, role_arn: Any = None, parameters: Any = None, tags: Any = None) -> None:
        before = stack.template, stack.template_dict
        stack.capabilities = list(asked_with().get("Capabilities") or ())
        exports.show(stack)
        try:
            update_stack(stack, template, role_arn, parameters, tags)
            exports.publish(stack)
        except Exception as error:
            _failed(stack, "UPDATE_FAILED", error)
            stack.template, stack.template_dict = before
            _end(stack, "UPDATE_ROLLBACK_COMPLETE")

    def execute_change_set(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        chosen = [one for arn, one in self.change_sets.items() if change_set_name in (arn, one.change_set_name)]
        for one in chosen[-1:]:
            exports.show(self.stacks[one.stack_id])
        try:
            execute(self, change_set_name, stack_name)
            _take_up_outputs(self.stacks[chosen[-1].stack_id], chosen[-1])
        except Exception as error:
            if not chosen:
                raise
            stack = self.stacks[chosen[-1].stack_id]
            chosen[-1].execution_status = "EXECUTE_FAILED"
            if chosen[-1].change_set_type == "CREATE":
                _failed(stack, "CREATE_FAILED", error)
                _unmake(stack)
            else:
                _failed(stack, "UPDATE_FAILED", error)
                _end(stack, "UPDATE_ROLLBACK_COMPLETE")

    def delete(stack: Any) -> None:
        try:
            unmake(stack)
        except Exception as error:
            _failed(stack, "DELETE_FAILED", error)
            stack.status = "DELETE_FAILED"
        _keep_what_was_made(stack)

    def delete_stack(self: Any, name_or_stack_id: str) -> None:
        forget(self, name_or_stack_id)
        for stack_id, stack in list(self.deleted_stacks.items()):
            if stack.status == "DELETE_FAILED":
                self.stacks[stack_id] = self.deleted_stacks.pop(stack_id)

    resources.update = change
    stacks.delete = delete
    backend.delete_stack = delete_stack
    stacks.create_resources = create_resources
    stacks.update = update
    backend.execute_change_set = execute_change_set


def _take_up_outputs(stack: Any, change_set: Any) -> None:
    """Parameters, outputs and exports of a stack that a change set made or changed, which moto leaves as they were."""
    stack.template_dict, stack.parameters = change_set.template_dict, dict(change_set.parameters)
    stack.output_map = stack._create_output_map()
    exports.publish(stack)


def _keep_what_was_made(stack: Any) -> None:
    """moto makes a resource whenever it is asked about: of a stack that came to its end only what is there may be asked for."""
    known = stack.resource_map
    stack.output_map._output_json_map, stack.output_map._parsed_outputs = None, {}
    known._resource_json_map = {
        name: described for name, described in known._resource_json_map.items() if name in known._parsed_resources
    }


def _unmake(stack: Any) -> None:
    """Take away what a stack had made before it failed, as its caller wished."""
    _take_away(stack)
    _keep_what_was_made(stack)


def _take_away(stack: Any) -> None:
    wish = str(asked_with().get("OnFailure") or "ROLLBACK")
    if wish == "DO_NOTHING" or asked_with().get("DisableRollback"):
        stack.status = "CREATE_FAILED"
        return
    stack._add_stack_event("ROLLBACK_IN_PROGRESS")
    try:
        stack.resource_map.delete()
    except Exception as error:
        log.warning("a stack could not be rolled back: %r", error)
        _end(stack, "ROLLBACK_FAILED")
    else:
        _end(stack, "DELETE_COMPLETE" if wish == "DELETE" else "ROLLBACK_COMPLETE")


def _end(stack: Any, status: str) -> None:
    stack.status = status
    stack._add_stack_event(status)


def _failed(stack: Any, status: str, error: Exception) -> None:
    reason = error.public if isinstance(error, AwsError) else str(getattr(error, "message", "") or error)
    log.info("a stack failed", extra={"stack": stack.name, "reason": reason})
    stack._add_stack_event(status, resource_status_reason=reason)
