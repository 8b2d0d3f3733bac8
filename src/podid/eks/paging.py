"""Pages of a list, and the opaque tokens between them.

A token holds the sort key of the last thing told and a digest of the question, nothing of the server: it survives a restart, works on any
replica, and is refused with another question. It grants nothing (the next call is authorised like the first), so it is not sealed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from podid.eks.errors import InvalidParameter

LARGEST_PAGE: Final = 100
_LONGEST_TOKEN: Final = 4096
_LAST_MILLISECOND: Final = 253_402_300_799_999
"""The end of the year 9999: what a datetime can hold."""
_T = TypeVar("_T")


class _Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    question: str = msgspec.field(name="q")
    after: list[str | int] = msgspec.field(name="a")


class Page(msgspec.Struct, frozen=True):
    """Where a page begins and how long it may be. `after` is the sort key of the last item told before, () at the start."""

    question: str
    size: int
    after: tuple[str | int, ...] = ()

    def cut(self, found: Sequence[_T], key: tuple[str | int, ...] | None) -> str | None:
        """The token of the next page, where `found`, read one longer than the page, says that there is one.

        `key` is the sort key of the page's last item.
        """
        if len(found) <= self.size or key is None:
            return None
        raw = msgspec.json.encode(_Token(self.question, list(key)))
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def page_of(max_results: int | None, next_token: str | None, *question: str, key: tuple[type, ...]) -> Page:
    """Read the paging members of a list operation; `question` is what else was asked, `key` the types of a sort key's parts.

    Raises InvalidParameter for a size outside 1 to 100, and for a token that is not ours or belongs to another question.
    """
    if max_results is not None and not 1 <= max_results <= LARGEST_PAGE:
        raise InvalidParameter(f"maxResults must be between 1 and {LARGEST_PAGE}, not {max_results}.")
    digest = hashlib.sha256(msgspec.json.encode(question)).hexdigest()[:16]
    size = max_results or LARGEST_PAGE
    if not next_token:
        return Page(digest, size)
    refused = InvalidParameter("The nextToken is not valid for this request.")
    if len(next_token) > _LONGEST_TOKEN:
        raise refused
    try:
        raw = base64.urlsafe_b64decode(next_token + "=" * (-len(next_token) % 4))
        token = msgspec.json.decode(raw, type=_Token)
    except (binascii.Error, ValueError) as error:
        raise refused from error
    if token.question != digest or len(token.after) != len(key):
        raise refused
    if not all(_may_be(part, kind) for part, kind in zip(token.after, key, strict=True)):
        raise refused
    return Page(digest, size, tuple(token.after))


def _may_be(part: str | int, kind: type) -> bool:
    """Whether a part of a sort key is one that could have been told: a token is whatever its sender made of it."""
    if isinstance(part, int):
        return kind is int and 0 <= part <= _LAST_MILLISECOND
    return kind is str and part.isprintable()
