"""`podid localcluster`: the embedded cluster as one process. The supervisor starts it; people need not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from podid.local.problems import WrongUsage


def add_to(program: typer.Typer) -> None:
    program.command("localcluster", hidden=True)(localcluster)


def localcluster(settings: Annotated[Path, typer.Option("--settings", help="JSON file of ClusterSettings.")]) -> int:
    """Run the local cluster until SIGTERM."""
    import msgspec

    from podid.core.log_lines import log_to_stderr
    from podid.local.child import tie_to_parent
    from podid.localcluster.cluster import run
    from podid.localcluster.settings import ClusterSettings

    def to_path(kind: type, value: Any) -> Any:
        if kind is Path and isinstance(value, str):
            return Path(value)
        raise NotImplementedError(kind)

    log_to_stderr()
    tie_to_parent()
    try:
        chosen = msgspec.json.decode(settings.read_bytes(), type=ClusterSettings, dec_hook=to_path)
    except (OSError, msgspec.MsgspecError) as problem:
        raise WrongUsage(f"{settings} is not a file of cluster settings: {problem}", "podid up writes one") from problem
    return run(chosen)
