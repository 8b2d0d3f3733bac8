"""When a projected service account token is due for another one. Pure.

Source: kubernetes `pkg/kubelet/token/token_manager.go`: when 80 % of its life have passed, when it is older than a day, or when it seems to come
from the future (the clock was turned back). Up to ten seconds of jitter come off, so that not all pods ask at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

LONGEST_JITTER: Final = timedelta(seconds=10)
_OLDEST: Final = timedelta(hours=24)


def refresh_at(issued_at: datetime, expires_at: datetime, jitter: timedelta) -> datetime:
    """The instant from which a new token is due."""
    life = expires_at - issued_at
    return min(expires_at - life / 5, issued_at + _OLDEST) - jitter


def refresh_due(now: datetime, issued_at: datetime, expires_at: datetime, jitter: timedelta) -> bool:
    """Whether to ask for a new token now. One that has a future issue time is replaced too."""
    return now < issued_at or now > refresh_at(issued_at, expires_at, jitter)
