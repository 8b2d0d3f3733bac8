"""The token in the kubeconfig of the local cluster."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from podid.local.home import Home
from podid.local.installation import load
from podid.local.problems import Forbidden, NotUp
from podid.localcluster.preparing import prepare, read_tokens, renew_administrator_token
from podid.localcluster.settings import files_of


class Told(Struct, frozen=True, kw_only=True):
    """A token, and where it is good. Its repr does not show it."""

    token: str
    server: str
    kubeconfig: Path

    def __repr__(self) -> str:
        return f"Told({self.server!r})"


def administrator_token(home: Home, *, rotate: bool = False) -> Told:
    """The administrator's token; with `rotate` a new one. A running cluster takes it up by itself. Raises NotUp, Forbidden."""
    installation = load(home)
    if installation is None:
        raise NotUp(home.path)
    files = files_of(home.cluster, installation.cluster_port)
    try:
        if rotate:
            renew_administrator_token(files)
            prepare(home.cluster, cluster_name=installation.cluster, port=installation.cluster_port)
        token = read_tokens(files).administrator
    except FileNotFoundError as problem:
        raise NotUp(home.path) from problem
    except (OSError, msgspec.MsgspecError) as problem:
        raise Forbidden(f"{files.tokens} cannot be read: {problem}", "are you the user who started podid?") from problem
    return Told(token=token, server=files.endpoint, kubeconfig=files.kubeconfig)
