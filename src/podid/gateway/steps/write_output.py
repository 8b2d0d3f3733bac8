"""Step 7: the answer, in the protocol the client spoke; and any error, in the same.

Turning an error into HTTP happens here and nowhere else.
"""

from __future__ import annotations

from msgspec.structs import replace

from podid.core.errors import AwsError, PodidError
from podid.core.http import HttpRequest, HttpResponse
from podid.core.wire import OperationModel, ServiceModel, protocol_of, write_error
from podid.core.wire import write_output as write_members
from podid.gateway.refusals import Refused, Said, spell
from podid.gateway.steps.values import Addressed, Answered
from podid.store import StoreUnavailable


def write_output(answered: Answered) -> HttpResponse:
    """Write the answer."""
    understood = answered.authorised.understood
    addressed = understood.authenticated.addressed
    request_id = addressed.numbered.request_id
    if isinstance(answered.output, HttpResponse):
        return _with_request_id(answered.output, addressed.model, request_id)
    return write_members(
        addressed.model,
        understood.match.operation,
        answered.output,
        request_id=request_id,
        request=addressed.request,
    )


def write_preflight(answer: HttpResponse, addressed: Addressed) -> HttpResponse:
    """The answer to a browser that asks what it might do."""
    return _with_request_id(answer, addressed.model, addressed.numbered.request_id)


def write_failure(
    error: Exception, *, model: ServiceModel, operation: OperationModel | None, request: HttpRequest, request_id: str
) -> HttpResponse:
    """Write an error. What is not one of ours is our own mistake and says nothing of itself."""
    if isinstance(error, Refused):
        told: AwsError = spell(error, model.name, protocol_of(model, request))
    elif isinstance(error, AwsError):
        told = error
    elif isinstance(error, StoreUnavailable):
        told = Said("ServiceUnavailable", 503, error.public)  # SDKs try again
    elif isinstance(error, PodidError):
        told = Said("InternalFailure", 500, error.public)
    else:
        told = Said("InternalFailure", 500, "The request processing has failed because of an unknown error.")
    return write_error(model, operation, told, request_id=request_id, request=request)


def _with_request_id(response: HttpResponse, model: ServiceModel, request_id: str) -> HttpResponse:
    names = ("x-amz-request-id", "x-amz-id-2") if model.bare_errors else ("x-amzn-requestid",)
    return replace(response, headers=(*response.headers, *((name, request_id) for name in names)))
