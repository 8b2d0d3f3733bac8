"""The bearer tokens that are no service account's: the administrator's and `serve`'s, as their file has them now.

The file is asked for its status at each look, and read again when it changed: a token that was replaced ends with the next request.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Final

import msgspec

from podid.localcluster.preparing import read_tokens
from podid.localcluster.settings import ClusterFiles
from podid.localcluster.users import ADMINISTRATOR, User

_log = logging.getLogger("podid.localcluster")

Known = tuple[tuple[bytes, User], ...]


class KnownTokens:
    """Users by the SHA-256 of their tokens. `serve` is who brings `serve`'s. Raises OSError where the file cannot be read at first."""

    def __init__(self, files: ClusterFiles, serve: User) -> None:
        self._files: Final = files
        self._serve: Final = serve
        self._stamp = self._look()
        self._known = self._read()

    def __call__(self) -> Known:
        """Who is known now. A file that is gone or broken leaves those who were."""
        try:
            stamp = self._look()
            if stamp != self._stamp:
                self._known = self._read()
                self._stamp = stamp
        except (OSError, msgspec.MsgspecError) as problem:
            _log.warning("%s cannot be read, the tokens stay as they were: %s", self._files.tokens, problem)
        return self._known

    def _look(self) -> tuple[int, int, int]:
        found = self._files.tokens.stat()
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def _read(self) -> Known:
        tokens = read_tokens(self._files)
        return ((digest(tokens.administrator), ADMINISTRATOR), (digest(tokens.serve), self._serve))


def digest(token: str) -> bytes:
    """What tokens are compared by, in constant time."""
    return hashlib.sha256(token.encode()).digest()
