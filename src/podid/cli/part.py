"""`podid part NAME SETTINGS`: how local mode starts its processes. People have commands with flags for the same parts.

The settings are a JSON file of the part's own settings type: nothing is parsed twice, and nothing shows in a list of processes. A part imports
what it needs first and waits then until the supervisor has written them. `podid part supervisor WISHES` is the supervisor of `up --detach`.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

_PARTS = {
    "serve": ("podid.gateway.serve", "podid.gateway.serve", "ServeSettings"),
    "cluster": ("podid.localcluster.cluster", "podid.localcluster.settings", "ClusterSettings"),
    "webhook": ("podid.webhook.serve", "podid.webhook.settings", "WebhookSettings"),
}


def main(arguments: list[str]) -> int:
    """Run a part until SIGTERM or until the supervisor is gone. Gives the exit code."""
    if len(arguments) == 2 and arguments[0] == "supervisor":
        from podid.local.supervisor import run_detached

        return run_detached(arguments[1])
    if len(arguments) != 2 or arguments[0] not in _PARTS:
        sys.stderr.write(
            f"podid: expected a part ({', '.join(_PARTS)}) and a file of its settings\n  podid up starts the parts; for one of them alone see: podid --help\n"
        )
        return 2
    import msgspec

    from podid.local.supervised import tell_ready, wait_for_go
    from podid.log_lines import log_to_stderr

    log_to_stderr()
    module, settings_module, settings_type = _PARTS[arguments[0]]
    part = importlib.import_module(module)
    kind = getattr(importlib.import_module(settings_module), settings_type)
    if not wait_for_go():
        return 0
    try:
        settings = msgspec.json.decode(Path(arguments[1]).read_bytes(), type=kind, dec_hook=_path)
    except (OSError, msgspec.MsgspecError) as problem:
        sys.stderr.write(f"podid: {arguments[1]} is not a file of {settings_type}: {problem}\n  podid up writes one\n")
        return 2
    return int(part.run(settings, ready=tell_ready))


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)
