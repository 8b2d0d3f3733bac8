"""Credentials files: the access key of a user, as JSON that only its reader may open.

Written beside their place and renamed into it, so that a reader finds the old one or the new one, whole.
"""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import Struct

from podid.core.sigv4 import Credentials
from podid.files import write_whole


class KeyFile(Struct, frozen=True, kw_only=True):
    """What a credentials file holds."""

    credentials: Credentials
    account: str
    user_arn: str


def read(path: Path) -> KeyFile | None:
    """What the file holds; None where there is no file or none that could be used."""
    try:
        found = json.loads(path.read_bytes())
        return KeyFile(
            credentials=Credentials(
                access_key_id=str(found["AccessKeyId"]), secret_access_key=str(found["SecretAccessKey"])
            ),
            account=str(found["Account"]),
            user_arn=str(found["UserArn"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, key: KeyFile) -> None:
    """Put the file in place with mode 0600, its folder with 0700 if it is new."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = json.dumps(
        {
            "AccessKeyId": key.credentials.access_key_id,
            "SecretAccessKey": key.credentials.secret_access_key,
            "Account": key.account,
            "UserArn": key.user_arn,
        },
        indent=2,
    )
    write_whole(path, content.encode() + b"\n", durable=True)
