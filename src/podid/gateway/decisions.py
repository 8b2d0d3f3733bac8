"""What is taken down of each request, for the audit log: every decision, every call of podid's own services, every refusal.

Decisions are noted with their call (`Call.notes`), by whoever has them taken: the gateway before the call, the room within it. At its end
they go to the audit room together. Nothing here is a secret, a token or a signature: what is noted is who (ARN and access key id), what, on
what, the answer and the statement that decided, and the reason that the caller was not told.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from msgspec.structs import asdict

from podid.audit import MAX_TEXT, Decided, DecisionLog, Entry, PerObject, called, proceedings_of
from podid.core.caller import Call, Notes, Output
from podid.core.errors import AccessDenied, AwsError, PodidError
from podid.core.policy import Decision, Outcome, StatementRef
from podid.gateway.logs import Seen, told_key_id
from podid.gateway.needs.need import Need
from podid.gateway.refusals import Refused, Said
from podid.gateway.steps.values import Understood
from podid.log_lines import tell
from podid.store import StoreUnavailable

_log = logging.getLogger("podid.decisions")

_OF_A_DECISION: Final = 512
"""Bytes, about."""


class Decisions:
    """Takes down decisions for one endpoint."""

    def __init__(self, log: DecisionLog) -> None:
        self._record = log.record

    def decided(self, understood: Understood, need: Need, decision: Decision) -> None:
        """A need was decided."""
        self.noted(understood.call, need.action, need.resource, decision)

    def noted(self, call: Call, action: str, resource: str, decision: Decision) -> None:
        """Something was decided for a call: before it, or within it by the room that carries it out."""
        call.notes.decided.append(Decided(action, resource[:MAX_TEXT], *_in_words(decision)))

    def waits(self, understood: Understood) -> None:
        """A request has to wait. What was decided is taken down: its client may leave meanwhile, and then nothing more comes."""
        call, notes = understood.call, understood.call.notes
        if len(notes.decided) > notes.written:
            decided = notes.decided[notes.written :]
            self._record(proceedings_of(call, secure=_secure(understood), decided=decided), _size(decided))
            notes.written = len(notes.decided)

    def ended(self, understood: Understood, output: Output | None, failure: Exception | None) -> None:
        """A request came to its end. Of a call of podid's own services there is an event as CloudTrail has it."""
        call, service = understood.call, understood.authenticated.addressed.service
        done = None
        if service.own:
            done = called(
                call,
                prefix=service.action_prefix,
                parameters=understood.members,
                answer=output,
                error=None if failure is None else _as_aws_error(failure),
                failure=failure,
                federated=_federated(call.operation, output) if call.service == "sts" else None,
            )
        notes = call.notes
        decided = notes.decided[notes.written :] if notes.written else notes.decided
        if done is not None or decided:
            self._record(
                proceedings_of(call, secure=_secure(understood), decided=decided, assumed=notes.assumed, done=done),
                _size(decided, None if done is None else understood),
            )

    def called(self, understood: Understood, output: Output | None, failure: Exception | None) -> None:
        """A call that a service made within a request came to its end. Its decisions have lines of their own: it may be one of hundreds.

        What it makes of services that are moto's is decided, and has no event: their parameters may be anything, a database's password."""
        call, addressed = understood.call, understood.authenticated.addressed
        done = None
        if addressed.service.own:
            done = called(
                call,
                prefix=addressed.service.action_prefix,
                parameters=understood.members,
                answer=output,
                error=None if failure is None else _as_aws_error(failure),
                failure=failure,
                invoked_by=call.context.get("aws:CalledViaLast", ("",))[0],
            )
        decided = call.notes.decided
        if done is not None or decided:
            self._record(
                proceedings_of(call, secure=_secure(understood), decided=decided, done=done),
                _size(decided, None if done is None else understood),
            )
        if done is None and failure is not None:
            seen = Seen(
                numbered=addressed.numbered,
                addressed=addressed,
                authenticated=understood.authenticated,
                notes=call.notes,
            )
            self.failed(seen, failure)
        if _log.isEnabledFor(logging.INFO):
            for one in decided:
                tell(_log, "decision", {"request_id": call.request_id, "caller": call.caller.arn, **asdict(one)})

    def failed(self, seen: Seen, failure: Exception) -> None:
        """A request came to no decision, or failed after it. A denial is told by the decision that it is."""
        if isinstance(failure, AccessDenied) and seen.notes is not None and _has_denial(seen.notes):
            return
        received = seen.numbered.received
        addressed = seen.addressed
        caller = seen.authenticated.caller if seen.authenticated else None
        claim = addressed.claim if addressed else None
        operation = addressed.match.operation.name if addressed and addressed.match else ""
        code = (
            failure.refusal.name if isinstance(failure, Refused) else getattr(failure, "code", type(failure).__name__)
        )
        self._record(
            Entry(
                at=received.now,
                request_id=seen.numbered.request_id,
                account=caller.account if caller else "",
                region=addressed.region if addressed else "",
                caller_arn=caller.arn if caller else "",
                access_key_id=told_key_id(claim.access_key_id) if claim else "",
                source_ip=received.source_ip,
                action=f"{addressed.service.action_prefix}:{operation}" if addressed else "",
                outcome="Failed",
                error_code=code,
                reason=(failure.private or failure.public)[:MAX_TEXT] if isinstance(failure, PodidError) else "",
            )
        )


def _size(decided: Sequence[Decided], called: Understood | None = None) -> int:
    """About how many bytes a call has that is written with these decisions; and, where `called` is told, with its input: that is no larger
    than the request."""
    size = _OF_A_DECISION * len(decided)
    if called is None:
        return size
    request = called.authenticated.addressed.request
    return size + len(request.body) + len(request.query)


def _has_denial(notes: Notes) -> bool:
    return any(one.outcome != Outcome.ALLOWED.value for one in notes.decided)


def _secure(understood: Understood) -> bool:
    return understood.authenticated.addressed.numbered.received.secure


def _as_aws_error(failure: Exception) -> AwsError:
    """What the caller was told."""
    if isinstance(failure, AwsError):
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


def _words_of(decision: Decision) -> tuple[str, tuple[str, ...], str]:
    """Outcome, deciding statements and reason, as they are written down."""
    reason = ", ".join(f"{reason.layer.value} {reason.kind}" for reason in decision.reasons)
    return decision.outcome.value, tuple(_statement(reference) for reference in decision.decided_by), reason


_in_words = PerObject(_words_of).of


def _statement(reference: StatementRef) -> str:
    name = reference.arn or reference.policy
    return f"{reference.layer.value}:{name}[{reference.sid or reference.index}]"
