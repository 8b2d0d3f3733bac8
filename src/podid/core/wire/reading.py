"""A request's members, whatever its protocol: {MemberName: value}, structures within likewise, timestamps as datetimes, blobs as bytes."""

from __future__ import annotations

from typing import Any

from podid.core.caller import Input
from podid.core.http import HttpRequest
from podid.core.strict_json import MalformedJson, parse_json
from podid.core.wire import cbor, constraints
from podid.core.wire.dialects import Dialect, Spelling, dialect_of
from podid.core.wire.model import Match, OperationModel, ServiceModel
from podid.core.wire.problems import InvalidInput, Unreadable
from podid.core.wire.read_json import cbor_scalar, json_scalar, read_structure, read_value
from podid.core.wire.read_query import read_form
from podid.core.wire.read_rest import read_bindings
from podid.core.wire.read_xml import read_document
from podid.core.wire.routing import form_pairs, protocol_of
from podid.core.wire.shapes import Member, Shape

MAX_JSON_BODY = 64 * 1024 * 1024
"""DynamoDB takes 16 MiB, Lambda's code 50 MB as base64; the gateway has tighter bounds of its own."""


_BAD_REQUEST = "BadRequestException"


def read_input(
    model: ServiceModel, match: Match, request: HttpRequest, *, validate: bool = True, patterns: bool = True
) -> Input:
    """The input's members. A member that was not sent is absent.

    Raises InvalidInput with the service's code: for a message that is not of the protocol's form, for a value of the wrong type, and for one
    that breaks the model (required, length, range, enumeration and, unless `patterns` is False, pattern; none of it where `validate` is
    False). Services behind us are better read without patterns: models are stricter than what some of them give out and take back.
    """
    protocol = protocol_of(model, request)
    dialect = dialect_of(model.name, protocol)
    shape = match.operation.input
    if shape is None:
        return {}
    try:
        members = _read(protocol, match, shape, request)
    except (Unreadable, MalformedJson) as error:
        code, status = dialect.unreadable
        raise InvalidInput(code, status, str(error)) from error
    if validate:
        _check(dialect, match.operation, shape, members, patterns)
    return members


def check_members(model: ServiceModel, match: Match, members: Input) -> None:
    """Refuse members that did not come by the wire, of a call within another, as `read_input` would. Raises InvalidInput."""
    if match.operation.input is not None:
        _check(dialect_of(model.name, model.protocol), match.operation, match.operation.input, members, True)


def _check(dialect: Dialect, operation: OperationModel, shape: Shape, members: Input, patterns: bool) -> None:
    problems = constraints.violations(shape, members, patterns=patterns)
    if problems:
        code, status = _broken(dialect, operation)
        raise InvalidInput(code, status, constraints.sentence(problems))


def _broken(dialect: Dialect, operation: OperationModel) -> Spelling:
    """How an operation calls input that breaks its model: EKS's tag operations know BadRequestException alone."""
    code, status = dialect.constraint
    if code not in operation.error_names and _BAD_REQUEST in operation.error_names:
        return _BAD_REQUEST, 400
    return code, status


def _read(protocol: str, match: Match, shape: Shape, request: HttpRequest) -> dict[str, Any]:
    if protocol in ("query", "ec2"):
        return read_form(shape, form_pairs(request), ec2=protocol == "ec2")
    if protocol == "json":
        return read_structure(shape, _json(request.body), json_scalar)
    if protocol == "smithy-rpc-v2-cbor":
        return read_structure(shape, cbor.decode(request.body) if request.body else {}, cbor_scalar)
    members = read_bindings(match, shape, request) if shape.bound_members else {}
    members.update(_rest_body(protocol, match, shape, request.body))
    return members


def _rest_body(protocol: str, match: Match, shape: Shape, body: bytes) -> dict[str, Any]:
    payload = shape.payload
    if payload is not None:
        if not body and payload.name not in shape.required:
            return {}
        value = _payload(protocol, payload, body)
        return {} if value is None else {payload.name: value}
    if not shape.body_members or not body:
        return {}
    if protocol == "rest-xml":
        place = match.operation.input_place
        assert place is not None
        return read_document(place, body)
    return read_structure(shape, _json(body), json_scalar)


def _payload(protocol: str, payload: Member, body: bytes) -> Any:
    """The member that is the whole body."""
    if payload.shape.eventstream:
        raise Unreadable("podid does not read event streams")
    if payload.shape.type == "blob":
        return body
    if payload.shape.type == "string":
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable("the body is not UTF-8") from error
    if not body:
        return None
    if protocol == "rest-xml":
        return read_document(payload, body)
    return read_value(payload, _json(body), json_scalar)


def _json(body: bytes) -> Any:
    if not body:
        return {}
    return parse_json(body, max_size=MAX_JSON_BODY)
