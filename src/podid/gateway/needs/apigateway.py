"""What API Gateway's operations need: its actions are HTTP methods, its resources the paths of its own API.

`GetRestApis` is `apigateway:GET` on `arn:aws:apigateway:REGION::/restapis`: the ARN has no account.
Source: API Gateway developer guide, "Actions, resources, and condition keys for Amazon API Gateway".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from podid.gateway.needs import request_tags
from podid.gateway.needs.need import Asked, Need, Rule


@cache
def rule_of(_operation: str) -> Rule:
    """One rule serves all: what is needed follows from the request's own method and path."""
    return _rule


def _rule(asked: Asked) -> Iterator[Need]:
    path = asked.request.path.rstrip("/")
    context = request_tags.conditions(asked.members)
    yield Need(
        action=f"apigateway:{asked.request.method}",
        resource=asked.arn(path, service="apigateway", account=""),
        resource_account=asked.call.account,
        context=context,
    )
