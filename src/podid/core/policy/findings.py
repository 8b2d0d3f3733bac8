"""What was found in each layer, before anything is concluded from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from podid.core.policy.decision import Layer, StatementRef
from podid.core.policy.naming import Naming
from podid.core.policy.policy import NamedPolicy, PolicySet


class Finding(Struct, frozen=True):
    """The statements of one layer, or of one level of it, that apply to the request."""

    layer: Layer
    denies: Sequence[StatementRef] = ()
    allows: Sequence[StatementRef] = ()
    naming: Naming = Naming.NONE
    """How directly the allowing statements name the caller, at best."""


Find = Callable[[Layer, tuple[NamedPolicy, ...]], Finding]
"""Asks the policies of one layer, or level, about the request at hand."""


def look_through(policies: PolicySet, find: Find) -> list[Finding]:
    """Ask every policy of a set: one finding for each layer, or level of it, that is there. Identity policies always are, if only none of them."""
    found = [find(Layer.IDENTITY, policies.identity)]
    if policies.boundary is not None:
        found.append(find(Layer.BOUNDARY, (policies.boundary,)))
    if policies.session is not None:
        found.append(find(Layer.SESSION, policies.session))
    if policies.resource is not None:
        found.append(find(Layer.RESOURCE, (policies.resource,)))
    if policies.trust is not None:
        found.append(find(Layer.TRUST, (policies.trust,)))
    found += [find(Layer.SCP, level) for level in policies.scps]
    found += [find(Layer.RCP, level) for level in policies.rcps]
    return found
