"""The key ring that role sessions are sealed with. Whoever holds it can be anyone: it never leaves `serve`.

A file (JSON, mode 0600) holds one key in use and those on their way out. A session's header names its key, so sessions outlive a rotation;
an old key goes once the longest session sealed with it has ended. Another process may rotate the file: its status is asked for at most
every `LOOK_EVERY` seconds, and whenever a key is not known, and it is read again when that changed.

With a master key the file is encrypted with it; a file in the clear is read too, and is encrypted from its next rotation on.
"""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from podid.core.clock import system_clock
from podid.core.ids import RandomBytes
from podid.files import create_once, write_whole
from podid.store import MasterKey, MasterKeyProblem

LONGEST_SESSION = timedelta(hours=36)
"""GetSessionToken's maximum; a role session lasts 12 hours at most."""

LOOK_EVERY = 0.05
"""Seconds. Until then new sessions are sealed with the key before, which is good for more than a day; a system call each time would cost
more than sealing does."""

KEY_ID_BYTES = 4
_SECRET_BYTES = 32
_CONTEXT = "sts/key-ring"
"""What the encryption of the file is bound to."""


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


class _Version(Struct, frozen=True):
    version: int = 1


class _Encrypted(Struct, frozen=True):
    """The file where there is a master key: a `_Ring` inside."""

    encrypted: str
    version: int = 2


class KeyRing:
    """The keys of one installation. Safe to use from many threads."""

    def __init__(self, ring: _Ring, path: Path | None = None, master_key: MasterKey | None = None) -> None:
        self._path = path
        self._master_key = master_key
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._look_at = 0.0
        self._keys: Mapping[bytes, RingKey] = {}
        self._current: RingKey
        self._take(ring)

    def __repr__(self) -> str:
        return f"KeyRing({self._current.id.hex()}, keys={len(self._keys)})"

    @property
    def name(self) -> str:
        """The id of the key in use, which tells nothing about it."""
        return self._current.id.hex()

    @property
    def count(self) -> int:
        """How many keys are held: the one in use, and those that sessions may still be sealed with."""
        return len(self._keys)

    @classmethod
    def generate(cls, now: datetime, random: RandomBytes = os.urandom) -> KeyRing:
        """A ring that is kept nowhere."""
        return cls(_Ring((_new_key(now, random),)))

    @classmethod
    def load_or_create(
        cls,
        path: Path,
        *,
        master_key: MasterKey | None = None,
        now: datetime | None = None,
        random: RandomBytes = os.urandom,
    ) -> KeyRing:
        """The ring in `path`, made there on first use. Raises KeyRingProblem where it cannot be read or does not open."""
        try:
            stamp, content = _stamp(path), path.read_bytes()
        except FileNotFoundError:
            fresh = _encode(_Ring((_new_key(now or system_clock(), random),)), master_key)
            content = create_once(path, fresh)
            stamp = _stamp(path)
        except OSError as problem:
            raise KeyRingProblem(f"cannot read the key ring {path}: {problem.strerror}") from problem
        ring = cls(_decode(content, path, master_key), path, master_key)
        ring._stamp = stamp
        return ring

    def current(self) -> RingKey:
        """The key that new sessions are sealed with."""
        if time.monotonic() >= self._look_at:
            self._look()
        return self._current

    def find(self, key_id: bytes) -> RingKey | None:
        """The key of that id, or None."""
        if time.monotonic() >= self._look_at:
            self._look()
        found = self._keys.get(key_id)
        return found if found is not None or not self._reread() else self._keys.get(key_id)

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
                write_whole(self._path, _encode(ring, self._master_key), durable=True)
                self._stamp = _stamp(self._path)
            self._take(ring)

    def encrypt_anew(self) -> None:
        """Write the file again, with the master key in use: after the master key was rotated."""
        self._reread()
        with self._lock:
            if self._path is not None:
                write_whole(self._path, _encode(_Ring(tuple(self._keys.values())), self._master_key), durable=True)
                self._stamp = _stamp(self._path)

    def _take(self, ring: _Ring) -> None:
        self._current = ring.keys[0]
        self._keys = {key.id: key for key in ring.keys}

    def _look(self) -> None:
        """Take up the file if it changed."""
        self._look_at = time.monotonic() + LOOK_EVERY
        self._reread()

    def _reread(self) -> bool:
        """Take up the file if it changed; whether it did. One that is gone or broken leaves the keys as they are."""
        if self._path is None:
            return False
        try:
            stamp = _stamp(self._path)
            if stamp == self._stamp:
                return False
            with self._lock:
                self._take(_decode(self._path.read_bytes(), self._path, self._master_key))
                self._stamp = stamp
        except (OSError, KeyRingProblem):
            return False
        return True


def _new_key(now: datetime, random: RandomBytes) -> RingKey:
    return RingKey(random(KEY_ID_BYTES), random(_SECRET_BYTES), now)


def _stamp(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)  # noqa: PTH116 - at every use, and half the time of path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _encode(ring: _Ring, master_key: MasterKey | None) -> bytes:
    plain = msgspec.json.encode(ring)
    if master_key is None:
        return plain
    return msgspec.json.encode(_Encrypted(base64.b64encode(master_key.encrypt(plain, _CONTEXT)).decode()))


def _decode(content: bytes, path: Path, master_key: MasterKey | None) -> _Ring:
    try:
        if msgspec.json.decode(content, type=_Version).version == 2:
            if master_key is None:
                raise KeyRingProblem(f"the key ring {path} is encrypted, and no master key was given")
            sealed = base64.b64decode(msgspec.json.decode(content, type=_Encrypted).encrypted, validate=True)
            content = master_key.decrypt(sealed, _CONTEXT)
        ring = msgspec.json.decode(content, type=_Ring)
    except MasterKeyProblem as problem:
        raise KeyRingProblem(
            f"the key ring {path} was encrypted with another master key than the one given"
        ) from problem
    except ValueError as problem:  # msgspec's and base64's errors are such
        raise KeyRingProblem(f"{path} is no key ring") from problem
    if not ring.keys or any(len(key.secret) != _SECRET_BYTES or len(key.id) != KEY_ID_BYTES for key in ring.keys):
        raise KeyRingProblem(f"{path} is no key ring")
    return ring
