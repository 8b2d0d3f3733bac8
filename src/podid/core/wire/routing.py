"""Which operation a request means.

json: the `X-Amz-Target` header; smithy-rpc-v2-cbor: the path; query and ec2: the `Action` parameter; the rest protocols: method, path
template and query parameters. A service that speaks several is asked in the order of what the request itself says.
"""

from __future__ import annotations

import re

from podid.core.http import HttpRequest
from podid.core.wire import form
from podid.core.wire.dialects import dialect_of
from podid.core.wire.form import Pairs
from podid.core.wire.model import Match, ServiceModel
from podid.core.wire.problems import InvalidInput, Unreadable
from podid.core.wire.rest_router import router_of

_RPC_PATH = re.compile(r"(?:/[^/]+)*?/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)")
_FORM = "application/x-www-form-urlencoded"


def protocol_of(model: ServiceModel, request: HttpRequest) -> str:
    """The protocol in which a request speaks to a service, of those the service has."""
    protocols = model.protocols
    if len(protocols) == 1:
        return model.protocol
    if "smithy-rpc-v2-cbor" in protocols and request.header("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if "json" in protocols and request.header("x-amz-target") is not None:
        return "json"
    if "query" in protocols and _has_action(request):
        return "query"
    return model.protocol


def _has_action(request: HttpRequest) -> bool:
    return _is_form(request) or request.query.startswith("Action=") or "&Action=" in request.query


def _is_form(request: HttpRequest) -> bool:
    return (request.header("content-type") or "").lower().startswith(_FORM)


def form_pairs(request: HttpRequest) -> Pairs:
    """The parameters of a query protocol request: those of the address (a presigned GET) and those of a form body. Raises Unreadable."""
    pairs = form.parse_pairs(request.query)
    if request.body and (_is_form(request) or request.header("content-type") is None):
        try:
            pairs = pairs + form.parse_pairs(request.body.decode("ascii").strip())
        except UnicodeDecodeError as error:
            raise Unreadable("the body holds characters that must be percent-encoded") from error
    return pairs


def match_request(model: ServiceModel, request: HttpRequest) -> Match | None:
    """The operation; None where the service has none such. Raises InvalidInput where the address itself cannot be read."""
    protocol = protocol_of(model, request)
    try:
        if protocol in ("rest-json", "rest-xml"):
            return router_of(model).match(request)
        name = _operation_name(model, protocol, request)
    except Unreadable as error:
        code, status = dialect_of(model.name, protocol).unreadable
        raise InvalidInput(code, status, str(error)) from error
    operation = model.operations.get(name)
    return None if operation is None else Match(operation, {})


def _operation_name(model: ServiceModel, protocol: str, request: HttpRequest) -> str:
    if protocol == "json":
        prefix, _, name = (request.header("x-amz-target") or "").rpartition(".")
        return name if prefix == model.target_prefix else ""
    if protocol == "smithy-rpc-v2-cbor":
        found = _RPC_PATH.fullmatch(request.path)
        return found["operation"] if found and found["service"] == model.target_prefix else ""
    given = {"Action": "", "Version": ""}
    for name, text in form_pairs(request):
        if name in given:
            if given[name]:
                raise Unreadable(f"the parameter {name} is given twice")
            given[name] = text
    # EC2 takes every version it ever had; the others answer that the operation is not one of that version.
    versioned = protocol == "ec2" or model.query_compatible or given["Version"] == model.api_version
    return given["Action"] if versioned else ""


def unknown_operation(model: ServiceModel, request: HttpRequest) -> InvalidInput:
    """The error for a request that `match` knows no operation for, in the service's words."""
    protocol = protocol_of(model, request)
    code, status = dialect_of(model.name, protocol).unknown_operation
    if protocol in ("query", "ec2"):
        try:
            pairs = dict(form_pairs(request))
        except Unreadable:
            pairs = {}
        if not pairs.get("Action"):
            return InvalidInput("MissingAction", 400, "The request is missing an action or a required parameter.")
        version = pairs.get("Version") or "NO_VERSION_SPECIFIED"
        return InvalidInput(
            code, status, f"Could not find operation {pairs['Action'][:128]} for version {version[:64]}"
        )
    if protocol == "rest-xml":
        return InvalidInput(code, status, "The specified method is not allowed against this resource.")
    return InvalidInput(code, status, "The requested operation is not recognized by the service.")
