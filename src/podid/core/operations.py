"""How a room says which operations of an AWS service it answers.

A handler is a method named after its operation in snake case and marked with the operation's own name; its keyword parameters are the
input members in snake case, those without a default being the ones the model requires:

    @operation("CreateRole")
    def create_role(self, call: Call, *, role_name: str, assume_role_policy_document: str, path: str = "/") -> Output: ...

A handler whose work falls into parts may be a generator that yields between them and returns its output: calls that came at the same time are
then carried out part by part, each part for all of them before the next (`begin`). Whoever calls one alone uses `invoke`.

Values of structured members stay as the wire has them (`tags=[{"Key": ..., "Value": ...}]`), and so do the members of the output.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from podid.core.caller import Call, Input, Output
from podid.core.errors import NotImplementedHere

Steps = Generator[None, None, Output]
"""A call that is under way, part by part; what it returns is its output."""

Handler = Callable[..., "Output | Steps"]
_F = TypeVar("_F", bound=Callable[..., Any])
_MARK = "__aws_operation__"
_BEFORE_WORD = re.compile(r"(.)([A-Z][a-z]+)")
_BEFORE_CAPITAL = re.compile(r"([a-z0-9])([A-Z])")


def operation(name: str) -> Callable[[_F], _F]:
    """Mark a method as the handler of the operation `name`."""

    def mark(function: _F) -> _F:
        setattr(function, _MARK, name)
        return function

    return mark


def handlers_of(*parts: object) -> dict[str, Handler]:
    """All marked methods of the given objects, by operation name. Two for one operation are a mistake: ValueError."""
    found: dict[str, Handler] = {}
    for part in parts:
        for name, method in _marked(part):
            if name in found:
                raise ValueError(f"two handlers for {name}")
            found[name] = method
    return found


def _marked(part: object) -> Iterator[tuple[str, Handler]]:
    for attribute in dir(type(part)):
        function = getattr(type(part), attribute, None)
        name = getattr(function, _MARK, None)
        if isinstance(name, str):
            yield name, getattr(part, attribute)


@cache
def snake_case(member: str) -> str:
    """The parameter name of a member: `RoleName` is `role_name`, `SAMLProviderArn` is `saml_provider_arn`."""
    return _BEFORE_CAPITAL.sub(r"\1_\2", _BEFORE_WORD.sub(r"\1_\2", member)).lower()


@cache
def _parameters(function: Handler) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


@cache
def _parameter(function: Handler, member: str) -> str | None:
    """The parameter of a handler that takes a member of its input (members are the model's, so they are few); None where it takes none."""
    name = snake_case(member)
    return name if name in _parameters(function) else None


def invoke(handlers: Mapping[str, Handler], call: Call, members: Input) -> Output:
    """Carry out `call.operation` with the input's members. Raises as `begin` does, and whatever the handler raises."""
    begun = begin(handlers, call, members)
    if isinstance(begun, dict):
        return begun
    while True:
        try:
            next(begun)
        except StopIteration as end:
            return cast(Output, end.value)


def begin(handlers: Mapping[str, Handler], call: Call, members: Input) -> Output | Steps:
    """The same, but for a call of several parts: that has not begun, and is carried out as it is iterated.

    Raises NotImplementedHere where there is none, or where the input has a member that the handler does not know: what podid does not
    understand it does not silently leave out.
    """
    handler = handlers.get(call.operation)
    if handler is None:
        raise NotImplementedHere(f"podid does not implement {call.service}:{call.operation} yet.")
    function = getattr(handler, "__func__", handler)
    arguments = {}
    for name, value in members.items():
        parameter = _parameter(function, name)
        if parameter is None:
            raise NotImplementedHere(
                f"podid does not implement the parameter {name} of {call.service}:{call.operation} yet."
            )
        arguments[parameter] = value
    return handler(call, **arguments)
