"""Which keys to rotate: apart from `key_rotation`, so that the command line can name it without what that needs."""

from __future__ import annotations

from enum import StrEnum


class What(StrEnum):
    """What is to be done. ALL is what guards the database: the ring and the master key."""

    ALL = "all"
    RING = "ring"
    MASTER_KEY = "master-key"
    SECRETS = "secrets"
    """Encrypt anew with the master key as it is: after a new one was put in front of it by other hands."""
    SERVICE_ACCOUNTS = "service-accounts"
    """The key that signs service account tokens in the local cluster."""
