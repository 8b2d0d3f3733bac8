"""Who has a Pod Identity association: a port with two adapters.

`FileIdentities` reads the file of AWS's webhook, kept current by whoever writes it; `EksIdentities` asks EKS at each admission, so that an
association made a moment before the pod is never missed.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

from podid.core.clock import Clock
from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, sign
from podid.lean.client import ClientError, HttpClient

log = logging.getLogger(__name__)

_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of an identities file: some hundred thousand entries."""
_RACY: Final = 2.0
"""Seconds for which a file just written may be written again without its time telling."""
_AGAIN: Final = 0.5
"""Seconds between two reads of such a file."""


class IdentitiesUnavailable(Exception):
    """It cannot be found out now; the text says why, and may be shown to who creates a pod."""


class Identities(Protocol):
    """Who has an association."""

    async def has(self, namespace: str, service_account: str) -> bool:
        """Whether this service account has one. Raises IdentitiesUnavailable."""

    async def check(self) -> None:
        """Raise IdentitiesUnavailable unless `has` would answer: what `/healthz` asks."""


class _Identity(Struct, frozen=True, rename="camel"):
    namespace: str = ""
    service_account: str = ""


class _Document(Struct, frozen=True):
    identities: list[_Identity] | None = None


class FileIdentities:
    """`{"identities": [{"namespace": …, "serviceAccount": …}]}`. Exact names, no wildcards.

    Looked at before each answer, by its inode, size and time, so a renamed file and a ConfigMap's swapped link are seen at once. No
    file, or an empty one, is nobody. A file that cannot be read or understood keeps who was there before.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """`clock` gives seconds since the epoch. Nothing is read yet."""
        self._path = path
        self._clock = clock
        self._known: frozenset[tuple[str, str]] | None = None
        self._seen: tuple[int, int, int] | None = None
        self._racy = False
        self._read_at = 0.0
        self._problem = ""

    async def has(self, namespace: str, service_account: str) -> bool:
        return (namespace, service_account) in self._current()

    async def check(self) -> None:
        self._current()

    def _current(self) -> frozenset[tuple[str, str]]:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - a tenth of a Path's time, and asked for each pod
        except FileNotFoundError:
            self._seen, self._racy, self._problem = None, False, ""
            self._known = frozenset()
            return self._known
        except OSError as problem:
            self._keep(f"{self._path} cannot be read: {problem.strerror}")
        else:
            seen = (status.st_ino, status.st_size, status.st_mtime_ns)
            now = self._clock()
            if seen != self._seen or (self._racy and now - self._read_at >= _AGAIN):
                self._seen, self._read_at = seen, now
                self._racy = abs(now - status.st_mtime) < _RACY
                self._read()
        if self._known is None:
            raise IdentitiesUnavailable(self._problem)
        return self._known

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file:
                content = file.read(_LIMIT + 1)
            if len(content) > _LIMIT:
                self._keep(f"{self._path} is larger than {_LIMIT} bytes")
                return
            document = msgspec.json.decode(content, type=_Document) if content.strip() else _Document()
        except OSError as problem:
            self._keep(f"{self._path} cannot be read: {problem.strerror}")
            return
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            self._keep(f"{self._path} is not an identities file: {problem}")
            return
        known = frozenset((i.namespace, i.service_account) for i in document.identities or ())
        if known != self._known:
            log.info("identities read", extra={"path": str(self._path), "count": len(known)})
        self._known, self._problem = known, ""

    def _keep(self, problem: str) -> None:
        if problem != self._problem:
            log.warning("identities are kept as they were", extra={"reason": problem})
        self._problem = problem


class _Key(Struct, frozen=True, rename="pascal"):
    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"_Key({self.access_key_id})"


class _Association(Struct, frozen=True, rename="camel"):
    namespace: str
    service_account: str


class _Listed(Struct, frozen=True):
    associations: list[_Association]


class EksIdentities:
    """Asks `ListPodIdentityAssociations` with both names as filters, signed with the webhook's own key."""

    def __init__(
        self,
        *,
        endpoint: str,
        region: str,
        cluster_name: str,
        credentials_file: Path,
        http: HttpClient,
        clock: Clock,
        seconds: float = 3.0,
    ) -> None:
        """`credentials_file`: JSON with `AccessKeyId` and `SecretAccessKey`, read when it changes; `seconds` for one question."""
        self._url = f"{endpoint.rstrip('/')}/clusters/{quote(cluster_name, safe='')}/pod-identity-associations"
        self._region = region
        self._file = credentials_file
        self._http = http
        self._clock = clock
        self._seconds = seconds
        self._key: tuple[int, Credentials] | None = None

    async def has(self, namespace: str, service_account: str) -> bool:
        found = await self._list(
            f"namespace={quote(namespace, safe='')}&serviceAccount={quote(service_account, safe='')}"
        )
        # Compared once more: a server that ignores a filter must not hand out identities.
        return any((a.namespace, a.service_account) == (namespace, service_account) for a in found.associations)

    async def check(self) -> None:
        await self._list("maxResults=1")

    async def _list(self, query: str) -> _Listed:
        parts = urlsplit(self._url)
        headers = sign(
            self._credentials(),
            method="GET",
            url=f"{self._url}?{query}",
            headers={"host": parts.netloc},
            body=b"",
            service="eks",
            region=self._region,
            now=self._clock(),
        )
        request = HttpRequest(method="GET", path=parts.path, query=query, headers=tuple(headers.items()))
        try:
            answer = await self._http.send(self._url, request, seconds=self._seconds)
        except ClientError as problem:
            raise IdentitiesUnavailable(f"EKS cannot be reached: {problem}") from problem
        if answer.status != 200:
            raise IdentitiesUnavailable(f"EKS answered {answer.status} to ListPodIdentityAssociations")
        try:
            return msgspec.json.decode(answer.body, type=_Listed)
        except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
            raise IdentitiesUnavailable(f"EKS gave a malformed list: {problem}") from None

    def _credentials(self) -> Credentials:
        try:
            changed = os.stat(self._file).st_mtime_ns  # noqa: PTH116 - asked for each pod
            if self._key is None or self._key[0] != changed:
                key = msgspec.json.decode(self._file.read_bytes(), type=_Key)
                self._key = (changed, Credentials(key.access_key_id, key.secret_access_key))
        except (OSError, msgspec.MsgspecError) as problem:
            raise IdentitiesUnavailable(
                f"the credentials file {self._file} cannot be read: {type(problem).__name__}"
            ) from problem
        return self._key[1]
