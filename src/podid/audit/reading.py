"""Entries out of what is kept."""

from __future__ import annotations

from functools import partial

from podid.audit.entry import Entry
from podid.audit.identity import Identity
from podid.audit.proceedings import Proceedings
from podid.audit.trail import account_in, account_of, event_of_assuming, event_of_call


def entries_of(kept: Entry | Proceedings) -> list[Entry]:
    """What happened, in its order: decisions, what was done for the caller, the call as a whole."""
    if isinstance(kept, Entry):
        return [kept]
    entry = partial(Entry, at=kept.at, request_id=kept.request_id, region=kept.region)
    by_caller = partial(
        entry, caller_arn=_name(kept.caller), access_key_id=kept.caller.access_key_id, source_ip=kept.source_ip
    )
    entries = [
        by_caller(
            account=kept.caller.account,
            action=one.action,
            resource=one.resource,
            outcome=one.outcome,
            decided_by=one.decided_by,
            reason=one.reason,
        )
        for one in kept.decided
    ]
    entries += [
        entry(
            account=account_in(made.role_arn),
            caller_arn=_name(made.by),
            access_key_id=made.by.access_key_id,
            action="sts:AssumeRole",
            resource=made.role_arn,
            outcome="Failed" if made.error_code else "Completed",
            error_code=made.error_code,
            reason=made.reason,
            event=event_of_assuming(kept, number),
        )
        for number, made in enumerate(kept.assumed)
    ]
    if kept.called is not None:
        call = kept.called
        entries.append(
            by_caller(
                account=account_of(kept, call),
                action=f"{call.prefix}:{call.operation}",
                outcome="Failed" if call.error_code else "Completed",
                error_code=call.error_code,
                reason=call.reason,
                event=event_of_call(kept, call),
            )
        )
    return entries


def _name(who: Identity) -> str:
    return who.arn or who.service
