"""The record of what was decided: who asked, what was answered, by which statement. `explain` and `doctor` read it.

It stands on the store alone and decides nothing. No secret, token or signature is ever in it.
"""

from __future__ import annotations

from podid.audit.decision_log import DecisionLog
from podid.audit.entry import Entry
from podid.audit.trail import management_event, reads_only, shared_id

__all__ = ["DecisionLog", "Entry", "management_event", "reads_only", "shared_id"]
