"""The access log: one line a request, as JSON, on standard error.

It names caller, action, status and the reason only the log may read. Never in it: queries (a presigned URL's signature is one), header values,
bodies, tokens, keys other than their ids.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from podid.core.errors import PodidError
from podid.core.http import HttpResponse
from podid.log_lines import log_to_stderr, tell

if TYPE_CHECKING:
    from podid.gateway.steps.values import Addressed, Authenticated, Numbered

_log = logging.getLogger("podid.access")
_LONGEST_PATH = 512


class Seen(Struct, frozen=True, kw_only=True):
    """What became known of a request before it was answered."""

    numbered: Numbered
    addressed: Addressed | None = None
    authenticated: Authenticated | None = None


def access(seen: Seen, response: HttpResponse, failure: Exception | None, *, seconds: float) -> None:
    """Write the line of one request."""
    if not _log.isEnabledFor(logging.INFO):
        return
    received = seen.numbered.received
    fields: dict[str, Any] = {
        "request_id": seen.numbered.request_id,
        "source_ip": received.source_ip,
        "method": received.request.method,
        "path": received.request.path[:_LONGEST_PATH],
        "status": response.status,
        "milliseconds": round(seconds * 1000, 2),
    }
    if seen.addressed is not None:
        fields["service"] = seen.addressed.service.model
        fields["region"] = seen.addressed.region
        if seen.addressed.match is not None:
            fields["operation"] = seen.addressed.match.operation.name
        if seen.addressed.claim is not None:
            fields["access_key_id"] = seen.addressed.claim.access_key_id[:128]
    if seen.authenticated is not None:
        fields["caller"] = seen.authenticated.caller.arn
    if failure is not None:
        fields["error"] = getattr(failure, "code", type(failure).__name__)
        if isinstance(failure, PodidError):
            fields["text"] = failure.public  # of a refusal its kind, such as BAD_SIGNATURE
            if failure.private:
                fields["reason"] = failure.private
    tell(_log, "request", fields)


def configure(level: int = logging.INFO) -> None:
    """Send all logs of this process to standard error, at `level` and above; libraries only their warnings."""
    log_to_stderr(logging.WARNING)
    # What a line does not hold need not be found out for every record.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.getLogger("podid").setLevel(level)
