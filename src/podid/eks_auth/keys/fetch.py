"""Reading a key set over HTTP: https, or plain http on loopback; bounded in time and size; a redirect must keep to the same rule."""

from __future__ import annotations

import re
from http.client import HTTPException
from typing import Any, Final
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from podid.eks.key_source import may_fetch

MOST_BYTES: Final = 256 * 1024
SECONDS: Final = 5.0
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})(?:$|[,\s])")


class FetchProblem(Exception):
    """The URL gave no key set; the text says why."""


def fetch(url: str, *, loopback: bool = True) -> tuple[bytes, int | None]:
    """The body at a URL, and for how many seconds its sender says it may be kept (None: not said). Raises FetchProblem.

    With `loopback` off it is https alone: for URLs that come from others than who runs podid.
    """
    _check(url, loopback)
    headers = {"Accept": "application/jwk-set+json, application/json", "User-Agent": "podid"}
    request = Request(url, headers=headers)  # noqa: S310 - the scheme was checked
    try:
        with _opener(loopback).open(request, timeout=SECONDS) as response:
            body = response.read(MOST_BYTES + 1)
            age = _MAX_AGE.search(response.headers.get("Cache-Control", "").lower())
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise FetchProblem(f"{url}: {error}") from error
    if len(body) > MOST_BYTES:
        raise FetchProblem(f"{url}: over {MOST_BYTES} bytes")
    return body, int(age[1]) if age else None


class _Redirects(HTTPRedirectHandler):
    def __init__(self, loopback: bool) -> None:
        self._loopback = loopback

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        _check(newurl, self._loopback)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(loopback: bool) -> OpenerDirector:
    return build_opener(_Redirects(loopback))


def _check(url: str, loopback: bool) -> None:
    if not may_fetch(url) or (not loopback and not url.startswith("https://")):
        raise FetchProblem(f"{url}: keys are fetched by https only{' (http on loopback)' if loopback else ''}")
