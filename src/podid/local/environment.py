"""What a person's shell needs to reach the installation: read from the home folder, never over the network."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from podid.local.home import Home
from podid.local.installation import Installation, load
from podid.local.problems import Forbidden, NotUp, WrongUsage
from podid.local.tools import find_tools


class AccessKey(msgspec.Struct, frozen=True, rename="pascal"):
    """A credentials file that `serve` wrote."""

    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"AccessKey({self.access_key_id!r}, ...)"


def environment(home: Home, *, account: str | None = None) -> dict[str, str]:
    """The variables by name. Raises NotUp where the home was never started."""
    installation = load(home)
    if installation is None or not home.administrator.exists():
        raise NotUp(home.path)
    key = _administrator(home, installation, account)
    values = {
        "AWS_ENDPOINT_URL": installation.endpoint,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_REGION": installation.region,
        "AWS_DEFAULT_REGION": installation.region,
        "KUBECONFIG": str(home.cluster / "kubeconfig"),
    }
    folders = find_tools(lambda _: None).person
    if folders:
        values["PATH"] = os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])
    return values


def _administrator(home: Home, installation: Installation, account: str | None) -> AccessKey:
    if account is None or account == installation.account:
        return read_access_key(home.administrator)
    if not re.fullmatch(r"[0-9]{12}", account):
        raise WrongUsage(f"{account!r} is not an account id", "give twelve digits, such as 444455556666")
    path = home.credentials / f"administrator-{account}.json"
    if not path.exists():
        from podid.local.accounts import make_administrator  # opens the store: only at the first use of an account

        make_administrator(home, account, path)
    return read_access_key(path)


def read_access_key(path: Path) -> AccessKey:
    """A credentials file. Raises Forbidden where it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=AccessKey)
    except (OSError, msgspec.MsgspecError) as problem:
        raise Forbidden(f"{path} cannot be read: {problem}", "are you the user who started podid?") from problem
