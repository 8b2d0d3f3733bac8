"""Step 2: which service a request is for, and which of its operations.

1. The signature's scope names the service; several models may share a name, then the one that knows the request wins.
2. Without a signature: see `routing.unsigned`.
3. A bucket in the Host moves to the path, and from here on the request is an ordinary one for that bucket.

What the service has no operation for goes on with `match` None: it is refused after the caller is known, as AWS does.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec.structs import replace

from podid.core.http import HttpRequest
from podid.core.sigv4 import Claim, SignatureProblem, read_claim
from podid.core.wire import Match, ServiceModel, load_service
from podid.gateway.catalog import SERVICES, Service, signed_as
from podid.gateway.extensions import EXTENSION, extension_model
from podid.gateway.refusals import Refusal, Refused, Said, refused
from podid.gateway.routing.hosts import bucket_in, host_of, is_s3_control
from podid.gateway.routing.unsigned import service_of_unsigned
from podid.gateway.steps.values import Addressed, Numbered

DEFAULT_REGION = "us-east-1"
"""The region of a request whose signature names none: anonymous S3, web identities, signature version 2."""

_BY_ADDRESS = "eks-auth"
"""The service whose operations differ by method and path alone."""
_LONGEST_KEPT = 256

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,3}-[1-9]")
_GLOBAL = frozenset({"aws-global", "us-east-1"})


def find_operation(numbered: Numbered) -> Addressed:
    """Find service and operation. Raises Refused where the signature cannot be read or names no service of ours."""
    request = numbered.received.request
    try:
        claim = read_claim(request)
    except SignatureProblem as problem:
        raise refused(problem, request) from problem
    candidates = _candidates(request, claim)
    if candidates[0].model == "s3":
        request = _with_bucket_in_path(request)
    service, model, match = _first_match(candidates, request)
    return Addressed(
        numbered=numbered,
        service=service,
        model=model,
        match=match,
        request=request,
        claim=claim,
        region=_region(claim),
    )


def _candidates(request: HttpRequest, claim: Claim | None) -> tuple[Service, ...]:
    if claim is None:
        return (EXTENSION,) if request.path.startswith("/_podid/") else (service_of_unsigned(request),)
    if claim.version == "v2":
        return (SERVICES["s3"],)
    if claim.service == EXTENSION.signing_name:
        return (EXTENSION,)
    if claim.service == "s3" and is_s3_control(request):
        return (SERVICES["s3control"],)
    found = signed_as(claim.service)
    if not found:
        raise Said("UnknownOperationException", 404, f"podid does not serve {claim.service[:64]!r}.")
    return found


def _first_match(candidates: tuple[Service, ...], request: HttpRequest) -> tuple[Service, ServiceModel, Match | None]:
    for service in candidates:
        if service.model == _BY_ADDRESS and not request.query and len(request.path) <= _LONGEST_KEPT:
            model, match = _match_by_address(request.method, request.path)
        else:
            model = model_of(service)
            match = model.match(request)
        if match is not None:
            return service, model, match
    return candidates[0], model_of(candidates[0]), None


@lru_cache(1024)
def _match_by_address(method: str, path: str) -> tuple[ServiceModel, Match | None]:
    """What the router says of an address, where no header has a say: a node asks for its own cluster again and again."""
    model = load_service(_BY_ADDRESS)
    return model, model.match(HttpRequest(method=method, path=path))


def model_of(service: Service) -> ServiceModel:
    """The service model of a service, an extension's included."""
    return extension_model() if service is EXTENSION else load_service(service.model)


def _with_bucket_in_path(request: HttpRequest) -> HttpRequest:
    """A request for S3 with the bucket of its Host, if there is one, before its path. Raises Said."""
    host = host_of(request)
    if ".s3-website" in host:
        raise Said("NotImplemented", 501, "podid serves no websites out of buckets: ask for the objects by S3's API.")
    bucket = bucket_in(host)
    return request if bucket is None else replace(request, path=f"/{bucket}{request.path}")


def _region(claim: Claim | None) -> str:
    if claim is None or claim.version == "v2" or claim.region in _GLOBAL:
        return DEFAULT_REGION
    if not _is_region(claim.region):
        raise Refused(Refusal.BAD_SCOPE, private=f"region {claim.region[:40]!r}")
    return claim.region


@lru_cache(256)
def _is_region(text: str) -> bool:
    return _REGION.fullmatch(text) is not None
