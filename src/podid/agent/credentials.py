"""The node's own credentials: environment, shared file, then IMDS, in the order of the Go SDK's default chain.

They are loaded when first needed, renewed in the background when half of their life is over, and used until they end where renewing
fails. Which source answered first is kept, so that a passing failure never changes who the node is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from podid.agent.failures import NoNodeCredentials
from podid.agent.instance import InstanceMetadata, MetadataProblem
from podid.core.clock import Clock
from podid.core.sigv4 import Credentials

log = logging.getLogger(__name__)

FILE_SECONDS: Final = 60.0
"""How long what was read from a shared file is used before it is read again (hybrid nodes rewrite theirs)."""


class Loaded(Struct, frozen=True):
    """Credentials and when they should be loaded again, in seconds since the epoch; `ends_at` None for those that do not end."""

    credentials: Credentials
    renew_at: float | None
    ends_at: float | None


class Source(Protocol):
    """One place where credentials may be."""

    name: str

    async def load(self, now: float) -> Loaded | None:
        """What is there; None where this source is not set up. Raises NoNodeCredentials where it is, and fails."""


class EnvironmentSource:
    """AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN."""

    name = "environment"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    async def load(self, now: float) -> Loaded | None:
        key = self._environment.get("AWS_ACCESS_KEY_ID")
        secret = self._environment.get("AWS_SECRET_ACCESS_KEY")
        if not key or not secret:
            return None
        return Loaded(Credentials(key, secret, self._environment.get("AWS_SESSION_TOKEN", "")), None, None)


class FileSource:
    """A shared credentials file: AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, section AWS_PROFILE or `default`."""

    name = "shared credentials file"

    def __init__(self, environment: Mapping[str, str]) -> None:
        named = environment.get("AWS_SHARED_CREDENTIALS_FILE")
        home = environment.get("HOME")
        self._path = Path(named).expanduser() if named else Path(home) / ".aws" / "credentials" if home else None
        self._profile = environment.get("AWS_PROFILE") or "default"

    async def load(self, now: float) -> Loaded | None:
        if self._path is None or not self._path.is_file():
            return None
        import configparser  # only nodes with a file pay for it

        parser = configparser.RawConfigParser()
        try:
            parser.read_string(self._path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as problem:
            raise NoNodeCredentials(f"the shared credentials file {self._path} cannot be read: {problem}") from problem
        except configparser.Error as problem:
            # The parser's own text repeats the line, which may hold the secret.
            raise NoNodeCredentials(
                f"the shared credentials file {self._path} is malformed: {type(problem).__name__}"
            ) from None
        if not parser.has_section(self._profile):
            return None
        section = parser[self._profile]
        key, secret = section.get("aws_access_key_id"), section.get("aws_secret_access_key")
        if not key or not secret:
            return None
        return Loaded(Credentials(key, secret, section.get("aws_session_token", "")), now + FILE_SECONDS, None)


class InstanceSource:
    """The role of the instance, from IMDSv2."""

    name = "instance metadata"

    def __init__(self, metadata: InstanceMetadata) -> None:
        self._metadata = metadata

    async def load(self, now: float) -> Loaded | None:
        try:
            found = await self._metadata.role_credentials()
        except MetadataProblem as problem:
            raise NoNodeCredentials(f"no node credentials: {problem}") from problem
        if found is None:
            return None
        ends = found.expiration.timestamp()
        return Loaded(
            Credentials(found.access_key_id, found.secret_access_key, found.token), now + (ends - now) / 2, ends
        )


class NodeCredentials:
    """The credentials in use, one load at a time."""

    def __init__(self, sources: tuple[Source, ...], clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._chosen: Source | None = None
        self._loaded: Loaded | None = None
        self._loading: asyncio.Task[Loaded] | None = None

    async def get(self) -> Credentials:
        """Credentials that have not ended. Raises NoNodeCredentials."""
        now = self._clock().timestamp()
        loaded = self._loaded
        if loaded is not None and (loaded.ends_at is None or now < loaded.ends_at):
            if loaded.renew_at is not None and now >= loaded.renew_at:
                self._start()
            return loaded.credentials
        return (await asyncio.shield(self._start())).credentials

    def forget(self, access_key_id: str) -> None:
        """Load anew before the next use, if these are still in use: their signature was refused."""
        if self._loaded is not None and self._loaded.credentials.access_key_id == access_key_id:
            self._loaded = None

    async def close(self) -> None:
        if self._loading is not None:
            self._loading.cancel()

    def _start(self) -> asyncio.Task[Loaded]:
        if self._loading is None:
            self._loading = asyncio.get_running_loop().create_task(self._load())
            self._loading.add_done_callback(self._finish)
        return self._loading

    def _finish(self, task: asyncio.Task[Loaded]) -> None:
        self._loading = None
        if task.cancelled():
            return
        problem = task.exception()
        if problem is None:
            self._loaded = task.result()
        else:
            log.warning("node credentials were not renewed", extra={"reason": str(problem)})
            if self._loaded is not None:
                later = self._clock().timestamp() + 10.0
                self._loaded = Loaded(self._loaded.credentials, later, self._loaded.ends_at)

    async def _load(self) -> Loaded:
        now = self._clock().timestamp()
        for source in (self._chosen,) if self._chosen is not None else self._sources:
            loaded = await source.load(now)
            if loaded is not None:
                if self._chosen is None:
                    log.info("node credentials found", extra={"source": source.name})
                self._chosen = source
                return loaded
        raise NoNodeCredentials(
            "no node credentials: neither in the environment, nor in a shared credentials file, nor from instance metadata"
        )
