"""The record of what was decided: who asked, what was answered, by which statement.

    proceedings    what one call brought, as it is kept; `identity` of who made it, `shown` of its parameters and its answer
    decision_log   takes it in memory and writes it, by a thread of its own
    batches        packs it into rows of the table (`tables`), finds it there; `bounds` says how much of it is kept
    reading        makes entries (`entry`) of it for whoever reads, with events in CloudTrail's form (`trail`, `record`)

`podid audit` reads it. It stands on the store alone and decides nothing. No secret, token or signature is ever in it.
"""

from __future__ import annotations

from podid.audit.decision_log import DecisionLog
from podid.audit.entry import MAX_TEXT, Entry
from podid.audit.identity import identity_of
from podid.audit.per_object import PerObject
from podid.audit.proceedings import Assumed, Called, Decided, Proceedings, called, proceedings_of
from podid.audit.reading import entries_of
from podid.audit.shown import HIDDEN
from podid.audit.trail import shared_id

__all__ = [
    "HIDDEN",
    "MAX_TEXT",
    "Assumed",
    "Called",
    "Decided",
    "DecisionLog",
    "Entry",
    "PerObject",
    "Proceedings",
    "called",
    "entries_of",
    "identity_of",
    "proceedings_of",
    "shared_id",
]
