"""The key that signs service account tokens, those that did, and what is published of them.

    service-account.key            signs
    service-account.former.json    public keys that signed, each until its last token has ended
    jwks.json                      both, for whoever verifies

A new key is published before it signs, so that nobody meets a token whose key they cannot know. A running cluster follows the files: each use
asks for their status, and reads what changed.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from podid.core.tokens import KeySet, SigningKey, parse_jwks
from podid.files import write_whole
from podid.localcluster.settings import ClusterFiles

LONGEST_LIFE: Final = timedelta(hours=24)
"""Of a service account token, as on EKS: who asks for longer gets this."""
_SPARE: Final = timedelta(minutes=10)
"""Clocks differ, and a key may sign for a moment after another has come."""

_log = logging.getLogger("podid.localcluster")


class Former(Struct, frozen=True):
    """A public key that signed, and until when a token of it may be good."""

    jwk: dict[str, Any]
    until: datetime


class Keys(Struct, frozen=True):
    """What is used at one moment."""

    signing: SigningKey
    published: KeySet
    document: bytes
    """The published keys as they are served (RFC 7517)."""


def publish(files: ClusterFiles, now: datetime) -> None:
    """Have the key set hold the signing key and those former ones whose tokens may still be good. Writes what is another. Raises OSError."""
    signing = SigningKey.from_pem(files.service_account_key.read_bytes()).public_jwk()
    _write_set(files, [signing, *(one.jwk for one in _former(files) if one.until > now)])


def rotate(files: ClusterFiles, new: bytes, now: datetime) -> str:
    """Put a new key (PEM) in the place of the one that signs; its id. Tokens of the old one are good until they end. Raises OSError."""
    old = SigningKey.from_pem(files.service_account_key.read_bytes()).public_jwk()
    key = SigningKey.from_pem(new)
    former = [one for one in _former(files) if one.until > now and one.jwk["kid"] != old["kid"]]
    former.append(Former(old, now + LONGEST_LIFE + _SPARE))
    write_whole(files.former_keys, msgspec.json.encode(former), durable=True)
    _write_set(files, [key.public_jwk(), *(one.jwk for one in former)])
    write_whole(files.service_account_key, new, durable=True)
    return key.kid


def _former(files: ClusterFiles) -> list[Former]:
    try:
        return msgspec.json.decode(files.former_keys.read_bytes(), type=list[Former])
    except FileNotFoundError:
        return []
    except msgspec.DecodeError as problem:
        _log.warning("%s cannot be read, earlier keys are published no more: %s", files.former_keys, problem)
        return []


def _write_set(files: ClusterFiles, keys: list[dict[str, Any]]) -> None:
    document = msgspec.json.encode({"keys": keys})
    if not files.jwks.exists() or files.jwks.read_bytes() != document:
        write_whole(files.jwks, document, mode=0o644)


class SigningKeys:
    """The keys as the files have them now. Raises OSError and ValueError where they cannot be read at first."""

    def __init__(self, files: ClusterFiles) -> None:
        self._files: Final = files
        self._stamp = self._look()
        self._keys = self._read()

    def __call__(self) -> Keys:
        """What is used now. Files that are gone or broken leave what was."""
        try:
            stamp = self._look()
            if stamp != self._stamp:
                self._keys = self._read()
                self._stamp = stamp
        except (OSError, ValueError) as problem:
            _log.warning(
                "the signing keys of %s cannot be read, they stay as they were: %s", self._files.folder, problem
            )
        return self._keys

    def _look(self) -> tuple[tuple[int, int, int], ...]:
        found = (path.stat() for path in (self._files.service_account_key, self._files.jwks))
        return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)

    def _read(self) -> Keys:
        document = self._files.jwks.read_bytes()
        signing = SigningKey.from_pem(self._files.service_account_key.read_bytes())
        return Keys(signing, parse_jwks(document), document)
