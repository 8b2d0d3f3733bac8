"""Lists in pieces. A marker is a position, not a cursor: it survives restarts and changes of what is listed.

A marker says after which sort key to go on. It is opaque to callers and bound to its operation; it gives nobody anything, so it is not
signed, and one that does not decode is refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Connection, Row, Select, func

from podid.core.caller import Output
from podid.iam.errors import ValidationError

DEFAULT_ITEMS = 100
MAX_ITEMS = 1000
T = TypeVar("T")


class Page(Struct, frozen=True):
    """Which piece of a list is asked for."""

    operation: str
    after: str
    size: int


def page(operation: str, marker: str | None, max_items: int | None) -> Page:
    """Read `Marker` and `MaxItems`. Raises ValidationError."""
    size = DEFAULT_ITEMS if max_items is None else max_items
    if not 1 <= size <= MAX_ITEMS:
        raise ValidationError(f"Value {size} at 'maxItems' must be between 1 and {MAX_ITEMS}.")
    return Page(operation, "" if marker is None else _read(operation, marker), size)


def _read(operation: str, marker: str) -> str:
    try:
        named, _, after = base64.urlsafe_b64decode(marker.encode()).decode().partition("\n")
    except (binascii.Error, ValueError):
        named, after = "", ""
    if named != operation or not after:
        raise ValidationError("Invalid Marker.")
    return after


def _write(operation: str, after: str) -> str:
    return base64.urlsafe_b64encode(f"{operation}\n{after}".encode()).decode()


def under_path(column: Column[str], prefix: str) -> ColumnElement[bool]:
    """Whether a path begins so. Case counts; LIKE would not ask on SQLite."""
    return func.substr(column, 1, len(prefix)) == prefix


def select_page(
    connection: Connection, page: Page, query: Select[Any], key: Column[str]
) -> tuple[Sequence[Row[Any]], Output]:
    """The rows of one page, in the order of `key` (unique in the query), and the members that say whether there is more."""
    if page.after:
        query = query.where(key > page.after)
    rows = connection.execute(query.order_by(key).limit(page.size + 1)).all()
    return _cut(page, rows, lambda row: str(getattr(row, key.name)))


def cut_page(page: Page, items: Sequence[T], key: Callable[[T], str]) -> tuple[Sequence[T], Output]:
    """The same for a list in memory, sorted by `key`."""
    rest = [item for item in items if key(item) > page.after] if page.after else items
    return _cut(page, rest[: page.size + 1], key)


def _cut(page: Page, items: Sequence[T], key: Callable[[T], str]) -> tuple[Sequence[T], Output]:
    if len(items) <= page.size:
        return items, {"IsTruncated": False}
    shown = items[: page.size]
    return shown, {"IsTruncated": True, "Marker": _write(page.operation, key(shown[-1]))}
