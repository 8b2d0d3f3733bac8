"""Whose words to answer in, where a request could not be read far enough to know its service."""

from __future__ import annotations

import re

from podid.core.http import HttpRequest
from podid.gateway.catalog import SERVICES, Service, signed_as
from podid.gateway.routing.unsigned import service_of_unsigned

_SCOPE = re.compile(r"(?:/|%2[Ff])([a-z0-9-]{2,40})(?:/|%2[Ff])aws4_request")
_MISSHAPEN = re.compile(
    r"Credential=[^,&/%]{1,128}(?:/|%2[Ff])\d{8}(?:/|%2[Ff])[\w-]{0,40}(?:/|%2[Ff])([a-z0-9-]{2,40})(?:/|%2[Ff]|[,&\s]|$)"
)
"""A scope whose end is another than it should be, or that has none."""
_SEARCHED = 4096
_OF_EKS = re.compile(r"/clusters(?:/|$)")


def probable_service(request: HttpRequest) -> Service:
    """The service named by whatever looks like a scope, by a path that is EKS's, or by what an unsigned request shows.

    For the form of an error only.
    """
    for text in (request.header("authorization") or "", request.query):
        found = _SCOPE.search(text[:_SEARCHED]) or _MISSHAPEN.search(text[:_SEARCHED])
        if found and signed_as(found[1]):
            return signed_as(found[1])[0]
    if (request.header("authorization") or "").startswith("AWS4") and _OF_EKS.match(request.path):
        return SERVICES["eks"]
    return service_of_unsigned(request)
