"""Bodies of S3's uploads, on their way between the steps: a part of steps 4 to 6.

An upload whose body was collected is passed on as a content too, with the same digests: what stores objects knows one form of them.
"""

from __future__ import annotations

from msgspec.structs import replace

from podid.core.caller import Input
from podid.core.http import HttpRequest
from podid.core.sigv4 import ChunkDecoder
from podid.gateway.steps.chunked_body import decoded_length, without_wrapping
from podid.gateway.steps.values import Addressed, Authorised, Understood
from podid.gateway.uploads.content import Content
from podid.gateway.uploads.intake import Intake
from podid.gateway.uploads.spool import Spool
from podid.gateway.uploads.stated import is_hex_digest, stated

UPLOADS = frozenset({"PutObject", "UploadPart"})
"""Operations whose body is an object or a part of one."""


def is_upload(addressed: Addressed) -> bool:
    """Whether the body of a request is an object, for it to be taken in as one."""
    return (
        addressed.service.model == "s3"
        and addressed.match is not None
        and addressed.match.operation.name in UPLOADS
        and addressed.request.header("x-amz-copy-source") is None
    )


def head_of(addressed: Addressed) -> Addressed:
    """An upload as its operation sees it: without what its body is wrapped in."""
    return replace(addressed, request=without_wrapping(addressed.request))


def intake_of(addressed: Addressed, secret: str, spool: Spool) -> Intake:
    """What takes the body of a request that was let in by its head. Raises Said, SignatureProblem."""
    claim, request = addressed.claim, addressed.numbered.received.request
    sha256 = claim.payload_hash if claim is not None and is_hex_digest(claim.payload_hash) else ""
    said = stated(request, sha256=sha256)
    if claim is not None and claim.is_streaming:
        length = decoded_length(request)
        return Intake(spool, said, length=length, decoder=ChunkDecoder(claim, secret, decoded_length=length))
    length = _number(request, "content-length")
    return Intake(spool, said, length=length)


def content_of(understood: Understood) -> Content:
    """The body of an upload that came with its request. Raises Said."""
    request = understood.authenticated.addressed.request
    intake = Intake(Spool(), stated(request), length=len(request.body))
    intake.take([request.body])
    return intake.finish()


def with_content(authorised: Authorised, content: Content) -> Authorised:
    """The same call, with the body that came for it."""
    understood = authorised.understood
    return replace(authorised, understood=replace(understood, members=members_with(understood.members, content)))


def members_with(members: Input, content: Content) -> Input:
    """The input with the body; a checksum that came behind the body stands with it, no more among the input."""
    kept = {name: value for name, value in members.items() if not name.startswith("Checksum")}
    if content.stated:
        kept["ChecksumAlgorithm"] = content.stated
    return {**kept, "Body": content}


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.header(name)
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None
