"""A request off the wire, within limits: every bound on what a client may send is here, named and with its reason."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from msgspec import Struct

from podid.core.http import Headers

LONGEST_TARGET = 32 * 1024
"""Bytes of path and query. S3 keys have 1 024 bytes (three times that, percent-encoded), presigned URLs carry session tokens of a few KiB."""

MOST_HEADERS = 200
"""S3 allows 2 KB of metadata in as many headers as fit; no SDK sends more than some dozens."""

LARGEST_HEADERS = 64 * 1024
"""Bytes of all header names and values. Session tokens are the largest: a few KiB."""

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of a body for anything but S3 and Lambda: DynamoDB's largest batch is 16 MiB, all others take less."""

LARGEST_OBJECT = 512 * 1024 * 1024
"""Bytes of an object, a part of one, or a function's archive, all held in memory by moto."""

_OWN = ("/eks-auth/", "/sts/", "/iam/", "/eks/", "/podid/")
_LARGE = ("/s3/", "/lambda/", "/ecr/", "/glacier/")


class TooLarge(Exception):
    """The request is beyond a limit, or lacks what HTTP demands; `status` says which kind."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Head(Struct, frozen=True, kw_only=True):
    """A request without its body."""

    method: str
    path: str
    query: str
    headers: Headers

    def header(self, name: str) -> str | None:
        """The first value of a header; `name` in lower case."""
        return next((value for key, value in self.headers if key == name), None)


def read_head(scope: MutableMapping[str, Any]) -> Head:
    """Method, target and headers. Raises TooLarge."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    if len(path) + len(query) > LONGEST_TARGET:
        raise TooLarge(414, "The request target is too long.")
    raw = scope["headers"]
    if len(raw) > MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > LARGEST_HEADERS:
        raise TooLarge(431, "The request has too many headers, or too large ones.")
    if scope.get("http_version") == "1.1" and not any(name.lower() == b"host" for name, _ in raw):
        raise TooLarge(400, "The request has no Host header.")  # RFC 9112, section 3.2
    return Head(
        method=scope["method"],
        path=path.decode("latin-1"),
        query=query.decode("latin-1"),
        headers=tuple((name.decode("latin-1").lower(), value.decode("latin-1").strip()) for name, value in raw),
    )


def body_limit(head: Head) -> int:
    """How large the body of this request may be."""
    signed = head.header("authorization") or head.query
    of_s3_version_2 = signed.startswith("AWS ") or "AWSAccessKeyId=" in signed
    large = of_s3_version_2 or any(name in signed or name.replace("/", "%2F") in signed for name in _LARGE)
    return LARGEST_OBJECT if large else LARGEST_BODY


def is_own(head: Head) -> bool:
    """Whether the request says it is for a service of podid's own. It decides which threads wait for it, and nothing else."""
    signed = head.header("authorization") or head.query
    return any(name in signed for name in _OWN)
