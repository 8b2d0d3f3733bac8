"""Answers of the gateway as the server sends them: the head laid out, what belongs to HTTP itself put in or left out."""

from __future__ import annotations

from podid.core.http import Headers, HttpResponse
from podid.gateway.uploads import ContentAnswer
from podid.lean.messages import Response

_NO_BODY = frozenset({204, 304})


def laid_out(response: HttpResponse, method: str, *, closes: bool = False) -> Response:
    """The answer to a request of this method. `closes`: the connection ends with it, as where a body was not taken."""
    lines = []
    named = False
    for name, value in response.headers:
        if name == "content-length":
            named = True
        if "\n" in value or "\r" in value:
            value = value.replace("\r", " ").replace("\n", " ")
        lines.append(f"{name}: {value}\r\n")
    body = response.body
    source = response.content if isinstance(response, ContentAnswer) else None
    length = len(body) if source is None else len(source)
    if method == "HEAD" or response.status in _NO_BODY:
        body, source = b"", None
    if not named and response.status not in _NO_BODY:
        lines.append(f"content-length: {length}\r\n")
    head = "".join(lines).encode("latin-1", "replace")
    return Response.laid_out(response.status, head, body, source=source, closes=closes)


def plain(status: int, text: str, request_id: str) -> Response:
    """A plain sentence, for what has no service yet to speak for it; the connection ends with it."""
    headers: Headers = (("content-type", "text/plain; charset=utf-8"), ("x-amzn-requestid", request_id))
    return laid_out(HttpResponse(status=status, headers=headers, body=text.encode()), "GET", closes=True)
