"""What a Host header says: the service it names, and the bucket that stands before it.

Used where nothing better is there: an unsigned request's Host picks whose words refuse it, and a bucket in a Host is moved to the path,
where it is authorised as any other. No decision is ever taken because of a Host.
"""

from __future__ import annotations

import re
from functools import cache

from podid.core.http import HttpRequest
from podid.gateway.catalog import SERVICES, Service

_AWS_ENDINGS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_REGION = re.compile(r"(?:[a-z]{2}(?:-[a-z]+)+-\d|aws-global)")
_S3_HOST = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.\-]{1,61}?[a-z0-9])\."
    r"(?:s3(?:[.\-](?:dualstack[.\-])?[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com(?:\.cn)?|(?:s3\.)?localhost)"
)
_LONGEST = 255


def host_of(request: HttpRequest) -> str:
    """The Host without its port, in lower case; empty where there is none or it cannot be a name."""
    host = (request.header("host") or "").lower()
    if len(host) > _LONGEST:
        return ""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def service_named(host: str) -> Service | None:
    """The service that a host of AWS's names, such as `eks.eu-west-1.amazonaws.com`; None for every other host."""
    for ending in _AWS_ENDINGS:
        if host.endswith(ending):
            labels = [label for label in host.removesuffix(ending).split(".") if not _REGION.fullmatch(label)]
            for start in range(len(labels)):
                found = _by_label().get(".".join(labels[start:]))
                if found is not None:
                    return found
    return None


@cache
def _by_label() -> dict[str, Service]:
    """Services by the labels of their host that are neither region nor account nor ending. The first of two that share one wins."""
    found: dict[str, Service] = {}
    for service in SERVICES.values():
        host = service.host
        for ending in _AWS_ENDINGS:
            host = host.removesuffix(ending)
        label = ".".join(part for part in host.split(".") if not part.startswith("{"))
        found.setdefault(label, service)
    return found


def is_s3_control(request: HttpRequest) -> bool:
    """Whether a request signed for S3 is one to its control plane: by the version its paths begin with, and the account that all of them name."""
    return request.path.startswith("/v20180820/") and request.header("x-amz-account-id") is not None


def bucket_in(host: str) -> str | None:
    """The bucket of a virtual-hosted S3 request: `photos.s3.eu-west-1.amazonaws.com`, `photos.localhost`."""
    if not host.endswith(("localhost", ".amazonaws.com", ".amazonaws.com.cn")):
        return None
    match = _S3_HOST.fullmatch(host)
    return match["bucket"] if match else None
