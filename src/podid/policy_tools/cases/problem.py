"""A question that cannot be put to the engine."""

from __future__ import annotations


class BadCase(ValueError):
    """What is wrong with a case, in words for the person who wrote it. `str()` is one line and quotes at most a part of what was given."""


def quoted(text: object) -> str:
    """What was given, shortened for a message."""
    shown = repr(text)
    return shown if len(shown) <= 120 else f"{shown[:117]}..."
