"""Calls whose needs are asked for, without an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from podid.core.caller import Call, Caller
from podid.core.http import HttpRequest
from podid.gateway.catalog import SERVICES
from podid.gateway.needs import Asked, Need, completed, needs_of, with_keys

ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/team/me"
CALL = Call(
    caller=Caller(kind="user", account=ACCOUNT, arn=USER, issuer_arn=USER, user_name="me", user_id="AIDAEXAMPLE"),
    account=ACCOUNT,
    region="us-east-1",
    partition="aws",
    now=datetime(2026, 1, 2, tzinfo=UTC),
    request_id="r",
    service="",
    operation="",
)


class Things:
    """A `Lookup` of a few things that exist."""

    def __init__(
        self,
        arns: Mapping[str, str] | None = None,
        buckets: Mapping[str, str] | None = None,
        profiles: Mapping[str, tuple[str, ...]] | None = None,
        keys: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
        templates: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self._templates = templates or {}
        self._keys = keys or {}
        self._arns = arns or {}
        self._buckets = buckets or {}
        self._profiles = profiles or {}

    def iam_arn(self, account: str, kind: str, name: str) -> str | None:
        return self._arns.get(f"{kind}/{name}")

    def roles_of_profile(self, account: str, name: str) -> tuple[str, ...]:
        return self._profiles.get(name, ())

    def bucket_owner(self, bucket: str) -> str | None:
        return self._buckets.get(bucket, ACCOUNT)

    def tags_of(self, resource: str) -> Mapping[str, str]:
        return {}

    def launch_template(self, account: str, region: str, name: str, version: str) -> Mapping[str, Any]:
        return self._templates.get(f"{name}:{version}", {})

    def keys_of(self, resource: str) -> Mapping[str, tuple[str, ...]]:
        return self._keys.get(resource, {})

    def full_arn(self, service: str, account: str, region: str, kind: str, name: str) -> str | None:
        return self._arns.get(f"{service}:{kind}/{name}")


def needs(service: str, operation: str, lookup: Things | None = None, /, **members: Any) -> list[tuple[str, str]]:
    """Action and resource of each need of a call."""
    return [(need.action, need.resource) for need in whole_needs(service, operation, lookup, **members)]


def whole_needs(
    service: str,
    operation: str,
    lookup: Things | None = None,
    /,
    *,
    path: str = "/",
    method: str = "POST",
    **members: Any,
) -> tuple[Need, ...]:
    """The needs of a call, with their condition keys."""
    asked = completed(
        Asked(
            service=SERVICES[service],
            operation=operation,
            members=members,
            call=CALL,
            request=HttpRequest(method=method, path=path),
            lookup=lookup or Things(),
        )
    )
    return tuple(with_keys(asked, need) for need in needs_of(asked))
