"""A request off the wire, within limits: every bound on what a client may send is here, named and with its reason."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from podid.core.http import HttpRequest
from podid.lean.messages import Request

LONGEST_TARGET: Final = 32 * 1024
"""Bytes of path and query. S3 keys have 1 024 bytes (three times that, percent-encoded), presigned URLs carry session tokens of a few KiB."""

MOST_HEADERS: Final = 200
"""S3 allows 2 KB of metadata in as many headers as fit; no SDK sends more than some dozens."""

LARGEST_HEADERS: Final = 64 * 1024
"""Bytes of all header names and values. Session tokens are the largest: a few KiB."""

LARGEST_HEAD: Final = LARGEST_HEADERS + LONGEST_TARGET

LARGEST_BODY: Final = 16 * 1024 * 1024
"""Bytes of a body for anything but uploads: DynamoDB's largest batch is 16 MiB, all others take less."""

LARGEST_ARCHIVE: Final = 128 * 1024 * 1024
"""Bytes of a function's archive, a layer of an image or an archive of Glacier, which come in documents and are held in memory by moto."""

LARGEST_OBJECT: Final = 5 * 1024 * 1024 * 1024
"""Bytes of an object in one request, or of one part: S3's own limit."""

LARGEST_UPLOAD: Final = LARGEST_OBJECT + LARGEST_OBJECT // 64 + LARGEST_BODY
"""Bytes of the same with what chunks are wrapped in: S3 takes chunks of 8 KiB and more."""

_LONGEST_KEPT: Final = 320
"""Characters of a Host that is remembered to be one: a name has 253."""

_OWN: Final = frozenset({"eks-auth", "sts", "iam", "eks", "podid"})
_AT_ONCE: Final = frozenset({"eks-auth", "sts"})
_LARGE: Final = frozenset({"lambda", "ecr", "glacier"})
_SCOPE: Final = re.compile(
    r"Credential=[^/&,\s]{1,128}?(?:/|%2[Ff])\d{8}(?:/|%2[Ff])[\w-]{1,64}?(?:/|%2[Ff])([\w-]{1,64}?)(?:/|%2[Ff])aws4_request"
)
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#@]+)(/[^?]*)?(\?.*)?", re.IGNORECASE)
_TARGET: Final = re.compile(rb"/[\x21\x22\x24-\x7e]*")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._~%!$&'()*+,;=-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")


class TooLarge(Exception):
    """The request is beyond a limit, or is not as HTTP demands; `status` says which kind."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read_head(request: Request) -> HttpRequest:
    """The request with its head read; its body is what came with it. Raises TooLarge."""
    target, names = request.target, request.names
    if len(target) > LONGEST_TARGET:
        raise TooLarge(414, "The request target is too long.")
    # All at once: no name and no value has a line break in it.
    all_names, all_values = b"\n".join(names), b"\n".join(request.values)
    if len(names) > MOST_HEADERS or len(all_names) + len(all_values) - 2 * (len(names) - 1) > LARGEST_HEADERS:
        raise TooLarge(431, "The request has too many headers, or too large ones.")
    values = map(str.strip, all_values.decode("latin-1").split("\n"))
    headers = tuple(zip(all_names.decode("latin-1").split("\n"), values, strict=True)) if names else ()
    hosts = names.count(b"host")
    if hosts > 1:
        raise TooLarge(400, "The request has more than one Host header.")  # RFC 9112, section 3.2
    host = request.values[names.index(b"host")].strip().decode("latin-1") if hosts else None
    if host is None and request.version == "1.1":
        raise TooLarge(400, "The request has no Host header.")
    if host is not None and not (_is_host(host) if len(host) <= _LONGEST_KEPT else _HOST.fullmatch(host)):
        raise TooLarge(400, "The Host header is malformed.")
    if target[:1] != b"/":
        target = _origin_form(target, host)
    if _TARGET.fullmatch(target) is None:
        raise TooLarge(400, "The request target is malformed.")
    path, _, query = target.decode("ascii").partition("?")
    return HttpRequest(method=request.method, path=path, query=query, headers=headers, body=request.body)


@lru_cache(256)
def _is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def _origin_form(target: bytes, host: str | None) -> bytes:
    """The path of an absolute target, which must name the host that the Host header names: two readers could else differ about it."""
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        raise TooLarge(400, "The request target is malformed.")
    if host is not None and found[1].decode("latin-1").lower() != host.lower():
        raise TooLarge(400, "The request target and the Host header name different hosts.")
    return (found[2] or b"/") + (found[3] or b"")


def service_said(head: HttpRequest) -> str:
    """The service that a request says it is signed for, by the scope of its signature; empty where it says none.

    It is not believed: it decides how much may come and who waits for it. Whatever a request then turns out to be for is that service, or
    is refused (`find_operation`).
    """
    authorization = head.header("authorization")
    if authorization is None:
        if "Signature=" not in head.query:
            return ""
        if "AWSAccessKeyId=" in head.query:
            return "s3"
        authorization = head.query
    elif authorization.startswith("AWS "):
        return "s3"
    found = _SCOPE.search(authorization)
    return found[1] if found is not None else ""


def body_limit(head: HttpRequest) -> int:
    """How large the body of this request may be, as bytes on the wire."""
    if is_of_s3(head):
        return LARGEST_UPLOAD
    return LARGEST_ARCHIVE if service_said(head) in _LARGE else LARGEST_BODY


def is_of_s3(head: HttpRequest) -> bool:
    """Whether the request says it is for S3, signed, or is what S3 takes unsigned: a body put somewhere, a form."""
    service = service_said(head)
    if service or head.header("authorization") is not None:
        return service == "s3"
    return head.method == "PUT" or (head.header("content-type") or "").startswith("multipart/form-data")


def is_own(head: HttpRequest) -> bool:
    """Whether the request says it is for a service of podid's own."""
    return service_said(head) in _OWN


def is_answered_at_once(head: HttpRequest) -> bool:
    """Whether the request says it is for a service whose calls compute and seldom wait."""
    return service_said(head) in _AT_ONCE
