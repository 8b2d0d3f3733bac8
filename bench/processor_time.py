"""How long one call takes, by processor time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

ROUNDS = 5


def microseconds(work: Callable[[], object], seconds: float) -> float:
    """One call of `work`: the middle of five rounds that take `seconds` together. A few calls before warm it up."""
    for _ in range(3):
        work()
    began = time.perf_counter()
    work()
    calls = max(1, int(seconds / ROUNDS / max(time.perf_counter() - began, 1e-7)))
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(calls):
            work()
        rounds.append((time.process_time() - began) / calls * 1e6)
    return statistics.median(rounds)
