"""Calls within a call: what CloudFormation makes of ours for its caller, or as the role that the stack was given.

Each is authorised like a call from outside, with the keys that say it comes by way of a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from msgspec.structs import replace

from podid.core.caller import Caller, Input, Notes, Output
from podid.core.operations import Handler
from podid.core.operations import invoke as invoke_handler
from podid.core.wire import Match, check_members, load_service
from podid.gateway.catalog import SERVICES
from podid.gateway.moto_services.acting import Perform
from podid.gateway.steps.authorize import Authority, authorize
from podid.gateway.steps.values import Understood


def performer(understood: Understood, rooms: Mapping[str, Mapping[str, Handler]], authority: Authority) -> Perform:
    """Something that carries out operations of podid's rooms for the caller of `understood`."""
    principal = f"{understood.call.service}.amazonaws.com"
    by_way = {
        "aws:ViaAWSService": ("true",),
        "aws:CalledVia": (principal,),
        "aws:CalledViaFirst": (principal,),
        "aws:CalledViaLast": (principal,),
    }
    stack_role = authority.acting_caller(understood)
    acting: list[Caller] = []
    steps = count(1)

    def perform(service: str, operation: str, members: Input) -> Output:
        if not acting:
            acting.append(stack_role() if stack_role is not None else understood.call.caller)
        caller = acting[0]
        model = load_service(service)
        inner = replace(
            understood.call,
            caller=caller,
            account=caller.account,
            service=service,
            operation=operation,
            context={**understood.call.context, **by_way},
            notes=Notes(step=next(steps)),
        )
        addressed = replace(
            understood.authenticated.addressed,
            service=SERVICES[service],
            model=model,
            match=Match(model.operations[operation], {}),
        )
        asked = Understood(
            authenticated=replace(understood.authenticated, addressed=addressed, caller=caller),
            match=Match(model.operations[operation], {}),
            members=members,
            call=inner,
        )
        output: Output = {}
        try:
            handlers = rooms.get(service)
            if handlers is not None:
                check_members(model, asked.match, members)
            authorize(asked, authority)
            if (
                handlers is not None
            ):  # moto's own services make it themselves; all that is asked here is whether they may
                output = invoke_handler(handlers, inner, members)
        except Exception as failure:
            authority.called(asked, None, failure)
            raise
        authority.called(asked, output, None)
        return output

    return perform
