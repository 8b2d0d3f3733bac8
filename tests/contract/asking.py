"""Signed requests as the gateway takes them from its edge."""

from __future__ import annotations

from datetime import datetime

from podid.core.clock import system_clock
from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, sign
from podid.gateway.steps.values import Received

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
WHO = b"Action=GetCallerIdentity&Version=2011-06-15"
"""The body of a GetCallerIdentity."""


def asked(
    who: Credentials, service: str, path: str, body: bytes, now: datetime, headers: dict[str, str] = FORM
) -> Received:
    """A POST as its edge takes it in, signed at `now`: for tests that hand it to the gateway without a socket."""
    host = f"{service}.us-east-1.amazonaws.com"
    made = sign(
        who,
        method="POST",
        url=f"https://{host}{path}",
        headers=headers,
        body=body,
        service=service,
        region="us-east-1",
        now=now,
    )
    names = {name.lower(): value for name, value in made.items()} | {"host": host}
    request = HttpRequest(method="POST", path=path, headers=tuple(names.items()), body=body)
    return Received(request=request, now=system_clock())
