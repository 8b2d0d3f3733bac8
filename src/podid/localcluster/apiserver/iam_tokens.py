"""Bearer tokens of AWS principals (`aws eks get-token`): podid's AWS endpoint knows whose they are, and is asked.

An API server on EKS asks an authenticator beside it; here that is an operation of the endpoint, called with an access key that may do
nothing else. Answers are kept for a few seconds, for kubectl sends several requests in a row; what was refused is asked again.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from podid.core.clock import Clock
from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, sign
from podid.lean.client import ClientError, HttpClient
from podid.localcluster.users import AUTHENTICATED, User

PREFIX: Final = "k8s-aws-v1."
KEPT: Final = timedelta(seconds=5)
"""A principal that lost its key is out after so long."""

_MOST_KEPT: Final = 256
_SECONDS: Final = 5.0
_LONGEST: Final = 16_384
_log = logging.getLogger(__name__)


class _Review(Struct, frozen=True, rename="pascal"):
    authenticated: bool = False
    reason: str = ""
    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = field(default_factory=dict)


class _KeyFile(Struct, frozen=True, rename="pascal"):
    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"_KeyFile({self.access_key_id!r}, ...)"


class IamTokens:
    """Asks the AWS endpoint at `endpoint` about tokens for one cluster, with the access key in a file."""

    def __init__(self, endpoint: str, credentials: Path, *, cluster_name: str, region: str, clock: Clock) -> None:
        self._url = f"{endpoint}/_podid/clusters/{quote(cluster_name, safe='')}/token-review"
        self._path = self._url.removeprefix(endpoint)
        self._credentials = credentials
        self._region = region
        self._clock = clock
        self._http = HttpClient(connections=4)
        self._kept: OrderedDict[bytes, tuple[datetime, User]] = OrderedDict()

    async def user_of(self, token: str) -> User | None:
        """The user whose token this is; None where it is nobody's, or where nobody can say now."""
        if len(token) > _LONGEST:
            return None
        now, key = self._clock(), hashlib.sha256(token.encode()).digest()
        held = self._kept.get(key)
        if held is not None and now < held[0]:
            return held[1]
        try:
            review = await self._ask(token, now)
        except (ClientError, OSError, msgspec.MsgspecError, ValueError) as problem:
            _log.warning("the AWS endpoint cannot say whose token this is", extra={"problem": str(problem)})
            return None
        if not review.authenticated or not review.username:
            _log.info("an AWS principal's token was refused", extra={"reason": review.reason})
            return None
        user = User(
            username=review.username, uid=review.uid, groups=(*review.groups, AUTHENTICATED), extra=review.extra
        )
        self._kept[key] = (now + KEPT, user)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return user

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _ask(self, token: str, now: datetime) -> _Review:
        held = msgspec.json.decode(self._credentials.read_bytes(), type=_KeyFile)
        body = msgspec.json.encode({"Token": token})
        headers = sign(
            Credentials(held.access_key_id, held.secret_access_key),
            method="POST",
            url=self._url,
            headers={"content-type": "application/json"},
            body=body,
            service="podid",
            region=self._region,
            now=now,
        )
        sent = tuple((name.lower(), value) for name, value in headers.items() if name.lower() != "host")
        answer = await self._http.send(
            self._url, HttpRequest(method="POST", path=self._path, headers=sent, body=body), seconds=_SECONDS
        )
        if answer.status != 200:
            raise ValueError(f"status {answer.status}")
        return msgspec.json.decode(answer.body, type=_Review)
