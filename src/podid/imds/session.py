"""The session of the node's role: fetched from `podid serve`, kept, renewed ahead, and handed out until it ends where renewing fails.

`POST {endpoint}/_podid/nodes/{instance id}/session`, signed for the service `podid` with a key that may do nothing else. `serve` assumes
the role as ec2.amazonaws.com, which alone the node's role trusts: that key cannot be turned into the role in another way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, sign
from podid.imds.settings import ImdsSettings
from podid.lean.client import ClientError, HttpClient

log = logging.getLogger(__name__)

SERVICE: Final = "podid"
_RETRY: Final = 5.0
"""Seconds after a failed fetch before the next is started for a session that still lives."""


class NoSession(Exception):
    """There is no session to hand out; the text says why and holds no secret."""


class NodeSession(Struct, frozen=True, rename="pascal"):
    """The answer of `serve`. Times are RFC 3339, as IMDS prints them."""

    role_name: str
    instance_profile_arn: str
    account_id: str
    access_key_id: str
    secret_access_key: str
    token: str
    expiration: str
    last_updated: str
    instance_profile_id: str = ""

    @property
    def expires_at(self) -> float:
        """Seconds since the epoch. Raises ValueError."""
        at = datetime.fromisoformat(self.expiration)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()

    def __repr__(self) -> str:
        return f"NodeSession({self.role_name}, {self.access_key_id}, until {self.expiration})"


class _Key(Struct, frozen=True, rename="pascal"):
    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"_Key({self.access_key_id})"


class Sessions:
    """The node's session, one fetch at a time. `clock` gives seconds since the epoch."""

    def __init__(self, settings: ImdsSettings, http: HttpClient, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._session: NodeSession | None = None
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._fetching: asyncio.Task[NodeSession] | None = None

    @property
    def kept(self) -> NodeSession | None:
        """The session as it is, if it has not ended."""
        return self._session if self._clock() < self._ends_at else None

    async def get(self) -> NodeSession:
        """A session that has not ended: the kept one, renewed behind the answer when half of its life is over. Raises NoSession."""
        now = self._clock()
        if self._session is not None and now < self._ends_at:
            if now >= self._renew_at:
                self._start()
            return self._session
        fetching = self._start()
        done, _ = await asyncio.wait({fetching}, timeout=self._settings.answer_within)
        if not done:
            raise NoSession("the node's session is still being fetched")
        return fetching.result()

    def begin(self) -> None:
        """Start a fetch without waiting for it: the first program to ask need not wait then."""
        self._start()

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()

    def _start(self) -> asyncio.Task[NodeSession]:
        if self._fetching is None:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch())
            self._fetching.add_done_callback(self._finish)
        return self._fetching

    def _finish(self, task: asyncio.Task[NodeSession]) -> None:
        self._fetching = None
        if task.cancelled():
            return
        problem = task.exception()
        now = self._clock()
        if problem is not None:
            log.warning("the node's session was not renewed", extra={"reason": str(problem)})
            self._renew_at = now + _RETRY
            return
        self._session = task.result()
        self._ends_at = self._session.expires_at
        self._renew_at = now + (self._ends_at - now) / 2
        log.info("node session fetched", extra={"role": self._session.role_name, "until": self._session.expiration})

    async def _fetch(self) -> NodeSession:
        settings = self._settings
        key = self._key()
        url = f"{settings.endpoint.rstrip('/')}/_podid/nodes/{settings.instance_id}/session"
        parts = urlsplit(url)
        headers = sign(
            key,
            method="POST",
            url=url,
            headers={"host": parts.netloc, "content-type": "application/json"},
            body=b"{}",
            service=SERVICE,
            region=settings.region,
            now=datetime.fromtimestamp(self._clock(), UTC),
        )
        request = HttpRequest(method="POST", path=parts.path, headers=tuple(headers.items()), body=b"{}")
        try:
            answer = await self._http.send(url, request, seconds=settings.fetch_timeout)
        except ClientError as problem:
            raise NoSession(f"podid serve cannot be reached: {problem}") from problem
        if answer.status != 200:
            raise NoSession(f"podid serve refused the node's session with status {answer.status}")
        try:
            session = msgspec.json.decode(answer.body, type=NodeSession)
            if session.expires_at <= self._clock():
                raise NoSession("podid serve gave a session that has ended; do the clocks agree?")
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as problem:
            raise NoSession(f"podid serve gave a malformed session: {problem}") from None
        return session

    def _key(self) -> Credentials:
        path = self._settings.credentials_file
        try:
            key = msgspec.json.decode(path.read_bytes(), type=_Key)
        except (OSError, msgspec.MsgspecError) as problem:
            raise NoSession(f"the credentials file {path} cannot be read: {type(problem).__name__}") from problem
        return Credentials(key.access_key_id, key.secret_access_key)
