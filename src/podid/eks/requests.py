"""Client request tokens: asking again with the same one gets the first answer, not a second resource.

The rule for EKS is not written down; this is the usual one of AWS: same token and same parameters, the first answer; same token and other
parameters, InvalidParameterException. A token whose resource is gone is forgotten, so that a fixed token (as ACK's) can make it anew.
Tokens live for a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, delete, insert, or_, select

from podid.core.caller import Call
from podid.eks.errors import InvalidParameter
from podid.eks.tables import REQUESTS

LIFETIME: Final = timedelta(days=1)
LONGEST_TOKEN: Final = 255
_T = REQUESTS.c
_V = TypeVar("_V", bound=Struct)


class ClientRequest(Struct, frozen=True):
    """One call with a client request token; `token` empty where the client sent none (then nothing is remembered)."""

    account: str
    region: str
    operation: str
    token: str
    digest: str
    now: datetime


def client_request(call: Call, token: str | None, parameters: Mapping[str, Any]) -> ClientRequest:
    """The request as it is remembered. Raises InvalidParameter for an overlong token."""
    if token and (len(token) > LONGEST_TOKEN or not token.isprintable()):
        raise InvalidParameter(f"clientRequestToken may have at most {LONGEST_TOKEN} printable characters.")
    sent = {name: value for name, value in sorted(parameters.items()) if value is not None}
    digest = hashlib.sha256(msgspec.json.encode(sent, order="deterministic")).hexdigest()
    return ClientRequest(call.account, call.region, call.operation, token or "", digest, call.now)


def recall(connection: Connection, request: ClientRequest, kind: type[_V], exists: Callable[[_V], bool]) -> _V | None:
    """The value that was answered before to this token, if what it tells of still exists.

    Raises InvalidParameter where other parameters came with the token then.
    """
    if not request.token:
        return None
    row = connection.execute(select(REQUESTS).where(*_is(request))).first()
    if row is None or row.created_at < _oldest(request):
        return None
    value = msgspec.json.decode(row.answer, type=kind)
    if not exists(value):
        return None
    if row.digest != request.digest:
        raise InvalidParameter("The clientRequestToken was used before with other parameters.")
    return value


def remember(connection: Connection, request: ClientRequest, value: Struct) -> None:
    """Keep the first answer, in the transaction that made the resource. Old tokens go at the same time."""
    if not request.token:
        return
    connection.execute(delete(REQUESTS).where(or_(_T.created_at < _oldest(request), and_(*_is(request)))))
    connection.execute(
        insert(REQUESTS).values(
            account=request.account,
            region=request.region,
            operation=request.operation,
            token=request.token,
            digest=request.digest,
            answer=msgspec.json.encode(value).decode(),
            created_at=request.now,
        )
    )


def _oldest(request: ClientRequest) -> datetime:
    return request.now - LIFETIME


def _is(request: ClientRequest) -> tuple[Any, ...]:
    return (
        _T.account == request.account,
        _T.region == request.region,
        _T.operation == request.operation,
        _T.token == request.token,
    )
