"""The decision log: every decision and every refusal, as a line of JSON and as an entry of the audit room.

Neither holds a secret, a token or a signature: what is noted is who (ARN and access key id), what, on what, the answer and the statement
that decided, and the reason that the caller was not told.
"""

from __future__ import annotations

import logging

from podid.audit import DecisionLog, Entry
from podid.core.errors import PodidError
from podid.core.policy import Decision, StatementRef
from podid.gateway.logs import Seen
from podid.gateway.needs.need import Need
from podid.gateway.refusals import Refused
from podid.gateway.steps.values import Understood

_log = logging.getLogger("podid.decisions")


class Decisions:
    """Takes down decisions for one endpoint."""

    def __init__(self, log: DecisionLog) -> None:
        self._entries = log

    def decided(self, understood: Understood, need: Need, decision: Decision) -> None:
        """A need was decided."""
        call = understood.call
        statements = tuple(_statement(reference) for reference in decision.decided_by)
        reason = ", ".join(f"{reason.layer.value} {reason.kind}" for reason in decision.reasons)
        self._entries.record(
            Entry(
                at=call.now,
                request_id=call.request_id,
                account=call.account,
                region=call.region,
                caller_arn=call.caller.arn,
                access_key_id=call.caller.access_key_id,
                source_ip=call.source_ip,
                action=need.action,
                resource=need.resource,
                outcome=decision.outcome.value,
                decided_by=statements,
                reason=reason,
            )
        )
        if _log.isEnabledFor(logging.INFO):
            _log.info(
                "decision",
                extra={
                    "request_id": call.request_id,
                    "caller": call.caller.arn,
                    "action": need.action,
                    "resource": need.resource,
                    "outcome": decision.outcome.value,
                    "decided_by": statements,
                    "reason": reason,
                },
            )

    def failed(self, seen: Seen, failure: Exception) -> None:
        """A request came to no decision, or failed after it."""
        received = seen.numbered.received
        addressed = seen.addressed
        caller = seen.authenticated.caller if seen.authenticated else None
        claim = addressed.claim if addressed else None
        operation = addressed.match.operation.name if addressed and addressed.match else ""
        code = (
            failure.refusal.name if isinstance(failure, Refused) else getattr(failure, "code", type(failure).__name__)
        )
        self._entries.record(
            Entry(
                at=received.now,
                request_id=seen.numbered.request_id,
                account=caller.account if caller else "",
                region=addressed.region if addressed else "",
                caller_arn=caller.arn if caller else "",
                access_key_id=claim.access_key_id if claim else "",
                source_ip=received.source_ip,
                action=f"{addressed.service.action_prefix}:{operation}" if addressed else "",
                outcome="Failed",
                error_code=code,
                reason=(failure.private or failure.public) if isinstance(failure, PodidError) else "",
            )
        )


def _statement(reference: StatementRef) -> str:
    name = reference.arn or reference.policy
    return f"{reference.layer.value}:{name}[{reference.sid or reference.index}]"
