"""How many examples laws are tried with: 200 each, and as many as there is time for with `--hypothesis-profile fuzz`.

There is no deadline, and slow examples are no fault: how long one takes says something of the machine, not of the law.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("podid", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", parent=settings.get_profile("podid"), max_examples=50_000)
settings.load_profile("podid")
