"""How much of an input is gone through. What is left out would go unasked, so a call that names more is refused instead."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from podid.core.errors import AccessDenied

Things = TypeVar("Things", bound=Collection[object])

MOST = 10_000
"""Things in one list or map of an input: ten times what any operation of EC2's takes, and more than any other's."""


def bounded(things: Things) -> Things:
    """The same things. Raises AccessDenied where there are too many to ask for each."""
    if len(things) > MOST:
        raise AccessDenied(
            f"This call names {len(things)} things at one place, more than the {MOST} that are decided upon."
        )
    return things
