"""Where the master key comes from: a file that is named, the environment, or the home's own file, in that order.

A named file, such as a mounted Kubernetes Secret, must be there: a key made in its place would open nothing. Only the home's own file is made
when it is missing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from podid.store.master_key import MasterKey, MasterKeyProblem

ENVIRONMENT: Final = "PODID_MASTER_KEY"
"""The variable that may hold the key, as a file would: base64, one key a line (or word), the one in use first."""


def find_master_key(
    named: Path | None, own: Path | None, environ: Mapping[str, str] = os.environ, *, make: bool = True
) -> MasterKey:
    """The master key. `own` is the home's file, made where it is missing unless `make` is off. Raises MasterKeyProblem."""
    if named is not None:
        return MasterKey.load(named)
    text = environ.get(ENVIRONMENT, "")
    if text.strip():
        try:
            return MasterKey.from_text(text)
        except MasterKeyProblem as problem:
            raise MasterKeyProblem(f"{ENVIRONMENT}: {problem}") from problem
    if own is None:
        raise MasterKeyProblem(f"no master key was given: name its file, or set {ENVIRONMENT}")
    return MasterKey.load_or_create(own) if make else MasterKey.load(own)
