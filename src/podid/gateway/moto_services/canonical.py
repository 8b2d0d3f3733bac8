"""A call, written as the one HTTP message that moto is handed.

botocore's serialiser writes it from the parsed input, so the message holds what was understood and nothing else: a canonical path-style
URL, the headers the operation's model knows, a body of our own making. Account, region and caller are set here, by us.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import replace

from podid.core.caller import Input
from podid.gateway.uploads import Content

_KNOWN_TO_MOTO = ("json", "rest-json", "rest-xml", "query", "ec2")
"""The protocols moto reads, in the order they are preferred where the client's own is another (smithy-rpc-v2-cbor)."""

_UNRESERVED = "-._~"

# What moto wants to see of a signature: only the scope in it is read, for the region and the service.
_SCOPE = "AWS4-HMAC-SHA256 Credential={key}/20000101/{region}/{signing}/aws4_request, SignedHeaders=host, Signature=0"


class Canonical(Struct, frozen=True, kw_only=True):
    """One message. `path` is percent-encoded; `headers` have their names as the wire writes them."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes | Content
    scheme: str = "https"


def protocol_for(model: Any, client_protocol: str) -> str:
    """The protocol to speak to moto in: the client's own where moto knows it, else one that the service has and moto knows.

    Raises LookupError where there is none.
    """
    if client_protocol in _KNOWN_TO_MOTO:
        return client_protocol
    offered = model.metadata.get("protocols", [model.metadata["protocol"]])
    for protocol in _KNOWN_TO_MOTO:
        if protocol in offered:
            return protocol
    raise LookupError(f"moto reads none of the protocols of {model.service_name}")


@cache
def _serializer(protocol: str) -> Any:
    from botocore.serialize import create_serializer

    return create_serializer(protocol, include_validation=False)


def write(
    operation: Any,
    members: Input,
    *,
    protocol: str,
    host: str,
    account: str,
    region: str,
    signing_name: str,
    access_key_id: str,
) -> Canonical:
    """Write the message for one call of a botocore `operation` model."""
    written = _serializer(protocol).serialize_to_request(members, operation)
    path, _, fixed = written["url_path"].partition("?")
    query = written["query_string"] or {}
    pairs = urlencode(query, doseq=True, quote_via=quote, safe=_UNRESERVED) if isinstance(query, dict) else str(query)
    body = written["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True).encode()
    elif isinstance(body, str):
        body = body.encode()
    elif body is None:
        body = b""
    headers = {name: _text(value) for name, value in written["headers"].items()}
    headers["Host"] = host
    headers["Content-Length"] = str(len(body))
    headers["Authorization"] = _SCOPE.format(key=access_key_id, region=region, signing=signing_name)
    headers["x-moto-account-id"] = account
    return Canonical(
        method=written["method"],
        path=path or "/",
        query="&".join(part for part in (fixed, pairs) if part),
        headers=headers,
        body=body,
    )


def addressed_to(message: Canonical, endpoint: str) -> Canonical:
    """The same message, as if sent to the endpoint the client used."""
    scheme, _, host = endpoint.partition("://")
    return replace(message, headers={**message.headers, "Host": host}, scheme=scheme)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
