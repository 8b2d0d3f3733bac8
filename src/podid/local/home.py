"""PODID_HOME: where everything that one installation keeps lies.

podid.json            what was decided at the first start (installation.py)
lock                  held by the supervisor while it runs; its text is the supervisor's process id
run/state.json        what runs now (state.py); absent when nothing does
logs/NAME.log         one a process
credentials/          access keys that `serve` made for its callers, 0600
serve/                the endpoint's database and keys
cluster/              the local cluster's objects, keys, kubeconfig, pods
webhook/              its certificates
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from podid.local.problems import Forbidden


class Home(msgspec.Struct, frozen=True):
    """The paths of one installation. Making one touches nothing."""

    path: Path

    @property
    def settings(self) -> Path:
        return self.path / "podid.json"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def state(self) -> Path:
        return self.path / "run" / "state.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def credentials(self) -> Path:
        return self.path / "credentials"

    @property
    def administrator(self) -> Path:
        return self.credentials / "administrator.json"

    @property
    def serve(self) -> Path:
        return self.path / "serve"

    @property
    def cluster(self) -> Path:
        return self.path / "cluster"

    @property
    def webhook(self) -> Path:
        return self.path / "webhook"

    def log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def make(self) -> None:
        """Make the folders, readable by their owner alone. Raises Forbidden where that is not possible."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.logs, self.credentials, self.serve, self.cluster, self.webhook, self.state.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as problem:
            raise Forbidden(
                f"podid cannot write to its home folder {self.path}: {problem.strerror or problem}",
                "name another folder: PODID_HOME=/some/folder podid up",
            ) from problem


def chosen_home() -> Home:
    """The home that PODID_HOME names, else the platform's folder for a user's data."""
    named = os.environ.get("PODID_HOME")
    if named:
        return Home(Path(named).expanduser().absolute())
    import platformdirs  # only where nothing is named

    return Home(Path(platformdirs.user_data_dir("podid", appauthor=False)))
