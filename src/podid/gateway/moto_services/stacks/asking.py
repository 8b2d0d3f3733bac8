"""What CloudFormation checks of a call before it makes anything, and moto does not, or not so: names, parameters that the template knows,
capabilities, and whether there is anything to change. A change set without changes is taken, and has failed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from podid.gateway.moto_services.acting import asked_with
from podid.gateway.refusals import Said

LONGEST_NAME: Final = 128
_PATTERN: Final = "[a-zA-Z][-a-zA-Z0-9]*"
_NAME: Final = re.compile(_PATTERN)
_OF_IAM: Final = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}
"""The resources that need a capability (CloudFormation API reference, CreateStack, "Capabilities"), and what names them."""


def install() -> None:
    """Check the calls that make or change a stack."""
    from moto.cloudformation import models, responses

    stacks: Any = models.Stack
    handler: Any = responses.CloudFormationResponse
    backend: Any = models.CloudFormationBackend
    make, change, prepare = backend.create_stack, backend.update_stack, backend.create_change_set
    resolve = backend._resolve_update_parameters

    def resolve_update_parameters(self: Any, instance: Any, incoming_params: Any) -> Any:
        if isinstance(instance, models.Stack):
            return _resolved(instance, incoming_params)
        return resolve(self, instance=instance, incoming_params=incoming_params)

    def create_stack(self: Any, name: str, template: Any, *more: Any, **named: Any) -> Any:
        require_name(name)
        _check(models, template)
        return make(self, name, template, *more, **named)

    def update_stack(self: Any, name: str, template: Any, *more: Any, **named: Any) -> Any:
        stack = self.get_stack(name)  # a stack that is not there is told first
        _check(models, template)
        given = _resolved(stack, asked_with().get("Parameters") or ())
        if stack.has_template(template) and stack.has_parameters(given) and _has_tags(stack):
            raise Said("ValidationError", 400, "No updates are to be performed.")
        return change(self, name, template, *more, **named)

    def create_change_set(self: Any, stack_name: str, change_set_name: str, template: Any, **named: Any) -> Any:
        if not stack_name.startswith("arn:"):
            require_name(stack_name)
        _check(models, template)
        return prepare(self, stack_name, change_set_name, template, **named)

    handler._validate_different_update = lambda *_arguments: None
    stacks.has_parameters = _has_parameters
    backend._resolve_update_parameters = resolve_update_parameters
    backend.create_stack = create_stack
    backend.update_stack = update_stack
    backend.create_change_set = create_change_set


def require_name(name: str) -> None:
    """Raise ValidationError for what cannot be a stack's name."""
    for problem in (
        None if len(name) <= LONGEST_NAME else f"length less than or equal to {LONGEST_NAME}",
        None if _NAME.fullmatch(name) else f"regular expression pattern: {_PATTERN}",
    ):
        if problem is not None:
            verb = "have" if problem.startswith("length") else "satisfy"
            text = f"1 validation error detected: Value '{name[:200]}' at 'stackName' failed to satisfy constraint: Member must {verb} {problem}"
            raise Said("ValidationError", 400, text)


def require_known(given: Collection[str], declared: Collection[str]) -> None:
    """Raise ValidationError for parameters that a template does not declare."""
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise Said("ValidationError", 400, f"Parameters: [{', '.join(unknown)[:500]}] do not exist in the template")


def _defaults(stack: Any) -> dict[str, Any]:
    declared = stack.template_dict.get("Parameters") or {}
    return {name: told["Default"] for name, told in declared.items() if isinstance(told, dict) and "Default" in told}


def _has_parameters(stack: Any, given: dict[str, Any]) -> bool:
    """Whether a stack has the parameters that these, and the template's defaults for others, give."""
    defaults = _defaults(stack)
    asked, has = {**defaults, **given}, {**defaults, **stack.parameters}
    return {name: str(value) for name, value in asked.items()} == {name: str(value) for name, value in has.items()}


def _resolved(stack: Any, given: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The values of parameters, some of which may be those that the stack has, given or by default."""
    has = {**_defaults(stack), **stack.parameters}
    return {
        told["ParameterKey"]: has.get(told["ParameterKey"], "")
        if told.get("UsePreviousValue")
        else told.get("ParameterValue", "")
        for told in given
    }


def _has_tags(stack: Any) -> bool:
    asked = asked_with().get("Tags")
    return asked is None or {tag["Key"]: tag["Value"] for tag in asked} == stack.tags


def require_capabilities(given: Collection[str], template: Mapping[str, Any]) -> None:
    """Raise InsufficientCapabilitiesException where a template makes things of IAM and its caller does not say that it may; for those with
    names of their own that has to be said more loudly."""
    resources = template.get("Resources")
    described = resources.values() if isinstance(resources, dict) else ()
    of_iam = [one for one in described if isinstance(one, dict) and str(one.get("Type")) in _OF_IAM]
    if not of_iam or "CAPABILITY_NAMED_IAM" in given:
        return
    named = any(_OF_IAM[one["Type"]] in (one.get("Properties") or ()) for one in of_iam)
    if named or "CAPABILITY_IAM" not in given:
        needed = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
        raise Said("InsufficientCapabilitiesException", 400, f"Requires capabilities : [{needed}]")


def _check(models: Any, template: Any) -> None:
    asked = asked_with()
    described = template if isinstance(template, dict) else models.yaml.load(template)
    given = [str(entry.get("ParameterKey")) for entry in asked.get("Parameters") or ()]
    require_known(given, described.get("Parameters") or {})
    require_capabilities(asked.get("Capabilities") or (), described)
