"""The record of what was decided: who asked, what was answered, by which statement. `explain` and `doctor` read it.

It stands on the store alone and decides nothing. No secret, token or signature is ever in it.
"""

from __future__ import annotations

from podid.audit.decision_log import DecisionLog
from podid.audit.entry import Entry
from podid.audit.trail import HIDDEN, event_text, management_event, reads_only, shared_id, written

__all__ = [
    "HIDDEN",
    "DecisionLog",
    "Entry",
    "event_text",
    "management_event",
    "reads_only",
    "shared_id",
    "written",
]
