"""The access log: one line a request, as JSON, on standard error.

It names caller, action, status and the reason only the log may read. Never in it: queries (a presigned URL's signature is one), header values,
bodies, tokens, keys other than their ids.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from podid.core.errors import PodidError
from podid.core.http import HttpResponse

if TYPE_CHECKING:
    from podid.gateway.steps.values import Addressed, Authenticated, Numbered

_log = logging.getLogger("podid.access")
_FIELDS = "podid_fields"
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
    _log.info("request", extra={_FIELDS: fields})


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, and whatever fields it carries."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, _FIELDS, {}))
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            line["request_id"] = request_id
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def with_fields(**fields: Any) -> dict[str, dict[str, Any]]:
    """The `extra` of a log call whose record carries these fields."""
    return {_FIELDS: fields}


def configure(level: int = logging.INFO) -> None:
    """Send all logs of this process to standard error as JSON, at `level` and above; libraries only their warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("podid").setLevel(level)
