"""`podid down`: stop everything, leave nothing."""

from __future__ import annotations

import typer

from podid.cli.printer import note, say
from podid.local.home import chosen_home


def add_to(program: typer.Typer) -> None:
    program.command("down")(down)


def down() -> int:
    """Stop podid and its pods. What podid holds (roles, associations, keys, Kubernetes objects) stays in PODID_HOME."""
    from podid.local.stop import stop

    ran = stop(chosen_home(), note)
    say("podid is stopped" if ran else "podid was not running")
    return 0
