"""Administrators of further accounts of an installation, made at their first use straight in the store: no network is needed."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from podid.core.clock import system_clock
from podid.files import write_whole
from podid.iam import Iam
from podid.local.home import Home
from podid.store import find_master_key, open_store

ADMINISTRATOR = "podid-admin"
ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


def make_administrator(home: Home, account: str, credentials_file: Path) -> None:
    """Make the administrator of `account`, with an access key in `credentials_file`."""
    store = open_store(
        f"sqlite:///{home.serve / 'state.db'}", master_key=find_master_key(None, home.serve / "keys" / "master.key")
    )
    try:
        iam = Iam(store, random=os.urandom, clock=system_clock)
        iam.ensure_user(account, ADMINISTRATOR, policy_arns=(ADMINISTRATOR_ACCESS,))
        key = iam.ensure_access_key(account, ADMINISTRATOR)
        content = {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key, "Account": account}
        write_whole(credentials_file, msgspec.json.encode(content), durable=True)
    finally:
        store.close()
