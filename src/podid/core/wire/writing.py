"""An operation's answer, whatever its protocol."""

from __future__ import annotations

from typing import Any

import msgspec

from podid.core.caller import Output
from podid.core.http import Headers, HttpRequest, HttpResponse
from podid.core.wire import cbor, scalars
from podid.core.wire.model import OperationModel, ServiceModel
from podid.core.wire.routing import protocol_of
from podid.core.wire.shapes import Member, Shape
from podid.core.wire.write_json import cbor_scalar, json_scalar, write_structure, write_value
from podid.core.wire.write_xml import DECLARATION, element, namespace_attribute, write_members

_NO_BODY = (204, 304)
_encode_json = msgspec.json.Encoder().encode


def write_output(
    model: ServiceModel,
    operation: OperationModel,
    output: Output,
    *,
    request_id: str,
    request: HttpRequest | None = None,
) -> HttpResponse:
    """The response that carries `output`, in which None members count as absent.

    `request` tells the protocol of a service that has several, and that a HEAD wants no body; without it the model's own protocol is
    spoken. Raises ValueError for a member the model does not have or a value that is not of its shape: a mistake of the handler.
    """
    protocol = model.protocol if request is None else protocol_of(model, request)
    response = _write(protocol, model, operation, output, request_id)
    if request is not None and request.method == "HEAD":
        return without_body(response)
    return response


def without_body(response: HttpResponse) -> HttpResponse:
    """The same answer as a HEAD request gets it: the length stays out, for it would have to be that of the body a GET has."""
    return HttpResponse(status=response.status, headers=response.headers, body=b"")


def request_id_headers(model: ServiceModel, request_id: str) -> Headers:
    """The header in which a service gives the request's id."""
    if model.bare_errors:
        return (("x-amz-request-id", request_id), ("x-amz-id-2", request_id))
    return (("x-amzn-requestid", request_id),)


def _write(
    protocol: str, model: ServiceModel, operation: OperationModel, output: Output, request_id: str
) -> HttpResponse:
    headers = request_id_headers(model, request_id)
    shape = operation.output
    if protocol == "query":
        return HttpResponse(
            status=200,
            headers=(*headers, ("content-type", "text/xml")),
            body=_query(model, operation, output, request_id),
        )
    if protocol == "ec2":
        body = _ec2(model, operation, output, request_id)
        return HttpResponse(status=200, headers=(*headers, ("content-type", "text/xml;charset=UTF-8")), body=body)
    if protocol == "json":
        body = b"{}" if shape is None else _encode_json(write_structure(shape, output, json_scalar))
        kind = f"application/x-amz-json-{model.json_version}"
        return HttpResponse(status=200, headers=(*headers, ("content-type", kind)), body=body)
    if protocol == "smithy-rpc-v2-cbor":
        headers = (*headers, ("smithy-protocol", "rpc-v2-cbor"))
        if shape is None:
            return HttpResponse(status=200, headers=headers)
        body = cbor.encode(write_structure(shape, output, cbor_scalar))
        return HttpResponse(status=200, headers=(*headers, ("content-type", "application/cbor")), body=body)
    return _rest(protocol, operation, output, headers)


def _query(model: ServiceModel, operation: OperationModel, output: Output, request_id: str) -> bytes:
    name = operation.name
    result = ""
    place = operation.output_place
    if place is not None:
        wrapper = place.result_wrapper or f"{name}Result"
        result = f"<{wrapper}>{write_members(place.shape, output)}</{wrapper}>"
    metadata = f"<ResponseMetadata>{element('RequestId', request_id)}</ResponseMetadata>"
    return f"<{name}Response{namespace_attribute(model.xml_namespace)}>{result}{metadata}</{name}Response>".encode()


def _ec2(model: ServiceModel, operation: OperationModel, output: Output, request_id: str) -> bytes:
    name = operation.name
    members = "" if operation.output is None else write_members(operation.output, output)
    head = f"{DECLARATION}<{name}Response{namespace_attribute(model.xml_namespace)}>"
    return f"{head}{element('requestId', request_id)}{members}</{name}Response>".encode()


def _rest(protocol: str, operation: OperationModel, output: Output, headers: Headers) -> HttpResponse:
    shape = operation.output
    status = operation.status
    if shape is None:
        return HttpResponse(status=status, headers=headers)
    for member in shape.bound_members:  # of most answers there are none
        value = output.get(member.name)
        if value is None:
            continue
        if member.location == "statusCode":
            status = value
        elif member.location == "headers":
            prefix = member.wire_name.lower() if member.is_named else ""
            headers = (*headers, *((prefix + key, text) for key, text in value.items()))
        else:
            headers = (*headers, (member.wire_name.lower(), _header_text(member, value)))
    kind, body = _rest_body(protocol, operation, shape, output)
    if status in _NO_BODY:
        return HttpResponse(status=status, headers=headers)
    if kind and not (shape.bound_members and any(name == "content-type" for name, _ in headers)):
        headers = (*headers, ("content-type", kind))
    return HttpResponse(status=status, headers=headers, body=body)


def _header_text(member: Member, value: Any) -> str:
    if member.shape.type == "list":
        return ", ".join(_quoted(_header_text(member.shape.item, item)) for item in value)
    if member.jsonvalue:
        return scalars.to_header_json(value)
    return scalars.to_text(member, value, timestamp_format="rfc822")


def _quoted(text: str) -> str:
    if "," in text or '"' in text:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text


def _rest_body(protocol: str, operation: OperationModel, shape: Shape, output: Output) -> tuple[str, bytes]:
    """Content type and body."""
    payload = shape.payload
    if payload is not None:
        value = output.get(payload.name)
        if payload.shape.eventstream:
            raise ValueError(f"{operation.name} answers with an event stream, which podid does not write")
        if payload.shape.type == "blob":
            return "application/octet-stream", value or b""
        if payload.shape.type == "string":
            return "text/plain", (value or "").encode()
        if value is None:
            return "", b""
        if protocol == "rest-xml":
            return "application/xml", _document(payload, value)
        return "application/json", _encode_json(write_value(payload, value, json_scalar))
    if protocol == "rest-xml":
        place = operation.output_place
        if not shape.body_members or place is None:
            return "", b""
        return "application/xml", _document(place, output)
    return "application/json", _encode_json(write_structure(shape, output, json_scalar, in_body=True))


def _document(place: Member, members: dict[str, Any]) -> bytes:
    name = place.wire_name if place.is_named or place.name != "" else place.shape.name
    inner = write_members(place.shape, members)
    return f"{DECLARATION}<{name}{namespace_attribute(place.xml_namespace)}>{inner}</{name}>".encode()
