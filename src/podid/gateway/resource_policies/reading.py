"""How a policy is read out of moto's state: the shape of a reader, and the way to a backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from podid.core.arn import Arn
from podid.gateway.needs.need import Asked

Reader = Callable[[Any, Arn, Asked], Any]
"""From a module of moto, the resource's ARN and the call to the policy's text, or nothing."""


def backend_of(backends: Any, arn: Arn) -> Any:
    """moto's backend of an account and region, without making one that is not there."""
    regions = backends.get(arn.account) if arn.account in backends.keys() else None  # noqa: SIM118  (its __contains__ makes accounts)
    return None if regions is None or arn.region not in regions.keys() else regions[arn.region]  # noqa: SIM118
