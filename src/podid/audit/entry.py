"""One thing that was decided or done, as whoever reads the log gets it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

MAX_TEXT = 4096
"""Characters of one text: a hostile request does not fill the disk."""


class Entry(Struct, frozen=True, array_like=True, kw_only=True, tag="entry"):
    """Who asked for what, what was answered, and why. Nothing in it is a secret, a token or a signature.

    `action` is `service:Action`, `outcome` the engine's word (Allowed, ExplicitlyDenied, ImplicitlyDenied) for a decision; for a call as a
    whole `Completed` or `Failed`. `decided_by` names the deciding statements, `reason` is the private text that the caller was not told.
    `event` is a CloudTrail-shaped event as JSON text, for calls of management APIs.

    Most entries are made of `Proceedings` when they are read. Kept as they are: requests that never became a call, and what was written
    before there were proceedings.
    """

    at: datetime
    request_id: str
    account: str = ""
    region: str = ""
    caller_arn: str = ""
    access_key_id: str = ""
    source_ip: str = ""
    action: str = ""
    resource: str = ""
    outcome: str = ""
    decided_by: tuple[str, ...] = ()
    error_code: str = ""
    reason: str = ""
    event: str = ""
