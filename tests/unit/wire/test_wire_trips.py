"""Whole trips: what botocore's client sends is what our reader makes of it, and what our writer sends is what botocore's parser makes of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from podid.core.http import HttpRequest
from podid.core.wire import OperationModel, load_service, read_input, service_names, write_output

# Every protocol (PODID_SERVICES=1: and every service there is, a few minutes), with the services that use its corners: flattened lists and maps (sqs, sdb, elasticache), documents and unions
# (bedrock-runtime, appconfigdata), prefixed headers, greedy paths and XML attributes (s3), namespaces (route53), capitalised names (ec2).
_CORNERS = (
    "eks",
    "eks-auth",
    "lambda",
    "apigateway",
    "iot-data",
    "glacier",
    "dataexchange",
    "iam",
    "sts",
    "sns",
    "autoscaling",
    "cloudformation",
    "elasticache",
    "sdb",
    "rds",
    "s3",
    "s3control",
    "route53",
    "cloudfront",
    "dynamodb",
    "sqs",
    "kms",
    "ssm",
    "secretsmanager",
    "stepfunctions",
    "ec2",
    "cloudwatch",
    "cloudwatchomni",
    "eventbridgev2",
)
SERVICES = tuple(sorted(service_names())) if os.environ.get("PODID_SERVICES") == "1" else _CORNERS

_SELECTING_HEADERS = {
    "json": (("x-amz-target", "any"),),
    "smithy-rpc-v2-cbor": (("smithy-protocol", "rpc-v2-cbor"),),
    "query": (("content-type", "application/x-www-form-urlencoded"),),
}

# One address, two operations: the newer one is meant.
_OTHER_NAME = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
    "ListDirectoryBuckets": "ListBuckets",
}


def _cases() -> list[Any]:
    cases = []
    for service in SERVICES:
        model = load_service(service)
        for protocol in model.protocols:
            if protocol == "query" and model.query_compatible:
                continue  # botocore no longer writes it for these
            cases.append(pytest.param(service, protocol, id=f"{service}-{protocol}"))
    return cases


def _streams_events(operation: OperationModel) -> bool:
    shapes = [shape for shape in (operation.input, operation.output) if shape is not None]
    return any(member.shape.eventstream for shape in shapes for member in shape.members.values())


@pytest.mark.parametrize(("service", "protocol"), _cases())
def test_what_botocore_sends_is_read(
    service: str, protocol: str, other: Any, maker: Callable[..., Any], normal: Callable[[Any], Any]
) -> None:
    model = load_service(service)
    for name, operation in model.operations.items():
        if operation.input is None or _streams_events(operation):
            continue
        # botocore's own model of S3 has Expires as a timestamp, the published one as text.
        members = maker(f"in {service} {protocol} {name}", milliseconds=True).members(operation.input)
        if service == "s3":
            members.pop("Expires", None)
        request = other.send(service, name, members, protocol)
        match = model.match(request)
        assert match is not None, f"{name}: {request.method} {request.path}?{request.query}"
        if name in _OTHER_NAME and service == "s3":
            assert match.operation.name == _OTHER_NAME[name]
            continue
        assert match.operation.name == name
        assert normal(read_input(model, match, request, validate=False)) == normal(members), name


@pytest.mark.parametrize(("service", "protocol"), _cases())
def test_what_we_send_is_read_by_botocore(
    service: str, protocol: str, other: Any, maker: Callable[..., Any], normal: Callable[[Any], Any]
) -> None:
    model = load_service(service)
    request = HttpRequest(method="POST", path="/", headers=_SELECTING_HEADERS.get(protocol, ()))
    for name, operation in model.operations.items():
        shape = operation.output
        # GetBucketNotification has two members of one element name, a deprecated one and its successor: no reader can tell them apart.
        if shape is None or _streams_events(operation) or name == "GetBucketNotification":
            continue
        if operation.status == 204:
            continue  # whatever the model has for an output: HTTP has no body there
        members = maker(f"out {service} {protocol} {name}", milliseconds=True).members(shape)
        members.pop("Expires", None)
        for member in shape.bound_members:
            if member.location == "statusCode":
                members[member.name] = 201
            if member.wire_name.lower() == "content-type":
                members[member.name] = "text/x"
            if member.location == "headers" and not member.is_named:
                members.pop(member.name, None)  # all headers, those of the transport included
        response = write_output(model, operation, members, request_id="id", request=request)
        parsed = other.receive(service, name, response, protocol)
        if shape.payload is not None:
            body = parsed.pop(shape.payload.name, None)
            sent = members.pop(shape.payload.name, None)
            if isinstance(sent, bytes) or (sent is None and shape.payload.shape.type == "blob"):
                assert response.body == (sent or b""), name  # botocore streams it; the parser alone cannot show it
            else:
                assert normal(body or None) == normal(sent or None), name
        for member in shape.bound_members:
            if member.location == "headers" and not member.is_named:
                parsed.pop(member.name, None)
        assert normal(parsed) == normal(members), name
