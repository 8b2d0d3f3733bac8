"""Step 4: what is asked, in values: the input as the service's model has it, and the call as a handler sees it."""

from __future__ import annotations

from podid.core.arn import partition_of
from podid.core.caller import Call
from podid.core.wire import read_input as read_members
from podid.core.wire import unknown_operation
from podid.gateway.conditions import RequestContext
from podid.gateway.steps.flat_input import read_flat
from podid.gateway.steps.values import Authenticated, Understood

_REST_JSON = ("rest-json",)


def read_input(authenticated: Authenticated) -> Understood:
    """Read the input. Raises InvalidInput in the service's words, or that the service has no such operation."""
    addressed = authenticated.addressed
    if addressed.match is None:
        raise unknown_operation(addressed.model, addressed.request)
    numbered = addressed.numbered
    received = numbered.received
    members = read_flat(addressed.match, addressed.request) if addressed.model.protocols == _REST_JSON else None
    if members is None:
        members = read_members(
            addressed.model, addressed.match, addressed.request, patterns=not addressed.service.of_moto
        )
    first = dict(reversed(received.request.headers))  # of a header that came twice, the first
    call = Call(
        caller=authenticated.caller,
        account=authenticated.caller.account,
        region=addressed.region,
        partition=partition_of(addressed.region),
        now=received.now,
        request_id=numbered.request_id,
        service=addressed.service.model,
        operation=addressed.match.operation.name,
        source_ip=received.source_ip,
        user_agent=first.get("user-agent", ""),
        host=first.get("host", ""),
        context=RequestContext(authenticated),
    )
    return Understood(authenticated=authenticated, match=addressed.match, members=members, call=call)
