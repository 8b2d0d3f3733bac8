"""The access log: one line a request, as JSON, on standard error.

It names caller, action, status, what was decided and by which statement, and the reason only the log may read; for the exchange of a pod's
token, whose it was and what it became. Never in it: queries (a presigned URL's signature is one), header values, bodies, tokens, keys other
than their ids.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct, UnsetType

from podid.audit import MAX_TEXT, Decided
from podid.core.caller import Notes
from podid.core.errors import PodidError
from podid.core.http import HttpResponse
from podid.log_lines import log_to_stderr, tell

if TYPE_CHECKING:
    from podid.gateway.steps.values import Addressed, Authenticated, Numbered

_log = logging.getLogger("podid.access")
_LONGEST_PATH = 512
_LONGEST_KEY_ID = 128
_MOST_DECISIONS = 50
"""Of a request in its line; the audit log has them all."""


class Seen(Struct, frozen=True, kw_only=True):
    """What became known of a request before it was answered. `notes` are those of the call that it was understood as."""

    numbered: Numbered
    addressed: Addressed | None = None
    authenticated: Authenticated | None = None
    notes: Notes | None = None


class _Line(Struct, gc=False):
    """The members of a line, those left out that are not known. It may wait, so it holds nothing of the request's body."""

    request_id: str
    source_ip: str
    method: str
    path: str
    status: int
    milliseconds: float
    service: str | UnsetType = UNSET
    region: str | UnsetType = UNSET
    operation: str | UnsetType = UNSET
    access_key_id: str | UnsetType = UNSET
    caller: str | UnsetType = UNSET
    decisions: list[Decided] | UnsetType = UNSET
    exchange: Any = UNSET
    error: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


def access(seen: Seen, response: HttpResponse, failure: Exception | None, *, seconds: float) -> None:
    """Write the line of one request."""
    if not _log.isEnabledFor(logging.INFO):
        return
    numbered, addressed, notes = seen.numbered, seen.addressed, seen.notes
    received = numbered.received
    request = received.request
    line = _Line(
        numbered.request_id,
        received.source_ip,
        request.method,
        request.path[:_LONGEST_PATH],
        response.status,
        round(seconds * 1000, 2),
    )
    if addressed is not None:
        line.service = addressed.service.model
        line.region = addressed.region
        if addressed.match is not None:
            line.operation = addressed.match.operation.name
        if addressed.claim is not None:
            line.access_key_id = told_key_id(addressed.claim.access_key_id)
    if seen.authenticated is not None:
        line.caller = seen.authenticated.caller.arn
    if notes is not None:
        if notes.decided:
            line.decisions = notes.decided[:_MOST_DECISIONS]
        if notes.exchange is not None:
            line.exchange = notes.exchange
    if failure is not None:
        line.error = getattr(failure, "code", type(failure).__name__)
        if isinstance(failure, PodidError):
            line.text = failure.public[:MAX_TEXT]  # of a refusal its kind, such as BAD_SIGNATURE
            if failure.private:
                line.reason = failure.private[:MAX_TEXT]
    tell(_log, "request", line)


def told_key_id(claimed: str) -> str:
    """The key id that a request claims, where it has the form of one: who confuses the two sends the secret key in its place."""
    return claimed[:_LONGEST_KEY_ID] if claimed.isalnum() and claimed.isupper() else "(no key id)"


def configure(level: int = logging.INFO) -> None:
    """Send all logs of this process to standard error, at `level` and above; libraries only their warnings."""
    log_to_stderr(logging.WARNING)
    # What a line does not hold need not be found out for every record.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.getLogger("podid").setLevel(level)
