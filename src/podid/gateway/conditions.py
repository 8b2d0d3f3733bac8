"""The global condition keys of a request: what is true of every call, whatever it asks. Those of the caller are IAM's to add.

Keys a request does not have are left out: a policy that tests them must see that they are missing.
Source: IAM user guide, "AWS global condition context keys".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from podid.core.arn import partition_of
from podid.gateway.steps.values import Authenticated, Context
from podid.iam import time_context

_INSTANCES = "ec2.amazonaws.com"


class RequestContext(Mapping[str, tuple[str, ...]]):
    """The keys that the request and its signature give, found out when the first is asked for: most decisions hang on none of them."""

    __slots__ = ("_authenticated", "_found")

    def __init__(self, authenticated: Authenticated) -> None:
        self._authenticated = authenticated
        self._found: Context | None = None

    def _all(self) -> Context:
        found = self._found
        if found is None:
            found = self._found = request_context(self._authenticated)
        return found

    def __getitem__(self, key: str) -> tuple[str, ...]:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def request_context(authenticated: Authenticated) -> Context:
    """The same, found out now."""
    addressed = authenticated.addressed
    received = addressed.numbered.received
    request = received.request
    found: dict[str, tuple[str, ...]] = {
        "aws:RequestedRegion": (addressed.region,),
        "aws:SourceIp": (received.source_ip,),
        "aws:SecureTransport": ("true" if received.secure else "false",),
        **time_context(received.now),
        "aws:ViaAWSService": ("false",),
    }
    caller = authenticated.caller
    if caller.delivered_by == _INSTANCES and caller.session_name.startswith("i-"):
        partition = partition_of(addressed.region)
        instance = f"arn:{partition}:ec2:{addressed.region}:{caller.account}:instance/{caller.session_name}"
        found["ec2:SourceInstanceARN"] = (instance,)
        found["ec2:RoleDelivery"] = ("2.0",)  # podid has IMDSv2 alone
    first = dict(reversed(request.headers))  # of a header that came twice, the first
    agent = first.get("user-agent")
    if agent:
        found["aws:UserAgent"] = (agent,)
    referer = first.get("referer")
    if referer:
        found["aws:Referer"] = (referer,)
    return found
