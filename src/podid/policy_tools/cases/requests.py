"""The request of a case: what is asked, checked for its form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from podid.core.policy import Request
from podid.policy_tools.cases.context import read_context
from podid.policy_tools.cases.notes import refuse_what_bears
from podid.policy_tools.cases.principals import read_principal
from podid.policy_tools.cases.problem import BadCase, quoted

_ACTION = re.compile(r"[A-Za-z0-9.-]+:[A-Za-z0-9_-]+", re.ASCII)
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_MEMBERS = frozenset({"principal", "action", "resource", "resourceAccount", "context"})


def read_request(given: Any) -> Request:
    """The request of a case's `request` member. Raises BadCase."""
    if not isinstance(given, dict):
        raise BadCase("request: expected an object")
    if not _MEMBERS.issuperset(given):
        refuse_what_bears(given, _MEMBERS, "request")
        for name in given.keys() - _MEMBERS:
            if isinstance(given[name], dict):  # another tool's context, perhaps
                raise BadCase(f"request: unknown member {quoted(name)}")
    given = {name: value for name, value in given.items() if value is not None}
    for name in ("principal", "action"):
        if name not in given:
            raise BadCase(f"request: {name} is missing")
    return request_of(
        given["principal"],
        given["action"],
        given.get("resource", "*"),
        str(given.get("resourceAccount", "")),  # a number is as good as the digits
        read_context(given.get("context", {})),
    )


def request_of(
    principal: Any, action: Any, resource: Any, resource_account: Any, context: Mapping[str, tuple[str, ...]]
) -> Request:
    """The request of its parts; `context` has its keys in lower case. Raises BadCase."""
    if type(action) is not str or not _ACTION.fullmatch(action):
        raise BadCase(f"action: expected service:Name without wildcards, not {quoted(action)}")
    if type(resource) is not str or not (resource == "*" or resource.startswith("arn:")):
        raise BadCase(f'resource: expected an ARN or "*", not {quoted(resource)}')
    if type(resource_account) is not str or (resource_account and not _ACCOUNT.fullmatch(resource_account)):
        raise BadCase(f"resourceAccount: expected twelve digits as text, not {quoted(resource_account)}")
    return Request(
        principal=read_principal(principal, action=action, resource=resource, context=context),
        action=action,
        resource=resource,
        resource_account=resource_account,
        context=context,
    )
