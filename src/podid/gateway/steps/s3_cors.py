"""What a bucket lets other sites' pages do: S3's preflight, and the headers that tell a browser it may read an answer.

It grants nothing to the caller: signatures and policies decide as ever. Source: S3 user guide, "Using cross-origin resource sharing (CORS)";
API reference, "OPTIONS object".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from msgspec.structs import replace

from podid.core.http import HttpRequest, HttpResponse
from podid.gateway.loaded import loaded
from podid.gateway.refusals import Said
from podid.gateway.steps.values import Addressed

_METHODS: Final = frozenset({"GET", "PUT", "HEAD", "POST", "DELETE"})
_VARY: Final = ("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
_NOT_ALLOWED: Final = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)


def is_preflight(addressed: Addressed) -> bool:
    """Whether a request only asks what another one might do."""
    return addressed.request.method == "OPTIONS" and addressed.service.model == "s3"


def preflight(addressed: Addressed) -> HttpResponse:
    """Answer it. Raises Said."""
    request = addressed.request
    origin, method = request.header("origin"), request.header("access-control-request-method")
    if not origin:
        raise Said("BadRequest", 400, "Insufficient information. Origin request header needed.")
    if method not in _METHODS:
        raise Said("BadRequest", 400, f"Invalid Access-Control-Request-Method: {(method or 'null')[:32]}")
    rules = _rules(request)
    if rules is None:
        raise Said("NoSuchBucket", 404, "The specified bucket does not exist", BucketName=_bucket(request))
    if not rules:
        raise Said("AccessForbidden", 403, "CORSResponse: CORS is not enabled for this bucket.")
    wanted = [part.strip().lower() for part in (request.header("access-control-request-headers") or "").split(",")]
    wanted = [name for name in wanted if name]
    rule = _matching(rules, origin, method, wanted)
    if rule is None:
        raise Said("AccessForbidden", 403, _NOT_ALLOWED)
    headers = _headers(rule, origin)
    if wanted:
        headers.append(("access-control-allow-headers", ", ".join(wanted)))
    return HttpResponse(status=200, headers=tuple(headers))


def readable(answer: HttpResponse, request: HttpRequest) -> HttpResponse:
    """An answer with what lets a page of the request's origin read it, where the bucket says so."""
    origin = request.header("origin")
    if not origin or request.method == "OPTIONS":
        return answer
    rule = _matching(_rules(request) or (), origin, request.method, ())
    return answer if rule is None else replace(answer, headers=(*answer.headers, *_headers(rule, origin)))


def _bucket(request: HttpRequest) -> str:
    return unquote(request.path.split("/")[1]) if request.path.startswith("/") else ""


def _rules(request: HttpRequest) -> Iterable[Any] | None:
    """The bucket's rules, as moto keeps them; None where there is no such bucket."""
    s3 = loaded("moto.s3.models")
    bucket = _bucket(request)
    if s3 is None or not bucket:
        return None
    where = s3.s3_backends.bucket_accounts.get(bucket)
    if where is None:
        return None
    partition, account = where
    return list(s3.s3_backends[account][partition].buckets[bucket].cors or ())


def _matching(rules: Iterable[Any], origin: str, method: str, wanted: Iterable[str]) -> Any:
    for rule in rules:
        if (
            any(_fits(allowed, origin) for allowed in rule.allowed_origins or ())
            and method in (rule.allowed_methods or ())
            and all(any(_fits(allowed.lower(), name) for allowed in rule.allowed_headers or ()) for name in wanted)
        ):
            return rule
    return None


def _fits(pattern: str, text: str) -> bool:
    """Whether a text is that of a pattern, in which one `*` stands for anything."""
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == text
    return len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)


def _headers(rule: Any, origin: str) -> list[tuple[str, str]]:
    anyone = "*" in (rule.allowed_origins or ())
    headers = [
        ("access-control-allow-origin", "*" if anyone else origin),
        ("access-control-allow-methods", ", ".join(rule.allowed_methods)),
    ]
    if rule.exposed_headers:
        headers.append(("access-control-expose-headers", ", ".join(rule.exposed_headers)))
    if rule.max_age_seconds:
        headers.append(("access-control-max-age", str(rule.max_age_seconds)))
    if not anyone:
        headers.append(("access-control-allow-credentials", "true"))
    return [*headers, _VARY]
