"""An access key, with its secret kept out of every repr."""

from __future__ import annotations

from msgspec import Struct


class Credentials(Struct, frozen=True):
    """What signs a request. `session_token` is empty for long-term keys."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials(access_key_id={self.access_key_id!r})"
