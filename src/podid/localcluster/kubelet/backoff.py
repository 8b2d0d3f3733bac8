"""How long to wait before a container that ended is started again. Pure.

Source: Kubernetes documentation, "Pod Lifecycle", container restarts: 10 s, doubled each time, at most 5 minutes; from the beginning again
after 10 minutes without an end. The first restart is at once.
"""

from __future__ import annotations

from typing import Final

FIRST: Final = 10.0
LONGEST: Final = 300.0
FORGIVEN_AFTER: Final = 600.0


def next_delay(last: float, ran_for: float) -> float:
    """Seconds to wait before the second and later restarts, given the last wait (0: there was none) and how long the container ran."""
    if ran_for >= FORGIVEN_AFTER:
        return 0.0
    return min(last * 2, LONGEST) if last else FIRST
