"""One place to read a cluster's key set from."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from podid.core.tokens import KeySet, parse_jwks
from podid.eks import Cluster, ClusterAccess
from podid.eks_auth.keys.fetch import MOST_BYTES, FetchProblem, fetch
from podid.kube import KubeError

SHORTEST, USUAL, LONGEST = 30.0, 300.0, 3600.0
"""Seconds that a fetched key set is used before it is fetched again: the bounds of what a server may ask for, and without its word."""

_ALWAYS: Final = float("inf")
_TICK: Final = 20_000_000
"""Nanoseconds; file systems stamp with a clock that ticks every 1 to 10 milliseconds."""


class KeysUnavailable(Exception):
    """The key set cannot be read now; the text says why, for the log."""


class Read(Struct, frozen=True):
    """A key set as read, and for how many seconds it may be used without another look."""

    keys: KeySet
    seconds: float


class KeySetSource(Protocol):
    def changed(self) -> bool:
        """Whether the set differs from the one last read, as far as that can be told without reading it."""

    def read(self) -> Read:
        """Read the set. Raises KeysUnavailable."""


class InlineSource:
    """The document given at registration."""

    def __init__(self, document: str) -> None:
        self._document = document

    def changed(self) -> bool:
        return False

    def read(self) -> Read:
        return Read(_parse(self._document.encode(), "the key set of the registration"), _ALWAYS)


class FileSource:
    """A JWKS file on this machine, which may be replaced or rewritten at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None

    def changed(self) -> bool:
        return self._look() != self._stamp

    def read(self) -> Read:
        stamp = self._look()  # taken first: a change during the read is then seen as one
        try:
            with self._path.open("rb") as file:
                document = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise KeysUnavailable(f"{self._path}: {error.strerror}") from error
        if len(document) > MOST_BYTES:
            raise KeysUnavailable(f"{self._path}: over {MOST_BYTES} bytes")
        keys = _parse(document, str(self._path))
        # What was written a moment ago may be written again in the same tick of the file system's clock, and look as if it were not.
        fresh = stamp is not None and 0 <= time.time_ns() - stamp[0] < _TICK
        self._stamp = None if fresh else stamp
        return Read(keys, _ALWAYS)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - many times a second, and half the time of path.stat()
        except OSError:
            return None
        # The time of the last change of the file's status: unlike that of its content, nobody can set it back.
        return (found.st_ctime_ns, found.st_size, found.st_ino)


class UrlSource:
    """A JWKS published somewhere, such as on the issuer's own host."""

    def __init__(self, url: str) -> None:
        self._url = url

    def changed(self) -> bool:
        return False

    def read(self) -> Read:
        try:
            document, seconds = fetch(self._url)
        except FetchProblem as error:
            raise KeysUnavailable(str(error)) from error
        kept = USUAL if seconds is None else min(max(float(seconds), SHORTEST), LONGEST)
        return Read(_parse(document, self._url), kept)


class ApiServerSource:
    """/openid/v1/jwks of the cluster itself."""

    def __init__(self, access: ClusterAccess, cluster: Cluster) -> None:
        self._access = access
        self._cluster = cluster

    def changed(self) -> bool:
        return False

    def read(self) -> Read:
        try:
            document = self._access.client(self._cluster).read("/openid/v1/jwks")
        except KubeError as error:
            raise KeysUnavailable(f"/openid/v1/jwks of {self._cluster.name}: {error.public}") from error
        return Read(_parse(document, f"/openid/v1/jwks of {self._cluster.name}"), USUAL)


def source_of(cluster: Cluster, access: ClusterAccess) -> KeySetSource:
    """The source that a cluster's registration names."""
    if cluster.keys.inline:
        return InlineSource(cluster.keys.inline)
    if cluster.keys.file:
        return FileSource(Path(cluster.keys.file))
    if cluster.keys.url:
        return UrlSource(cluster.keys.url)
    return ApiServerSource(access, cluster)


def _parse(document: bytes, where: str) -> KeySet:
    try:
        return parse_jwks(document.decode("utf-8"))
    except ValueError as error:
        raise KeysUnavailable(f"{where}: {error}") from error
