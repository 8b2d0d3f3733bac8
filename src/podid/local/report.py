"""What `podid status` tells: the state that the supervisor wrote, beside what was decided at the first start."""

from __future__ import annotations

from datetime import datetime

import msgspec

from podid.local.home import Home
from podid.local.installation import load
from podid.local.state import Part, read_state, supervisor_of


class Report(msgspec.Struct, frozen=True, kw_only=True):
    home: str
    running: bool
    ready: bool
    supervisor: int = 0
    since: datetime | None = None
    isolation: str = ""
    isolation_reason: str = ""
    endpoint: str = ""
    account: str = ""
    region: str = ""
    cluster: str = ""
    cluster_endpoint: str = ""
    kubeconfig: str = ""
    parts: tuple[Part, ...] = ()


def report(home: Home) -> Report:
    """What runs in this home now. Asks the lock, not only the file: a supervisor that was killed leaves its file behind."""
    supervisor = supervisor_of(home)
    state = read_state(home)
    installation = load(home)
    if supervisor is None or state is None or state.supervisor != supervisor or installation is None:
        return Report(home=str(home.path), running=supervisor is not None, ready=False, supervisor=supervisor or 0)
    return Report(
        home=str(home.path),
        running=True,
        ready=state.ready,
        supervisor=supervisor,
        since=state.since,
        isolation=state.isolation,
        isolation_reason=state.isolation_reason,
        endpoint=installation.endpoint,
        account=installation.account,
        region=installation.region,
        cluster=installation.cluster,
        cluster_endpoint=f"https://127.0.0.1:{installation.cluster_port}",
        kubeconfig=str(home.cluster / "kubeconfig"),
        parts=state.parts,
    )
