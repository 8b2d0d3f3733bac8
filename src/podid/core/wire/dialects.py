"""The words of each protocol, and of the services that deviate: codes and statuses that no model states.

A dialect is data. The codecs know protocols; this file alone knows services by name.

Sources: the "Common Errors" page of each service's API reference (IAM, STS, EC2, DynamoDB, S3 "List of error codes", EKS), and what the
SDKs' retry and clock-skew tables (botocore `data/_retry.json`) expect of each protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

Spelling = tuple[str, int]
"""A code on the wire and its HTTP status."""


class Dialect(Struct, frozen=True, kw_only=True):
    """How a service words the failures that its model leaves out. `spelled` has podid's general codes (the query protocol's) as keys."""

    constraint: Spelling
    """A member breaks its model: missing, too long, not of the pattern."""
    unreadable: Spelling
    """The message is not of its protocol's form."""
    unknown_operation: Spelling
    spelled: Mapping[str, Spelling]


_QUERY = Dialect(
    constraint=("ValidationError", 400),
    unreadable=("MalformedInput", 400),
    unknown_operation=("InvalidAction", 400),
    spelled={
        "AccessDenied": ("AccessDenied", 403),
        "ExpiredToken": ("ExpiredToken", 403),
        "IncompleteSignature": ("IncompleteSignature", 403),
        "InternalFailure": ("InternalFailure", 500),
        "InvalidClientTokenId": ("InvalidClientTokenId", 403),
        "MissingAuthenticationToken": ("MissingAuthenticationToken", 403),
        "NotImplemented": ("NotImplemented", 501),
        "ServiceUnavailable": ("ServiceUnavailable", 503),
        "SignatureDoesNotMatch": ("SignatureDoesNotMatch", 403),
        "Throttling": ("Throttling", 400),
    },
)

_EC2 = Dialect(
    constraint=("InvalidParameterValue", 400),
    unreadable=("InvalidParameterValue", 400),
    unknown_operation=("InvalidAction", 400),
    spelled={
        **_QUERY.spelled,
        "AccessDenied": ("UnauthorizedOperation", 403),
        "ExpiredToken": ("RequestExpired", 400),
        "InternalFailure": ("InternalError", 500),
        "InvalidClientTokenId": ("AuthFailure", 401),
        "MissingAuthenticationToken": ("AuthFailure", 401),
        "ServiceUnavailable": ("Unavailable", 503),
        "SignatureDoesNotMatch": ("AuthFailure", 401),
        "Throttling": ("RequestLimitExceeded", 503),
    },
)

_REST_JSON = Dialect(
    constraint=("ValidationException", 400),
    unreadable=("SerializationException", 400),
    unknown_operation=("UnknownOperationException", 404),
    spelled={
        "AccessDenied": ("AccessDeniedException", 403),
        "ExpiredToken": ("ExpiredTokenException", 403),
        "IncompleteSignature": ("IncompleteSignatureException", 403),
        "InternalFailure": ("InternalFailure", 500),
        "InvalidClientTokenId": ("UnrecognizedClientException", 403),
        "MissingAuthenticationToken": ("MissingAuthenticationTokenException", 403),
        "NotImplemented": ("NotImplementedException", 501),
        "ServiceUnavailable": ("ServiceUnavailableException", 503),
        "SignatureDoesNotMatch": ("InvalidSignatureException", 403),
        "Throttling": ("ThrottlingException", 429),
    },
)

_JSON = Dialect(
    constraint=("ValidationException", 400),
    unreadable=("SerializationException", 400),
    unknown_operation=("UnknownOperationException", 400),
    spelled={
        code: (spelling, 400 if status in (403, 429) else status)
        for code, (spelling, status) in _REST_JSON.spelled.items()
    },
)

_CBOR = Dialect(
    constraint=_JSON.constraint,
    unreadable=_JSON.unreadable,
    unknown_operation=("UnknownOperationException", 404),
    spelled=_JSON.spelled,
)

_REST_XML = Dialect(
    constraint=("InvalidInput", 400),
    unreadable=("MalformedInput", 400),
    unknown_operation=("InvalidAction", 400),
    spelled=_QUERY.spelled,
)

_S3 = Dialect(
    constraint=("InvalidArgument", 400),
    unreadable=("MalformedXML", 400),
    unknown_operation=("MethodNotAllowed", 405),
    spelled={
        **_QUERY.spelled,
        "ExpiredToken": ("ExpiredToken", 400),
        "IncompleteSignature": ("AuthorizationHeaderMalformed", 400),
        "InternalFailure": ("InternalError", 500),
        "InvalidClientTokenId": ("InvalidAccessKeyId", 403),
        "MissingAuthenticationToken": ("AccessDenied", 403),
        "Throttling": ("SlowDown", 503),
    },
)

_PROTOCOLS: Mapping[str, Dialect] = MappingProxyType(
    {
        "query": _QUERY,
        "ec2": _EC2,
        "rest-json": _REST_JSON,
        "json": _JSON,
        "smithy-rpc-v2-cbor": _CBOR,
        "rest-xml": _REST_XML,
    }
)

_SERVICES: Mapping[str, Dialect] = MappingProxyType(
    {
        "eks": Dialect(
            constraint=("InvalidParameterException", 400),
            unreadable=("SerializationException", 400),
            unknown_operation=_REST_JSON.unknown_operation,
            spelled={**_REST_JSON.spelled, "InternalFailure": ("ServerException", 500)},
        ),
        "eks-auth": Dialect(
            constraint=("InvalidParameterException", 400),
            unreadable=("InvalidRequestException", 400),
            unknown_operation=_REST_JSON.unknown_operation,
            spelled={**_REST_JSON.spelled, "InternalFailure": ("InternalServerException", 500)},
        ),
        "s3": _S3,
        "s3control": _S3,
        "sns": Dialect(
            constraint=("InvalidParameter", 400),
            unreadable=_QUERY.unreadable,
            unknown_operation=_QUERY.unknown_operation,
            spelled={**_QUERY.spelled, "AccessDenied": ("AuthorizationError", 403)},
        ),
    }
)


def dialect_of(service: str, protocol: str) -> Dialect:
    """The dialect of a service where it has one of its own, else the protocol's."""
    return _SERVICES.get(service) or _PROTOCOLS[protocol]
