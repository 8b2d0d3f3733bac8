"""A failure as its service tells it: code, status and members by the model where the model has them, else by the service's dialect.

query, rest-xml   <ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>
S3                <Error><Code/><Message/>…<RequestId/><HostId/></Error>
ec2               <Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>
rest-json         x-amzn-ErrorType: CODE       {"message": …}
json              {"__type": CODE, "message": …}
cbor              {"__type": CODE, "message": …}
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from podid.core.errors import AwsError
from podid.core.http import Headers, HttpRequest, HttpResponse
from podid.core.wire import cbor
from podid.core.wire.dialects import dialect_of
from podid.core.wire.model import ErrorShape, OperationModel, ServiceModel
from podid.core.wire.routing import protocol_of
from podid.core.wire.write_xml import DECLARATION, element, namespace_attribute
from podid.core.wire.writing import request_id_headers, without_body

_encode_json = msgspec.json.Encoder().encode


class _Failure(Struct, frozen=True):
    """What is known of an error before it is put in a protocol's form. `code` is query-like protocols' name, `name` JSON's."""

    name: str
    code: str
    status: int
    sender: bool
    message: str
    message_member: str
    members: dict[str, str]


def write_error(
    model: ServiceModel,
    operation: OperationModel | None,
    error: AwsError,
    *,
    request_id: str,
    request: HttpRequest | None = None,
) -> HttpResponse:
    """The response that tells `error`. Only its public text and its members are told.

    The code is looked up among the errors of the operation, then of the service; the model's status beats the error's own. A code that the
    model does not have is spelled as the service spells it (AccessDenied is AccessDeniedException in EKS, UnauthorizedOperation in EC2).
    """
    protocol = model.protocol if request is None else protocol_of(model, request)
    failure = _failure(protocol, model, operation, error)
    headers = request_id_headers(model, request_id)
    if protocol == "rest-json":
        response = _rest_json(failure, headers)
    elif protocol == "json":
        response = _json(model, failure, headers, request)
    elif protocol == "smithy-rpc-v2-cbor":
        response = _cbor(model, failure, headers, request)
    elif protocol == "ec2":
        response = _ec2(failure, headers, request_id)
    elif model.bare_errors:
        response = _bare(failure, headers, request_id)
    else:
        response = _query(model, failure, headers, request_id)
    if request is not None and request.method == "HEAD":
        return without_body(response)
    return response


def _failure(protocol: str, model: ServiceModel, operation: OperationModel | None, error: AwsError) -> _Failure:
    found = _modelled(model, operation, error.code)
    name, status = error.code, error.status
    code = name
    if found is None:
        spelled = dialect_of(model.name, protocol).spelled.get(name)
        if spelled is not None:
            name, status = code, _ = spelled
            if model.query_compatible and protocol == "json":
                # Who left the query protocol still tells its old codes, with their statuses, to clients that know them.
                code, status = dialect_of(model.name, "query").spelled.get(error.code, spelled)
            found = _modelled(model, operation, name)
    if found is None:
        return _Failure(name, code, status, status < 500, error.public, "message", dict(error.members))
    wire_names = {member.name: member.wire_name for member in found.shape.members.values()}
    message_member = next(
        (wire_names[name] for name in ("message", "Message", "errorMessage") if name in wire_names), "message"
    )
    members = {wire_names.get(name, name): text for name, text in error.members.items()}
    # Without a status of its own a modelled error is 400, or 500 where the model calls it a fault.
    status = found.status or (status if _is_of_kind(status, found.sender) else (400 if found.sender else 500))
    return _Failure(found.name, found.code, status, found.sender, error.public, message_member, members)


def _is_of_kind(status: int, sender: bool) -> bool:
    return 400 <= status < 500 if sender else status >= 500


def _modelled(model: ServiceModel, operation: OperationModel | None, code: str) -> ErrorShape | None:
    """The operation's own error of that code, else the service's: two shapes may share a code."""
    if operation is not None:
        for name in operation.error_names:
            shape = model.errors.get(name)
            if shape is not None and code in (shape.name, shape.code):
                return shape
    return model.errors.get(code)


def _rest_json(failure: _Failure, headers: Headers) -> HttpResponse:
    body = {failure.message_member: failure.message, **failure.members}
    return HttpResponse(
        status=failure.status,
        headers=(*headers, ("x-amzn-errortype", failure.name), ("content-type", "application/json")),
        body=_encode_json(body),
    )


def _json(model: ServiceModel, failure: _Failure, headers: Headers, request: HttpRequest | None) -> HttpResponse:
    body = {"__type": failure.name, failure.message_member: failure.message, **failure.members}
    kind = f"application/x-amz-json-{model.json_version}"
    headers = (*headers, *_query_error(model, failure, request), ("content-type", kind))
    return HttpResponse(status=failure.status, headers=headers, body=_encode_json(body))


def _cbor(model: ServiceModel, failure: _Failure, headers: Headers, request: HttpRequest | None) -> HttpResponse:
    body = {"__type": failure.name, failure.message_member: failure.message, **failure.members}
    headers = (
        *headers,
        *_query_error(model, failure, request),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("content-type", "application/cbor"),
    )
    return HttpResponse(status=failure.status, headers=headers, body=cbor.encode(body))


def _query_error(model: ServiceModel, failure: _Failure, request: HttpRequest | None) -> Headers:
    """What a service that left the query protocol tells clients that still know its old codes."""
    if not model.query_compatible or request is None or request.header("x-amzn-query-mode") != "true":
        return ()
    return (("x-amzn-query-error", f"{failure.code};{'Sender' if failure.sender else 'Receiver'}"),)


def _details(failure: _Failure) -> str:
    members = "".join(element(name, text) for name, text in failure.members.items())
    return element("Code", failure.code) + element("Message", failure.message) + members


def _query(model: ServiceModel, failure: _Failure, headers: Headers, request_id: str) -> HttpResponse:
    kind = element("Type", "Sender" if failure.sender else "Receiver")
    body = (
        f"<ErrorResponse{namespace_attribute(model.xml_namespace)}><Error>{kind}{_details(failure)}</Error>"
        f"{element('RequestId', request_id)}</ErrorResponse>"
    )
    return HttpResponse(status=failure.status, headers=(*headers, ("content-type", "text/xml")), body=body.encode())


def _ec2(failure: _Failure, headers: Headers, request_id: str) -> HttpResponse:
    error = f"<Errors><Error>{_details(failure)}</Error></Errors>"
    body = f"{DECLARATION}<Response>{error}{element('RequestID', request_id)}</Response>"
    headers = (*headers, ("content-type", "text/xml;charset=UTF-8"))
    return HttpResponse(status=failure.status, headers=headers, body=body.encode())


def _bare(failure: _Failure, headers: Headers, request_id: str) -> HttpResponse:
    ids = element("RequestId", request_id) + element("HostId", request_id)
    body = f"{DECLARATION}<Error>{_details(failure)}{ids}</Error>"
    headers = (*headers, ("content-type", "application/xml"))
    return HttpResponse(status=failure.status, headers=headers, body=body.encode())
