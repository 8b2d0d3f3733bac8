"""Instants as EKS tells them: to the millisecond. Whole numbers throughout: a float of this size rounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def to_millis(instant: datetime) -> int:
    """An aware instant as whole milliseconds since 1970, rounded down."""
    return (instant - _EPOCH) // _MILLISECOND


def from_millis(millis: int) -> datetime:
    """The instant of so many milliseconds since 1970, aware, in UTC."""
    return _EPOCH + millis * _MILLISECOND


def whole_millis(instant: datetime) -> datetime:
    """The instant without what is finer than a millisecond: told alike before and after it was stored."""
    return from_millis(to_millis(instant))
