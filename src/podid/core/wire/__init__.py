"""botocore's service models as a server: which operation a request means, what its members are, and how answers and errors are written.

    request ─ match ─▶ operation ─ read_input ─▶ {MemberName: value} ─ handler ─▶ {MemberName: value} ─ write_output ─▶ response
                                        └ InvalidInput ─────────────────── or AwsError ─────────────── write_error ──┘

Six protocols: rest-json, rest-xml, query, ec2, json (1.0 and 1.1) and smithy-rpc-v2-cbor. A codec knows one protocol and no service; what
a service words in its own way is data (`dialects`). This room reads botocore's data files and never imports botocore.
"""

from __future__ import annotations

from podid.core.wire.data import UnknownService, service_names, services_signing_as
from podid.core.wire.error_writing import write_error
from podid.core.wire.model import ErrorShape, Match, OperationModel, ServiceModel, load_service, make_service
from podid.core.wire.problems import InvalidInput
from podid.core.wire.reading import check_members, read_input
from podid.core.wire.routing import protocol_of, unknown_operation
from podid.core.wire.shapes import Member, Shape
from podid.core.wire.writing import write_output

__all__ = [
    "ErrorShape",
    "InvalidInput",
    "Match",
    "Member",
    "OperationModel",
    "ServiceModel",
    "Shape",
    "UnknownService",
    "check_members",
    "load_service",
    "make_service",
    "protocol_of",
    "read_input",
    "service_names",
    "services_signing_as",
    "unknown_operation",
    "write_error",
    "write_output",
]
