"""The key ring that role sessions are sealed with. Whoever holds it can be anyone: it never leaves `serve`.

A file (JSON, mode 0600) holds one key in use and those on their way out. A session's header names its key, so sessions outlive a rotation;
an old key goes once the longest session sealed with it has ended. Another process may rotate the file: at each use its status is
asked for (2 µs), and it is read again when that changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from podid.core.clock import system_clock
from podid.core.ids import RandomBytes
from podid.store import secret_files

LONGEST_SESSION = timedelta(hours=36)
"""GetSessionToken's maximum; a role session lasts 12 hours at most."""

KEY_ID_BYTES = 4
_SECRET_BYTES = 32


class KeyRingProblem(Exception):
    """The ring cannot be read."""


class RingKey(Struct, frozen=True):
    """One key: its id, its secret, and when another took its place."""

    id: bytes
    secret: bytes
    created_at: datetime
    retired_at: datetime | None = None

    def __repr__(self) -> str:
        return f"RingKey({self.id.hex()}, created_at={self.created_at}, retired_at={self.retired_at})"


class _Ring(Struct, frozen=True):
    """The file. The key in use comes first."""

    keys: tuple[RingKey, ...]
    version: int = 1

    def __repr__(self) -> str:
        return f"_Ring({self.keys!r})"


class KeyRing:
    """The keys of one installation. Safe to use from many threads."""

    def __init__(self, ring: _Ring, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._keys: Mapping[bytes, RingKey] = {}
        self._current: RingKey
        self._take(ring)

    def __repr__(self) -> str:
        return f"KeyRing({self._current.id.hex()}, keys={len(self._keys)})"

    @classmethod
    def generate(cls, now: datetime, random: RandomBytes = os.urandom) -> KeyRing:
        """A ring that is kept nowhere."""
        return cls(_Ring((_new_key(now, random),)))

    @classmethod
    def load_or_create(cls, path: Path, *, now: datetime | None = None, random: RandomBytes = os.urandom) -> KeyRing:
        """The ring in `path`, made there on first use. Raises KeyRingProblem where it cannot be read."""
        try:
            stamp, content = _stamp(path), path.read_bytes()
        except FileNotFoundError:
            fresh = msgspec.json.encode(_Ring((_new_key(now or system_clock(), random),)))
            content = secret_files.create_once(path, fresh)
            stamp = _stamp(path)
        ring = cls(_decode(content, path), path)
        ring._stamp = stamp
        return ring

    def current(self) -> RingKey:
        """The key that new sessions are sealed with."""
        self._reread()
        return self._current

    def find(self, key_id: bytes) -> RingKey | None:
        """The key of that id, or None."""
        self._reread()
        return self._keys.get(key_id)

    def rotate(self, now: datetime, random: RandomBytes = os.urandom) -> None:
        """Put a new key into use, and drop keys that no living session can be sealed with."""
        self._reread()
        with self._lock:
            kept = [
                key if key.retired_at is not None else msgspec.structs.replace(key, retired_at=now)
                for key in self._keys.values()
                if key.retired_at is None or now - key.retired_at < LONGEST_SESSION
            ]
            ring = _Ring((_new_key(now, random), *kept))
            if self._path is not None:
                secret_files.replace(self._path, msgspec.json.encode(ring))
                self._stamp = _stamp(self._path)
            self._take(ring)

    def _take(self, ring: _Ring) -> None:
        self._current = ring.keys[0]
        self._keys = {key.id: key for key in ring.keys}

    def _reread(self) -> bool:
        """Take up the file if it changed; whether it did. One that is gone or broken leaves the keys as they are."""
        if self._path is None:
            return False
        try:
            stamp = _stamp(self._path)
            if stamp == self._stamp:
                return False
            with self._lock:
                self._take(_decode(self._path.read_bytes(), self._path))
                self._stamp = stamp
        except (OSError, KeyRingProblem):
            return False
        return True


def _new_key(now: datetime, random: RandomBytes) -> RingKey:
    return RingKey(random(KEY_ID_BYTES), random(_SECRET_BYTES), now)


def _stamp(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)  # noqa: PTH116 - at every use, and half the time of path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _decode(content: bytes, path: Path) -> _Ring:
    try:
        ring = msgspec.json.decode(content, type=_Ring)
    except msgspec.MsgspecError as problem:
        raise KeyRingProblem(f"{path} is no key ring") from problem
    if not ring.keys or any(len(key.secret) != _SECRET_BYTES or len(key.id) != KEY_ID_BYTES for key in ring.keys):
        raise KeyRingProblem(f"{path} is no key ring")
    return ring
