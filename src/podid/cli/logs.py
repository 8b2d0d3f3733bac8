"""`podid logs`: what the parts wrote."""

from __future__ import annotations

from typing import Annotated

import typer

from podid.cli.printer import say
from podid.local.home import chosen_home


def add_to(program: typer.Typer) -> None:
    program.command("logs")(logs)


def logs(
    part: Annotated[
        str | None,
        typer.Argument(
            metavar="[PART]", help="One part, such as serve, cluster, webhook, imds, supervisor. [default: all]"
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written.")] = False,
    tail: Annotated[
        int, typer.Option("--tail", "-n", metavar="N", min=-1, help="Lines of each part to begin with; -1 for all.")
    ] = 50,
) -> int:
    """Print what podid's processes wrote, in the order of time."""
    from podid.local.logs import read_logs

    for line in read_logs(chosen_home(), part=part, follow=follow, tail=tail):
        say(line)
    return 0
