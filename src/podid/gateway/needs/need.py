"""A need, and the call it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from podid.core.caller import Call, Input
from podid.core.http import HttpRequest
from podid.gateway.catalog import Service

Conditions = Mapping[str, tuple[str, ...]]


class Need(Struct, frozen=True, kw_only=True):
    """One action on one resource that the caller must be allowed."""

    action: str
    resource: str = "*"
    resource_account: str = ""
    """The account that owns the resource, where it need not be the caller's; empty: the one in the ARN, or else the caller's."""
    context: Conditions = field(default_factory=dict)
    """Condition keys of this need beside the global ones."""


class Lookup(Protocol):
    """What rules ask about things that exist already: their full ARNs, where a request gives a name."""

    def iam_arn(self, account: str, kind: str, name: str) -> str | None:
        """The ARN of a `role`, `user`, `group` or `instance-profile`, with its path; None where there is none."""

    def roles_of_profile(self, account: str, name: str) -> tuple[str, ...]:
        """The ARNs of the roles in an instance profile."""

    def bucket_owner(self, bucket: str) -> str | None:
        """The account that owns a bucket; None where there is no such bucket."""

    def keys_of(self, resource: str) -> Conditions:
        """The condition keys that tell what a resource is, by its ARN, tags apart; none where there is no such resource."""

    def full_arn(self, service: str, account: str, region: str, kind: str, name: str) -> str | None:
        """The ARN behind a name whose ARN cannot be written from it: a secret's, an alias's key. Of a table, the name of its partition key."""

    def tags_of(self, resource: str) -> Mapping[str, str]:
        """The tags of a resource, by its ARN; none where there is no such resource, or its tags are not podid's to know."""

    def launch_template(self, account: str, region: str, name: str, version: str) -> Mapping[str, Any]:
        """What a version of a launch template, by its id or its name, gives an instance; nothing where there is none."""


class Asked(Struct, frozen=True, kw_only=True):
    """One call whose needs are asked for."""

    service: Service
    operation: str
    members: Input
    call: Call
    request: HttpRequest
    lookup: Lookup
    from_template: frozenset[str] = frozenset()
    """Members that the call does not have itself: the launch template that it names gives them."""

    def arn(self, resource: str, *, service: str = "", region: str | None = None, account: str | None = None) -> str:
        """An ARN in the call's partition, region and account, unless told otherwise."""
        call = self.call
        return (
            f"arn:{call.partition}:{service or self.service.action_prefix}:"
            f"{call.region if region is None else region}:{call.account if account is None else account}:{resource}"
        )

    def text(self, member: str) -> str:
        """A member that is text, or an empty one."""
        value = self.members.get(member)
        return value if isinstance(value, str) else ""


Rule = Callable[[Asked], Iterable[Need]]
"""How the needs of an operation follow from a call."""
