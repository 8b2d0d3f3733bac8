"""Step 6: the call is carried out, by the room that owns the service or by moto."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from podid.core.caller import Input, Output
from podid.core.errors import AccessDenied, NotImplementedHere
from podid.core.http import HttpResponse
from podid.core.operations import Handler, Steps, begin
from podid.core.wire import protocol_of
from podid.gateway.moto_services import MotoCall, MotoServices
from podid.gateway.needs.need import Need
from podid.gateway.steps import long_polls, s3_rules
from podid.gateway.steps.authorize import Authority, asked_of
from podid.gateway.steps.on_behalf import performer
from podid.gateway.steps.uploads import content_of, is_upload, members_with
from podid.gateway.steps.values import Answered, Authorised, Understood
from podid.gateway.uploads.content import Content

_NOBODY = "AKIAEXAMPLE"
"""The access key id that moto is shown for an anonymous caller; moto knows none of ours."""


def invoke(
    authorised: Authorised,
    *,
    rooms: Mapping[str, Mapping[str, Handler]],
    moto: MotoServices | None,
    authority: Authority,
) -> Answered | Steps:
    """Carry out the call, or begin it where its room does it in parts. Raises whatever error the room answers with."""
    understood = authorised.understood
    service, call = understood.authenticated.addressed.service, understood.call
    handlers = rooms.get(service.model)
    if handlers is not None:
        begun = begin(handlers, call, understood.members)
        return Answered(authorised=authorised, output=begun) if isinstance(begun, dict) else begun
    if moto is None:
        raise NotImplementedHere(
            f"This installation serves none of AWS's services but its own, so not {service.model} (--services none)."
        )
    if authorised.denied:
        return Answered(authorised=authorised, output=_delete_the_allowed(authorised, moto, rooms, authority))
    members = understood.members
    if is_upload(understood.authenticated.addressed) and not isinstance(members.get("Body"), Content):
        members = members_with(members, content_of(understood))
    call_of_moto = _call(authorised, members, rooms, authority)
    wait = long_polls.wait_of(call_of_moto)
    if wait:
        told = moto.members_of(replace(call_of_moto, members=long_polls.without_wait(understood.members)))
        return Answered(authorised=authorised, output=told, wait=0 if told.get("Messages") else wait)
    output = moto.carry_out(call_of_moto)
    if service.model == "s3":
        _conceal_missing(understood, output, authority)
    return Answered(authorised=authorised, output=output)


def _call(
    authorised: Authorised, members: Input, rooms: Mapping[str, Mapping[str, Handler]], authority: Authority
) -> MotoCall:
    understood = authorised.understood
    addressed, call = understood.authenticated.addressed, understood.call
    # Whose it is decides where moto keeps it; whether the caller may was decided before.
    account = authorised.owner or call.account or authority.default_account
    return MotoCall(
        service=addressed.service,
        operation=call.operation,
        members=members,
        protocol=protocol_of(addressed.model, addressed.request),
        account=account,
        region=call.region,
        access_key_id=call.caller.access_key_id or _NOBODY,
        endpoint=addressed.numbered.received.endpoint,
        request_id=call.request_id,
        perform=performer(understood, rooms, authority),
    )


def _delete_the_allowed(
    authorised: Authorised, moto: MotoServices, rooms: Mapping[str, Mapping[str, Handler]], authority: Authority
) -> Output:
    understood = authorised.understood
    members = s3_rules.without_denied(understood.members, authorised.denied)
    output: Output = {}
    if members["Delete"]["Objects"]:
        output = moto.members_of(_call(authorised, members, rooms, authority))
    return s3_rules.with_errors(output, authorised.denied)


def _conceal_missing(understood: Understood, output: HttpResponse | Output, authority: Authority) -> None:
    """Who may not list a bucket is not told that an object is missing (S3 API reference, GetObject and CopyObject, "Permissions")."""
    if not isinstance(output, HttpResponse) or output.status != 404:
        return
    bucket = s3_rules.bucket_read(understood.call.operation, understood.members, output)
    if bucket is None:
        return
    asked = asked_of(understood, authority.lookup)
    need = Need(
        action="s3:ListBucket",
        resource=f"arn:{understood.call.partition}:s3:::{bucket}",
        resource_account=authority.lookup.bucket_owner(bucket) or "",
    )
    sentence = authority.decide(understood, asked, need)
    if sentence is not None:
        raise AccessDenied(sentence)
