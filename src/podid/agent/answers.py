"""What pods are answered, byte for byte: credentials, and each refusal in AWS's words.

AWS's agent passes EKS Auth's status on and answers 500 for the rest. By default podid's answers 503 for all that may pass in a second:
five SDK families retry it, while a 429 or 4xx sends the Java SDK to the node's role at once. `strict` turns AWS's statuses back on.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from podid.agent.failures import Busy, Failure, Refused
from podid.lean.messages import Response, json, text

_LIMIT: Final = 2048
"""Characters of a message from elsewhere that are passed on."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")

NOT_FOUND: Final = text(404, "404 page not found")
NO_HOST: Final = text(400, "400 Bad Request: missing required Host header")
TWO_HOSTS: Final = text(400, "400 Bad Request: too many Host headers")
ONLY_GET: Final = text(405, "Method Not Allowed", ("Allow", "GET, HEAD"))


class Grant(Struct, frozen=True, kw_only=True):
    """What EKS Auth gave for a token. `expires_at` is seconds since the epoch."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    account: str
    expires_at: float
    association: str = ""

    def __repr__(self) -> str:
        return f"Grant({self.access_key_id}, until {self.expires_at:.0f})"


class _Credentials(Struct, frozen=True):
    # The order of keys is AWS's agent's.
    AccessKeyId: str
    SecretAccessKey: str
    Token: str
    AccountId: str
    Expiration: str

    def __repr__(self) -> str:
        return f"_Credentials({self.AccessKeyId})"


def credentials(grant: Grant) -> Response:
    """The answer that SDKs' container providers read."""
    body = _Credentials(
        AccessKeyId=grant.access_key_id,
        SecretAccessKey=grant.secret_access_key,
        Token=grant.session_token,
        AccountId=grant.account,
        Expiration=timestamp(grant.expires_at),
    )
    return json(200, msgspec.json.encode(body))


def timestamp(at: float) -> str:
    """RFC 3339 in UTC with `Z`, with a fraction only where there is one (Go's RFC3339Nano)."""
    written = datetime.fromtimestamp(at, UTC).isoformat().removesuffix("+00:00")
    return (written.rstrip("0").rstrip(".") if "." in written else written) + "Z"


def bad_request(message: str) -> Response:
    return text(400, message)


def wrong_host(accepted: tuple[str, ...], asked: str) -> Response:
    """403 for a Host that is not the agent's own: what a browser sends after DNS rebinding."""
    return text(
        403,
        "Access Denied. Called agent through invalid address, please use either"
        f" [{' '.join(accepted)}] address not {clean(asked)[:255]}",
    )


def moved(path: str) -> Response:
    """Go's answer to a path with empty or dotted parts: where the clean one is."""
    place = path.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    return Response(
        307,
        f'<a href="{place}">Temporary Redirect</a>.\n\n'.encode(),
        (("Content-Type", "text/html; charset=utf-8"), ("Location", path)),
    )


def failure(problem: Failure, *, strict: bool) -> Response:
    """The answer to a question that EKS Auth refused or never got."""
    if isinstance(problem, Refused):
        fault = "client" if 400 <= problem.status < 500 else "server" if problem.status >= 500 else "unknown"
        status = problem.status if 400 <= problem.status < 600 else 500
        if problem.passing and not strict and status < 500:
            status = 503
        return text(
            status, f"[{clean(problem.request_id)}]: ({clean(problem.code)}): {clean(problem.message)}, fault: {fault}"
        )
    if isinstance(problem, Busy):
        return text(429, "Too Many Requests") if strict else text(503, clean(str(problem)))
    return text(500 if strict else 503, clean(str(problem)))


def clean(message: str) -> str:
    """One line of bounded length."""
    return _CONTROL.sub(" ", message)[:_LIMIT]
