"""The key that secrets in the database are encrypted with.

It comes from a file (made with mode 0600 on first use, or mounted from a Kubernetes Secret) or from an environment variable, never from
the database it protects. Several keys may be held: the first encrypts, all decrypt, so that a rotation needs no stop.

    sealed = 0x01 | key id, 4 bytes | nonce, 12 bytes | AES-256-GCM ciphertext and tag

The associated data is that header and a context, the name of what is encrypted (`iam/access-key/AKIA…`), so that a ciphertext moved to
another row does not open there. Nonces are random: NIST SP 800-38D allows 2^32 of them a key; one is used for each stored secret.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from podid.core.ids import RandomBytes
from podid.files import create_once, write_whole

_VERSION = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_HEADER_BYTES = len(_VERSION) + _ID_BYTES + _NONCE_BYTES


class MasterKeyProblem(Exception):
    """The master key cannot be read, or does not open what it was given."""


class MasterKey:
    """One or more 256-bit keys; the first is in use, the others are on their way out. Safe to use from many threads.

    One that came from a file is read again when the file changes, so that a rotation in another process needs no restart.
    """

    def __init__(self, keys: tuple[bytes, ...], *, random: RandomBytes = os.urandom, path: Path | None = None) -> None:
        self._random = random
        self._path = path
        self._stamp: tuple[int, int, int] | None = None  # so the first use looks at the file once more
        self._held = _Held(keys)

    def __repr__(self) -> str:
        held = self._held
        return f"MasterKey({held.current.hex()}, keys={len(held.keys)})"

    @property
    def name(self) -> str:
        """The id of the key in use, which tells nothing about it."""
        return self._held.current.hex()

    @classmethod
    def generate(cls, random: RandomBytes = os.urandom) -> MasterKey:
        """A new key, kept nowhere: for tests, and for what `load_or_create` writes."""
        return cls((random(_KEY_BYTES),), random=random)

    @classmethod
    def from_text(cls, text: str) -> MasterKey:
        """Read keys as they stand in a file or an environment variable: base64, one a line, the one in use first.

        Raises MasterKeyProblem without repeating any of the text.
        """
        return cls(_read(text))

    @classmethod
    def load_or_create(cls, path: Path, *, random: RandomBytes = os.urandom) -> MasterKey:
        """The key in `path`; made there, mode 0600, if the file is missing. Raises MasterKeyProblem where it cannot be read."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            content = create_once(path, cls.generate(random).text().encode())
        except OSError as problem:
            raise MasterKeyProblem(f"cannot read the master key {path}: {problem.strerror}") from problem
        return cls(_read(content.decode("ascii", "replace"), path), random=random, path=path)

    @classmethod
    def load(cls, path: Path) -> MasterKey:
        """The key in a file that is there already. Raises MasterKeyProblem."""
        try:
            content = path.read_text("ascii", "replace")
        except OSError as problem:
            raise MasterKeyProblem(f"cannot read the master key {path}: {problem.strerror}") from problem
        return cls(_read(content, path), path=path)

    def text(self) -> str:
        """The keys as `from_text` reads them. A secret."""
        return "".join(base64.b64encode(key).decode() + "\n" for key in self._held.keys)

    def rotated(self) -> MasterKey:
        """A new key in front of the held ones."""
        return MasterKey((self._random(_KEY_BYTES), *self._held.keys), random=self._random)

    def without_old(self) -> MasterKey:
        """The key in use alone, once nothing is encrypted with the others any more."""
        return MasterKey(self._held.keys[:1], random=self._random)

    def save(self, path: Path) -> None:
        """Write the keys to their file, replacing it in one step."""
        write_whole(path, self.text().encode(), durable=True)

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """Encrypt under the key in use, bound to `context`."""
        self._reread()
        held = self._held
        header = _VERSION + held.current + self._random(_NONCE_BYTES)
        return header + held.ciphers[held.current].encrypt(header[-_NONCE_BYTES:], plain, header + context.encode())

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """Open what `encrypt` made. Raises MasterKeyProblem for another key, another context, or altered bytes."""
        header = sealed[:_HEADER_BYTES]
        cipher = self._find(header)
        if cipher is None:
            raise MasterKeyProblem(f"{context} is encrypted with a master key that is not held here")
        try:
            return cipher.decrypt(header[-_NONCE_BYTES:], sealed[_HEADER_BYTES:], header + context.encode())
        except InvalidTag as problem:
            raise MasterKeyProblem(f"{context} does not open: altered, or moved from elsewhere") from problem

    def is_current(self, sealed: bytes) -> bool:
        """Whether this was encrypted with the key in use (and so need not be encrypted anew after a rotation)."""
        self._reread()
        return sealed[1 : 1 + _ID_BYTES] == self._held.current

    def _find(self, header: bytes) -> AESGCM | None:
        if header[:1] != _VERSION or len(header) < _HEADER_BYTES:
            return None
        key_id = header[1 : 1 + _ID_BYTES]
        found = self._held.ciphers.get(key_id)
        if found is None and self._reread():
            found = self._held.ciphers.get(key_id)
        return found

    def _reread(self) -> bool:
        """Take up the file if it changed; whether it did. One that is gone or broken leaves the keys as they are."""
        if self._path is None:
            return False
        try:
            stamp = _stamp(self._path)
            if stamp == self._stamp:
                return False
            self._held = _Held(_read(self._path.read_text("ascii", "replace")))
            self._stamp = stamp
        except (OSError, MasterKeyProblem):
            return False
        return True


class _Held:
    """Keys, and what follows from them: replaced as one."""

    __slots__ = ("ciphers", "current", "keys")

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise MasterKeyProblem(f"a master key is {_KEY_BYTES} bytes long")
        self.keys = keys
        self.ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self.current = _key_id(keys[0])


def _read(text: str, path: Path | None = None) -> tuple[bytes, ...]:
    whose = "" if path is None else f"{path}: "
    try:
        keys = tuple(base64.b64decode(line, validate=True) for line in text.split())
    except ValueError as problem:
        raise MasterKeyProblem(f"{whose}a master key is base64 text, one key a line") from problem
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise MasterKeyProblem(f"{whose}a master key is {_KEY_BYTES} bytes long")
    return keys


def _stamp(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)  # noqa: PTH116 - at every use, and half the time of path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"podid master key id\0" + key).digest()[:_ID_BYTES]
