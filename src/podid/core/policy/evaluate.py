"""Deciding with compiled policies."""

from __future__ import annotations

from podid.core.policy.authorize import conclude
from podid.core.policy.decision import Decision, Layer, StatementRef
from podid.core.policy.facts import Facts
from podid.core.policy.findings import Finding, look_through
from podid.core.policy.naming import Naming
from podid.core.policy.policy import NamedPolicy, PolicySet
from podid.core.policy.request import Request


def decide(request: Request, policies: PolicySet) -> Decision:
    """Decide one request by the policies that bear on it. Policies that have not been asked before are compiled now, and stay so."""
    facts = Facts(request, bounded=policies.boundary is not None)

    def find(layer: Layer, asked: tuple[NamedPolicy, ...]) -> Finding:
        denies: list[StatementRef] = []
        allows: list[StatementRef] = []
        best = Naming.NONE
        for named in asked:
            for statement, naming in named.policy.compiled.applicable(facts):
                reference = StatementRef(layer, named.name, statement.sid, statement.index, named.arn)
                if statement.denies:
                    denies.append(reference)
                else:
                    allows.append(reference)
                    best = max(best, naming)
        return Finding(layer, denies, allows, best)

    return conclude(request, look_through(policies, find))
