"""The body of an S3 upload that came in chunks, put together: part of step 3, because only the caller's secret can check the chunks.

What the chunks were wrapped in goes: the encoding's name, the decoded length. What they brought stays: the trailing checksums become the
headers they stand for.
"""

from __future__ import annotations

from msgspec.structs import replace

from podid.core.http import Headers, HttpRequest
from podid.core.sigv4 import ChunkDecoder, Claim, Problem, SignatureProblem

_LENGTH = "x-amz-decoded-content-length"
_DROPPED = frozenset({_LENGTH, "content-length", "x-amz-trailer", "transfer-encoding"})


def unchunked(request: HttpRequest, claim: Claim, secret: str) -> HttpRequest:
    """The request with the decoded body. Raises SignatureProblem where a chunk is malformed or its signature does not hold."""
    decoder = ChunkDecoder(claim, secret, decoded_length=decoded_length(request))
    body = decoder.feed(request.body)
    decoder.finish()
    headers = [(name, value) for name, value in without_wrapping(request).headers if name not in decoder.trailers]
    announced = {part.strip().lower() for part in (request.header("x-amz-trailer") or "").split(",")}
    trailers: Headers = tuple((name, value) for name, value in decoder.trailers.items() if name in announced)
    return replace(request, headers=(*headers, ("content-length", str(len(body))), *trailers), body=body)


def without_wrapping(request: HttpRequest) -> HttpRequest:
    """The head of the request without what tells of chunks: the encoding's name, lengths, trailers."""
    headers: list[tuple[str, str]] = []
    for name, value in request.headers:
        if name in _DROPPED:
            continue
        if name == "content-encoding":
            value = ",".join(part for part in value.split(",") if part.strip() != "aws-chunked").strip()
            if not value:
                continue
        headers.append((name, value))
    return replace(request, headers=tuple(headers))


def decoded_length(request: HttpRequest) -> int | None:
    text = request.header(_LENGTH)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise SignatureProblem(Problem.MALFORMED, f"The header {_LENGTH} must be a number.")
    return int(text)
