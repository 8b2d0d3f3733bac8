"""What API Gateway's operations need: its actions are HTTP methods, its resources the paths of its own API.

`GetRestApis` is `apigateway:GET` on `arn:aws:apigateway:REGION::/restapis`: the ARN has no account.
Source: API Gateway developer guide, "Actions, resources, and condition keys for Amazon API Gateway".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from podid.core.wire import load_service
from podid.gateway.needs import request_tags
from podid.gateway.needs.keys.by_name import plain
from podid.gateway.needs.need import Asked, Need, Rule

_PLACEHOLDER = re.compile(r"\{(\w+)\+?\}")


@cache
def rule_of(_operation: str) -> Rule:
    """One rule serves all: what is needed follows from the request's own method and path."""
    return _rule


def _rule(asked: Asked) -> Iterator[Need]:
    method, path = asked.request.method, asked.request.path.rstrip("/")
    if asked.call.context.get("aws:ViaAWSService") == ("true",):
        method, path = _as_called(asked)  # the request at hand is the one to CloudFormation
    yield Need(
        action=f"apigateway:{method}",
        resource=asked.arn(path, service="apigateway", account=""),
        resource_account=asked.call.account,
        context=request_tags.conditions(asked.members),
    )


def _as_called(asked: Asked) -> tuple[str, str]:
    """Method and path of the operation's own request, with `*` for what the input does not say."""
    operation = load_service(asked.service.model).operations[asked.operation]
    values = {plain(name): value for name, value in asked.members.items() if isinstance(value, str)}
    names = {member.wire_name: name for name, member in (operation.input.members if operation.input else {}).items()}
    path = _PLACEHOLDER.sub(lambda found: values.get(plain(names.get(found[1], found[1])), "*"), operation.uri)
    return operation.method, path.partition("?")[0].rstrip("/")
