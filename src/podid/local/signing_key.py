"""A new key for the local cluster's service account tokens."""

from __future__ import annotations

from datetime import datetime

from podid.local.home import Home
from podid.local.installation import load
from podid.local.problems import Forbidden, NotUp
from podid.localcluster.preparing import renew_signing_key
from podid.localcluster.settings import files_of


def rotate_signing_key(home: Home, now: datetime) -> str:
    """Have a new key sign, the old one published while tokens of it are good; its id. A running cluster follows. Raises NotUp, Forbidden."""
    installation = load(home)
    if installation is None:
        raise NotUp(home.path)
    files = files_of(home.cluster, installation.cluster_port)
    try:
        return renew_signing_key(files, now)
    except FileNotFoundError as problem:
        raise NotUp(home.path) from problem
    except (OSError, ValueError) as problem:
        raise Forbidden(
            f"the signing key in {files.folder} cannot be replaced: {problem}", "are you the user who started podid?"
        ) from problem
