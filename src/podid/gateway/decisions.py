"""The decision log: every decision and every refusal, as a line of JSON and as an entry of the audit room.

Neither holds a secret, a token or a signature: what is noted is who (ARN and access key id), what, on what, the answer and the statement
that decided, and the reason that the caller was not told.
"""

from __future__ import annotations

import logging

import msgspec

from podid.audit import DecisionLog, Entry, management_event, reads_only, shared_id
from podid.core import ids
from podid.core.caller import Call, Output
from podid.core.errors import AwsError, PodidError
from podid.core.policy import Decision, StatementRef
from podid.gateway.logs import Seen
from podid.gateway.needs.need import Need
from podid.gateway.refusals import Refused, Said
from podid.gateway.steps.values import Understood
from podid.log_lines import tell
from podid.store import StoreUnavailable

_log = logging.getLogger("podid.decisions")


class Decisions:
    """Takes down decisions for one endpoint."""

    def __init__(self, log: DecisionLog) -> None:
        self._entries = log

    def decided(self, understood: Understood, need: Need, decision: Decision) -> None:
        """A need was decided."""
        self.noted(understood.call, need.action, need.resource, decision)

    def noted(self, call: Call, action: str, resource: str, decision: Decision) -> None:
        """Something was decided for a call: before it, or within it by the room that carries it out."""
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
                action=action,
                resource=resource,
                outcome=decision.outcome.value,
                decided_by=statements,
                reason=reason,
            )
        )
        if _log.isEnabledFor(logging.INFO):
            fields = {
                "request_id": call.request_id,
                "caller": call.caller.arn,
                "action": action,
                "resource": resource,
                "outcome": decision.outcome.value,
                "decided_by": statements,
                "reason": reason,
            }
            tell(_log, "decision", fields)

    def called(self, understood: Understood, output: Output | None, failure: Exception | None) -> None:
        """A call of one of podid's own services came to its end: an event as CloudTrail has it."""
        call, service = understood.call, understood.authenticated.addressed.service
        error = _as_aws_error(failure)
        identity = _federated(call.operation, output)
        resources = _resources(understood)
        if identity is not None:  # the caller has no account of its own: it is told where its role is
            call = msgspec.structs.replace(call, account=resources[0]["accountId"])
        self._entries.record(
            Entry(
                at=call.now,
                request_id=call.request_id,
                account=call.account,
                region=call.region,
                caller_arn=call.caller.arn,
                access_key_id=call.caller.access_key_id,
                source_ip=call.source_ip,
                action=f"{service.action_prefix}:{call.operation}",
                outcome="Failed" if failure else "Completed",
                error_code=error.code if error else "",
                reason=(failure.private or failure.public) if isinstance(failure, PodidError) else "",
                event=management_event(
                    call,
                    parameters=understood.members,
                    answer=output,
                    event_id=ids.uuid4(ids.names_at_random),
                    error=error,
                    read_only=reads_only(call.operation),
                    resources=resources,
                    identity=identity,
                    invoked_by=call.context.get("aws:CalledViaLast", ("",))[0],
                    shared_event_id=shared_id(call.request_id) if call.operation.startswith("AssumeRole") else "",
                ),
            )
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


def _as_aws_error(failure: Exception | None) -> AwsError | None:
    """What the caller was told."""
    if failure is None or isinstance(failure, AwsError):
        return failure
    if isinstance(failure, StoreUnavailable):
        return Said("ServiceUnavailable", 503, failure.public)
    return Said("InternalFailure", 500, failure.public if isinstance(failure, PodidError) else "")


def _federated(operation: str, output: Output | None) -> dict[str, str] | None:
    """Whom an identity provider's token named, once it was believed."""
    if output is not None and operation == "AssumeRoleWithSAML":
        return {
            "type": "SAMLUser",
            "principalId": f"{output['NameQualifier']}:{output['Subject']}",
            "userName": str(output["Subject"]),
            "identityProvider": str(output["Issuer"]),
        }
    if output is None or operation != "AssumeRoleWithWebIdentity":
        return None
    provider, subject = str(output["Provider"]), str(output["SubjectFromWebIdentityToken"])
    return {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:{output['Audience']}:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }


def _resources(understood: Understood) -> tuple[dict[str, str], ...]:
    """The role of an AssumeRole…."""
    arn = understood.members.get("RoleArn")
    if understood.call.service != "sts" or not isinstance(arn, str):
        return ()
    account = (arn.split(":", 5) + [""] * 5)[4]
    return ({"accountId": account, "type": "AWS::IAM::Role", "ARN": arn},)


def _statement(reference: StatementRef) -> str:
    name = reference.arn or reference.policy
    return f"{reference.layer.value}:{name}[{reference.sid or reference.index}]"
