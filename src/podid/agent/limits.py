"""How often one caller may ask what no lease answers. Pure: time comes in."""

from __future__ import annotations

from collections import OrderedDict


class Buckets:
    """One token bucket for each caller, and a bound on how many are remembered."""

    def __init__(self, *, rate: float, burst: int, callers: int = 4096) -> None:
        """`rate` is in takes a second. A caller that is forgotten starts with a full bucket."""
        self._rate = rate
        self._burst = float(burst)
        self._callers = callers
        self._levels: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, caller: object, now: float) -> bool:
        """Take one from the caller's bucket; False where it is empty."""
        level, since = self._levels.pop(caller, (self._burst, now))
        level = min(self._burst, level + max(0.0, now - since) * self._rate)
        allowed = level >= 1.0
        self._levels[caller] = (level - 1.0 if allowed else level, now)
        if len(self._levels) > self._callers:
            self._levels.popitem(last=False)
        return allowed
